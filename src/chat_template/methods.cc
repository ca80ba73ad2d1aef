#include "chat_template/methods.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "chat_template/arguments.h"
#include "chat_template/operators.h"

namespace millrace::chat_template {

namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kDictMethods = {"get"sv, "items"sv, "keys"sv, "values"sv, "copy"sv};
constexpr std::array kDictMutators = {"clear"sv, "pop"sv, "popitem"sv, "setdefault"sv, "update"sv};
constexpr std::array kListMethods = {"index"sv, "count"sv, "copy"sv};
constexpr std::array kListMutators = {"append"sv, "clear"sv,  "extend"sv,  "insert"sv,
                                      "pop"sv,    "remove"sv, "reverse"sv, "sort"sv};
constexpr std::array kTupleMethods = {"index"sv, "count"sv};

template <typename Names>
bool Has(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Value ViewOf(const Dict& dict, SequenceKind kind) {
  std::vector<Value> items;
  items.reserve(dict.size());
  for (const auto& [key, value] : dict.entries()) {
    if (kind == SequenceKind::kItemsView) {
      items.push_back(Value::Tuple({key, value}));
    } else {
      items.push_back(kind == SequenceKind::kKeysView ? key : value);
    }
  }
  return Value::List(std::move(items), kind);
}

base::Result<Value> CallDictMethod(Runtime& runtime, const Value& receiver, std::string_view name,
                                   const Arguments& arguments) {
  const Dict& dict = receiver.dict();
  if (name == "get") {
    auto bound = TRY(BoundArguments::Bind(name, arguments, {"key", "default"}, 1));
    if (!bound[0]->Hashable()) {
      return base::InvalidArgument(fmt::format("unhashable type: '{}'", bound[0]->TypeName()));
    }
    TRY(ChargeLookup(runtime, dict, *bound[0]));
    const Value* value = dict.Find(*bound[0]);
    return value != nullptr ? *value : bound.Or(1, Value::NoneValue());
  }
  TRY(BoundArguments::Bind(name, arguments, {}));
  TRY(runtime.budget().ChargeItems(dict.size() * 2));
  if (name == "copy") {
    return receiver;
  }
  return ViewOf(dict, name == "items"  ? SequenceKind::kItemsView
                      : name == "keys" ? SequenceKind::kKeysView
                                       : SequenceKind::kValuesView);
}

base::Result<Value> CallListMethod(Runtime& runtime, const Value& receiver, std::string_view name,
                                   const Arguments& arguments) {
  if (name == "copy") {
    TRY(BoundArguments::Bind(name, arguments, {}));
    return receiver;
  }
  auto bound = TRY(BoundArguments::Bind(name, arguments, {"value"}, 1));
  int64_t count = 0;
  for (size_t i = 0; i < receiver.items().size(); ++i) {
    if (TRY(Equals(runtime, receiver.items()[i], *bound[0]))) {
      if (name == "index") {
        return Value::Int(static_cast<int64_t>(i));
      }
      ++count;
    }
  }
  if (name == "index") {
    return base::InvalidArgument("the value is not in the list");
  }
  return Value::Int(count);
}

}  // namespace

MethodAccess FindMethod(const Value& receiver, std::string_view name) {
  auto choose = [name](const auto& methods, const auto& mutators) {
    return Has(methods, name)    ? MethodAccess::kCallable
           : Has(mutators, name) ? MethodAccess::kUnsafe
                                 : MethodAccess::kNone;
  };
  if (receiver.is_dict()) {
    return choose(kDictMethods, kDictMutators);
  }
  if (receiver.is_string()) {
    return FindStringMethod(name) != nullptr ? MethodAccess::kCallable : MethodAccess::kNone;
  }
  if (receiver.is_list()) {
    return choose(kListMethods, kListMutators);
  }
  if (receiver.is_tuple()) {
    return choose(kTupleMethods, std::array<std::string_view, 0>{});
  }
  return MethodAccess::kNone;
}

base::Result<Value> CallMethod(Runtime& runtime, const Value& receiver, std::string_view name,
                               const Arguments& arguments) {
  TRY(runtime.budget().ChargeReading(receiver));
  TRY(runtime.budget().ChargeReading(arguments));
  if (receiver.is_string()) {
    return FindStringMethod(name)(runtime, receiver, arguments);
  }
  return receiver.is_dict() ? CallDictMethod(runtime, receiver, name, arguments)
                            : CallListMethod(runtime, receiver, name, arguments);
}

}  // namespace millrace::chat_template
