#include <fmt/format.h>

#include <cmath>

#include "chat_template/methods.h"
#include "chat_template/operators.h"
#include "chat_template/stringify.h"

namespace millrace::chat_template {

namespace {

std::string_view Symbol(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::kAdd:
      return "+";
    case BinaryOperator::kSubtract:
      return "-";
    case BinaryOperator::kMultiply:
      return "*";
    case BinaryOperator::kDivide:
      return "/";
    case BinaryOperator::kFloorDivide:
      return "//";
    case BinaryOperator::kModulo:
      return "%";
    case BinaryOperator::kPower:
      return "**";
  }
  std::unreachable();
}

base::Error Unsupported(BinaryOperator op, const Value& left, const Value& right) {
  if (left.is_undefined()) {
    return base::InvalidArgument(left.missing_message());
  }
  if (right.is_undefined()) {
    return base::InvalidArgument(right.missing_message());
  }
  return base::InvalidArgument(fmt::format("unsupported operand type(s) for {}: '{}' and '{}'",
                                           Symbol(op), left.TypeName(), right.TypeName()));
}

base::Error Overflow() { return base::InvalidArgument("the integer leaves 64 bits"); }
base::Error ZeroDivision() { return base::InvalidArgument("division by zero"); }

base::Result<Value> IntegerPower(int64_t base_value, int64_t exponent) {
  if (exponent < 0) {
    if (base_value == 0) {
      return ZeroDivision();
    }
    return Value::Float(std::pow(static_cast<double>(base_value), static_cast<double>(exponent)));
  }
  int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base_value, &result)) {
      return Overflow();
    }
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base_value, base_value, &base_value)) {
      return Overflow();
    }
  }
  return Value::Int(result);
}

int64_t FloorDivide(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? quotient - 1 : quotient;
}

base::Result<Value> ApplyToInts(BinaryOperator op, int64_t a, int64_t b) {
  int64_t result = 0;
  switch (op) {
    case BinaryOperator::kAdd:
      return __builtin_add_overflow(a, b, &result) ? base::Result<Value>(Overflow())
                                                   : Value::Int(result);
    case BinaryOperator::kSubtract:
      return __builtin_sub_overflow(a, b, &result) ? base::Result<Value>(Overflow())
                                                   : Value::Int(result);
    case BinaryOperator::kMultiply:
      return __builtin_mul_overflow(a, b, &result) ? base::Result<Value>(Overflow())
                                                   : Value::Int(result);
    case BinaryOperator::kDivide:
      return b == 0 ? base::Result<Value>(ZeroDivision())
                    : Value::Float(static_cast<double>(a) / static_cast<double>(b));
    case BinaryOperator::kFloorDivide:
    case BinaryOperator::kModulo:
      if (b == 0) {
        return ZeroDivision();
      }
      if (b == -1) {  // the one quotient that overflows is INT64_MIN / -1
        return op == BinaryOperator::kModulo ? Value::Int(0)
                                             : ApplyToInts(BinaryOperator::kSubtract, 0, a);
      }
      return Value::Int(op == BinaryOperator::kFloorDivide ? FloorDivide(a, b)
                                                           : a - FloorDivide(a, b) * b);
    case BinaryOperator::kPower:
      return IntegerPower(a, b);
  }
  std::unreachable();
}

base::Result<Value> ApplyToFloats(BinaryOperator op, double a, double b) {
  switch (op) {
    case BinaryOperator::kAdd:
      return Value::Float(a + b);
    case BinaryOperator::kSubtract:
      return Value::Float(a - b);
    case BinaryOperator::kMultiply:
      return Value::Float(a * b);
    case BinaryOperator::kDivide:
      return b == 0 ? base::Result<Value>(ZeroDivision()) : Value::Float(a / b);
    case BinaryOperator::kFloorDivide:
      return b == 0 ? base::Result<Value>(ZeroDivision()) : Value::Float(std::floor(a / b));
    case BinaryOperator::kModulo: {
      if (b == 0) {
        return ZeroDivision();
      }
      double rest = std::fmod(a, b);
      return Value::Float(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
    }
    case BinaryOperator::kPower: {
      double power = std::pow(a, b);
      if ((std::isnan(power) || std::isinf(power)) && std::isfinite(a) && std::isfinite(b)) {
        return base::InvalidArgument("the power has no finite real value");
      }
      return Value::Float(power);
    }
  }
  std::unreachable();
}

base::Result<Value> Repeat(Runtime& runtime, const Value& value, int64_t times) {
  auto count = static_cast<size_t>(std::max<int64_t>(times, 0));
  if (value.is_string()) {
    size_t size = value.text().size();
    size_t total = 0;
    if (__builtin_mul_overflow(size, count, &total)) {
      total = SIZE_MAX;
    }
    TRY(runtime.budget().ChargeText(total));
    Text text;
    for (size_t i = 0; i < (size == 0 ? 0 : count); ++i) {
      text.Append(value.text());
    }
    return Value::FromText(std::move(text), value.is_markup());
  }
  std::vector<Value> items;
  for (size_t i = 0; i < (value.items().empty() ? 0 : count); ++i) {
    TRY(runtime.budget().ChargeItems(value.items().size()));
    items.insert(items.end(), value.items().begin(), value.items().end());
  }
  return Value::List(std::move(items), value.sequence()->kind);
}

base::Result<Value> Join(Runtime& runtime, const Value& left, const Value& right) {
  if (left.is_string()) {
    bool markup = left.is_markup() || right.is_markup();
    Text text = markup && !left.is_markup() ? EscapedHtml(left.text()) : left.text();
    TRY(runtime.budget().ChargeText(text.size() + right.text().size()));
    text.Append(markup && !right.is_markup() ? EscapedHtml(right.text()) : right.text());
    return Value::FromText(std::move(text), markup);
  }
  TRY(runtime.budget().ChargeItems(left.items().size() + right.items().size()));
  std::vector<Value> items = left.items();
  items.insert(items.end(), right.items().begin(), right.items().end());
  return Value::List(std::move(items), left.is_list() ? SequenceKind::kList : SequenceKind::kTuple);
}

bool Joinable(const Value& left, const Value& right) {
  return (left.is_string() && right.is_string()) || (left.is_list() && right.is_list()) ||
         (left.is_tuple() && right.is_tuple());
}

bool Repeatable(const Value& value) {
  return value.is_string() || value.is_list() || value.is_tuple();
}

}  // namespace

base::Result<Value> Apply(Runtime& runtime, BinaryOperator op, const Value& left,
                          const Value& right) {
  if (left.is_integral() && right.is_integral()) {
    return ApplyToInts(op, left.AsInt(), right.AsInt());
  }
  if (left.is_number() && right.is_number()) {
    return ApplyToFloats(op, left.AsDouble(), right.AsDouble());
  }
  if (op == BinaryOperator::kAdd && Joinable(left, right)) {
    return Join(runtime, left, right);
  }
  if (op == BinaryOperator::kMultiply && Repeatable(left) && right.is_integral()) {
    return Repeat(runtime, left, right.AsInt());
  }
  if (op == BinaryOperator::kMultiply && left.is_integral() && Repeatable(right)) {
    return Repeat(runtime, right, left.AsInt());
  }
  if (op == BinaryOperator::kModulo && left.is_string()) {
    return FormatPercent(runtime, left, right);
  }
  return Unsupported(op, left, right);
}

base::Result<Value> Negate(const Value& value) {
  if (value.is_integral()) {
    return ApplyToInts(BinaryOperator::kSubtract, 0, value.AsInt());
  }
  if (value.is_number()) {
    return Value::Float(-value.AsDouble());
  }
  if (value.is_undefined()) {
    return base::InvalidArgument(value.missing_message());
  }
  return base::InvalidArgument(fmt::format("bad operand type for unary -: '{}'", value.TypeName()));
}

}  // namespace millrace::chat_template
