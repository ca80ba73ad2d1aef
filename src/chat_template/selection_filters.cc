// Filters that pick, replace or transform values: default, attr, map, select and their kin.
#include <fmt/format.h>

#include <algorithm>

#include "chat_template/arguments.h"
#include "chat_template/builtins.h"
#include "chat_template/operators.h"
#include "chat_template/unicode.h"

namespace millrace::chat_template {

using base::Result;

namespace {

Result<Value> Default(Runtime&, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("default", arguments, {"default_value", "boolean"}));
  if (input.is_undefined() || (bound.TruthOr(1, false) && !input.Truth())) {
    return bound.Or(0, Value::Literal(""));
  }
  return input;
}

Result<Value> Attribute(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("attr", arguments, {"name"}, 1));
  Text name = TRY(bound.TextOr(0, {}));
  if (input.is_dict()) {  // attributes only, never entries
    return MissingAttribute(input, "…");
  }
  return GetAttribute(runtime, input, name.bytes());
}

Arguments From(const Arguments& arguments, size_t first) {
  Arguments rest;
  rest.named = arguments.named;
  for (size_t i = first; i < arguments.positional.size(); ++i) {
    rest.positional.push_back(arguments.positional[i]);
  }
  return rest;
}

Result<Value> MapAttribute(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("map", arguments, {"attribute", "default"}, 1));
  std::shared_ptr<const Sequence> items = TRY(Iterate(runtime, input));
  std::vector<Value> mapped;
  for (const Value& item : items->items) {
    Value value = TRY(LookUpPath(runtime, item, *bound[0]));
    if (value.is_undefined() && bound.Has(1)) {
      value = *bound[1];
    }
    mapped.push_back(std::move(value));
  }
  return MakeGenerator(runtime, std::move(mapped));
}

Result<Value> Map(Runtime& runtime, const Value& input, const Arguments& arguments) {
  if (!input.Truth()) {  // also what cannot be walked, such as none
    return MakeGenerator(runtime, {});
  }
  if (arguments.positional.empty()) {
    return MapAttribute(runtime, input, arguments);
  }
  const Value& name = arguments.positional[0];
  Filter filter = name.is_string() ? FindFilter(name.bytes()) : nullptr;
  if (filter == nullptr) {
    return base::InvalidArgument("map() needs the name of a filter");
  }
  Arguments rest = From(arguments, 1);
  std::shared_ptr<const Sequence> items = TRY(Iterate(runtime, input));
  std::vector<Value> mapped;
  for (const Value& item : items->items) {
    mapped.push_back(TRY(RunFilter(runtime, filter, item, rest)));
  }
  return MakeGenerator(runtime, std::move(mapped));
}

enum class Keep : bool { kFailing, kPassing };

template <Keep kKeep, bool kByAttribute>
Result<Value> Select(Runtime& runtime, const Value& input, const Arguments& arguments) {
  if (!input.Truth()) {  // also what cannot be walked, such as none
    return MakeGenerator(runtime, {});
  }
  size_t test_at = kByAttribute ? 1 : 0;
  if (arguments.positional.size() < test_at) {
    return base::InvalidArgument("Missing parameter for attribute name");
  }
  Test test = nullptr;
  if (arguments.positional.size() > test_at) {
    const Value& name = arguments.positional[test_at];
    test = name.is_string() ? FindTest(name.bytes()) : nullptr;
    if (test == nullptr) {
      return base::InvalidArgument("select() needs the name of a test");
    }
  }
  Arguments rest = From(arguments, test_at + 1);
  std::shared_ptr<const Sequence> items = TRY(Iterate(runtime, input));
  std::vector<Value> kept;
  for (const Value& item : items->items) {
    Value subject = item;
    if (kByAttribute) {
      subject = TRY(LookUpPath(runtime, item, arguments.positional[0]));
    }
    bool passes = test == nullptr ? subject.Truth() : TRY(RunTest(runtime, test, subject, rest));
    if (passes == (kKeep == Keep::kPassing)) {
      kept.push_back(item);
    }
  }
  return MakeGenerator(runtime, std::move(kept));
}

}  // namespace

Result<Value> RunFilter(Runtime& runtime, Filter filter, const Value& input,
                        const Arguments& arguments) {
  TRY(runtime.budget().ChargeReading(input));
  TRY(runtime.budget().ChargeReading(arguments));
  return filter(runtime, input, arguments);
}

Result<bool> RunTest(Runtime& runtime, Test test, const Value& input, const Arguments& arguments) {
  TRY(runtime.budget().ChargeReading(input));
  TRY(runtime.budget().ChargeReading(arguments));
  return test(runtime, input, arguments);
}

Result<Value> LookUpPath(Runtime& runtime, const Value& value, const Value& path) {
  if (!path.is_string()) {
    return path.is_none() ? value : GetItem(runtime, value, path);
  }
  Value found = value;
  std::string_view rest = path.bytes();
  while (true) {
    TRY(runtime.budget().Charge(4));
    size_t dot = std::min(rest.find('.'), rest.size());
    std::string_view part = rest.substr(0, dot);
    bool index = !part.empty() && part.size() < 18 &&
                 std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    Value key =
        index ? Value::Int(std::stoll(std::string(part))) : Value::Literal(std::string(part));
    found = TRY(GetItem(runtime, found, key));
    if (dot == rest.size()) {
      return found;
    }
    rest.remove_prefix(dot + 1);
  }
}

Filter FindSelectionFilter(std::string_view name) {
  constexpr std::pair<std::string_view, Filter> kFilters[] = {
      {"attr", Attribute},
      {"d", Default},
      {"default", Default},
      {"map", Map},
      {"reject", Select<Keep::kFailing, false>},
      {"rejectattr", Select<Keep::kFailing, true>},
      {"select", Select<Keep::kPassing, false>},
      {"selectattr", Select<Keep::kPassing, true>},
  };
  for (const auto& [filter_name, filter] : kFilters) {
    if (filter_name == name) {
      return filter;
    }
  }
  return nullptr;
}

Filter FindFilter(std::string_view name) {
  for (Filter (*find)(std::string_view) :
       {FindTextFilter, FindSequenceFilter, FindSelectionFilter}) {
    if (Filter filter = find(name)) {
      return filter;
    }
  }
  return nullptr;
}

}  // namespace millrace::chat_template
