#include "chat_template/arguments.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::chat_template {

base::Result<BoundArguments> BoundArguments::Bind(
    std::string_view function, const Arguments& arguments,
    std::initializer_list<std::string_view> parameters, size_t required) {
  BoundArguments bound;
  bound.function_ = function;
  bound.values_.resize(parameters.size(), nullptr);
  if (arguments.positional.size() > parameters.size()) {
    return base::InvalidArgument(fmt::format("{}() takes at most {} arguments, {} given", function,
                                             parameters.size(), arguments.positional.size()));
  }
  for (size_t i = 0; i < arguments.positional.size(); ++i) {
    bound.values_[i] = &arguments.positional[i];
  }
  for (const auto& [name, value] : arguments.named) {
    auto found = std::find(parameters.begin(), parameters.end(), name);
    if (found == parameters.end()) {
      return base::InvalidArgument(
          fmt::format("{}() got an unexpected keyword argument '{}'", function, name));
    }
    const Value*& slot = bound.values_[static_cast<size_t>(found - parameters.begin())];
    if (slot != nullptr) {
      return base::InvalidArgument(
          fmt::format("{}() got multiple values for argument '{}'", function, name));
    }
    slot = &value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (bound.values_[i] == nullptr) {
      return base::InvalidArgument(
          fmt::format("{}() misses the argument '{}'", function, *(parameters.begin() + i)));
    }
  }
  return bound;
}

base::Result<int64_t> BoundArguments::IntOr(size_t index, int64_t otherwise) const {
  const Value* value = values_[index];
  if (value == nullptr) {
    return otherwise;
  }
  if (!value->is_integral()) {
    return base::InvalidArgument(
        value->is_undefined()
            ? value->missing_message()
            : fmt::format("{}() needs an integer, not '{}'", function_, value->TypeName()));
  }
  return value->AsInt();
}

base::Result<Text> BoundArguments::TextOr(size_t index, Text otherwise) const {
  const Value* value = values_[index];
  if (value == nullptr) {
    return otherwise;
  }
  if (!value->is_string()) {
    return base::InvalidArgument(
        value->is_undefined()
            ? value->missing_message()
            : fmt::format("{}() needs a string, not '{}'", function_, value->TypeName()));
  }
  return value->text();
}

}  // namespace millrace::chat_template
