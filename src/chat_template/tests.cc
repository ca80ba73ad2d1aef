// The tests of the language: what may stand after `is`.
#include <fmt/format.h>

#include <algorithm>

#include "chat_template/arguments.h"
#include "chat_template/builtins.h"
#include "chat_template/methods.h"
#include "chat_template/operators.h"
#include "chat_template/stringify.h"

namespace millrace::chat_template {

namespace {

using base::Result;

// Tests of one value only.
template <bool (*kTest)(const Value&)>
Result<bool> Simple(Runtime&, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("test", arguments, {}));
  return kTest(input);
}

bool IsDefined(const Value& value) { return !value.is_undefined(); }
bool IsUndefined(const Value& value) { return value.is_undefined(); }
bool IsNone(const Value& value) { return value.is_none(); }
bool IsBoolean(const Value& value) { return value.is_bool(); }
bool IsTrue(const Value& value) { return value.is_bool() && value.bool_value(); }
bool IsFalse(const Value& value) { return value.is_bool() && !value.bool_value(); }
bool IsInteger(const Value& value) { return value.is_int() || value.is_unsigned(); }
bool IsFloat(const Value& value) { return value.is_float(); }
bool IsNumber(const Value& value) { return value.is_number(); }
bool IsString(const Value& value) { return value.is_string(); }
bool IsMapping(const Value& value) { return value.is_dict(); }
bool IsEscaped(const Value& value) { return value.is_markup(); }

// What has a length and can be indexed; an undefined value pretends to.
bool IsSequence(const Value& value) {
  return value.is_string() || value.is_dict() || value.is_undefined() || value.is_list() ||
         value.is_tuple() ||
         (value.is_sequence() && value.sequence()->kind == SequenceKind::kRange);
}

bool IsIterableValue(const Value& value) {
  return IsIterable(value) || value.is_object_kind(ObjectKind::kLoop);
}

bool IsCallable(const Value& value) {
  return value.is_undefined() || value.is_object_kind(ObjectKind::kMacro) ||
         value.is_object_kind(ObjectKind::kFunction) || value.is_object_kind(ObjectKind::kLoop) ||
         value.is_object_kind(ObjectKind::kBoundMethod);
}

template <bool kUpperCase>
Result<bool> IsCase(Runtime& runtime, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("test", arguments, {}));
  Text text = TRY(ToText(runtime, input));
  Value result = TRY(CallMethod(runtime, Value::FromText(std::move(text)),
                                kUpperCase ? "isupper" : "islower", {}));
  return result.bool_value();
}

Result<bool> IsDivisible(Runtime& runtime, const Value& input, const Value& divisor) {
  Value rest = TRY(Apply(runtime, BinaryOperator::kModulo, input, divisor));
  return rest.is_number() && rest.AsDouble() == 0;
}

template <bool kOdd>
Result<bool> HasParity(Runtime& runtime, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("test", arguments, {}));
  bool even = TRY(IsDivisible(runtime, input, Value::Int(2)));
  return even != kOdd;
}

Result<bool> DivisibleBy(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("divisibleby", arguments, {"num"}, 1));
  return IsDivisible(runtime, input, *bound[0]);
}

Result<bool> SameAs(Runtime&, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("sameas", arguments, {"other"}, 1));
  return input.Same(*bound[0]);
}

Result<bool> In(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("in", arguments, {"seq"}, 1));
  return Contains(runtime, *bound[0], input);
}

template <bool kEqual>
Result<bool> Equality(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("eq", arguments, {"other"}, 1));
  bool equal = TRY(Equals(runtime, input, *bound[0]));
  return equal == kEqual;
}

template <bool (*kHolds)(std::partial_ordering)>
Result<bool> Ordered(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("compare", arguments, {"other"}, 1));
  std::partial_ordering order = TRY(Compare(runtime, input, *bound[0]));
  return kHolds(order);
}

bool Less(std::partial_ordering order) { return std::is_lt(order); }
bool LessOrEqual(std::partial_ordering order) { return std::is_lteq(order); }
bool Greater(std::partial_ordering order) { return std::is_gt(order); }
bool GreaterOrEqual(std::partial_ordering order) { return std::is_gteq(order); }

// Names are looked up in a table, which takes no value that can change.
base::Status CheckName(const Value& input) {
  if (input.is_list() || input.is_dict()) {
    return base::InvalidArgument("lists and mappings name nothing");
  }
  return {};
}

Result<bool> NamesFilter(Runtime&, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("filter", arguments, {}));
  TRY(CheckName(input));
  return input.is_string() && FindFilter(input.bytes()) != nullptr;
}

Result<bool> NamesTest(Runtime&, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("test", arguments, {}));
  TRY(CheckName(input));
  return input.is_string() && FindTest(input.bytes()) != nullptr;
}

constexpr std::pair<std::string_view, Test> kTests[] = {
    {"!=", Equality<false>},
    {"<", Ordered<Less>},
    {"<=", Ordered<LessOrEqual>},
    {"==", Equality<true>},
    {">", Ordered<Greater>},
    {">=", Ordered<GreaterOrEqual>},
    {"boolean", Simple<IsBoolean>},
    {"callable", Simple<IsCallable>},
    {"defined", Simple<IsDefined>},
    {"divisibleby", DivisibleBy},
    {"eq", Equality<true>},
    {"equalto", Equality<true>},
    {"escaped", Simple<IsEscaped>},
    {"even", HasParity<false>},
    {"false", Simple<IsFalse>},
    {"filter", NamesFilter},
    {"float", Simple<IsFloat>},
    {"ge", Ordered<GreaterOrEqual>},
    {"greaterthan", Ordered<Greater>},
    {"gt", Ordered<Greater>},
    {"in", In},
    {"integer", Simple<IsInteger>},
    {"iterable", Simple<IsIterableValue>},
    {"le", Ordered<LessOrEqual>},
    {"lessthan", Ordered<Less>},
    {"lower", IsCase<false>},
    {"lt", Ordered<Less>},
    {"mapping", Simple<IsMapping>},
    {"ne", Equality<false>},
    {"none", Simple<IsNone>},
    {"number", Simple<IsNumber>},
    {"odd", HasParity<true>},
    {"sameas", SameAs},
    {"sequence", Simple<IsSequence>},
    {"string", Simple<IsString>},
    {"test", NamesTest},
    {"true", Simple<IsTrue>},
    {"undefined", Simple<IsUndefined>},
    {"upper", IsCase<true>},
};

}  // namespace

Test FindTest(std::string_view name) {
  auto found = std::lower_bound(
      std::begin(kTests), std::end(kTests), name,
      [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
  return found != std::end(kTests) && found->first == name ? found->second : nullptr;
}

}  // namespace millrace::chat_template
