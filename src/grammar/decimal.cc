#include "grammar/decimal.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

#include "base/check.h"

namespace millrace::grammar {
namespace {

constexpr int64_t kDigitsMax = 10'000;

int CompareMagnitude(const Decimal& a, const Decimal& b) {
  if (a.is_zero() || b.is_zero()) {
    return static_cast<int>(b.is_zero()) - static_cast<int>(a.is_zero());
  }
  const int64_t a_length = static_cast<int64_t>(a.digits.size()) + a.exponent;
  const int64_t b_length = static_cast<int64_t>(b.digits.size()) + b.exponent;
  if (a_length != b_length) {
    return a_length < b_length ? -1 : 1;
  }
  return a.digits.compare(b.digits);  // trailing zeros are cut, so a prefix is the smaller one
}

// The remainder of the number `digits` followed by `zeros` zeros, by the number `divisor`, both in
// decimal; long division on digit strings, because divisors have no bound either.
bool DividesDigits(const std::string& digits, const std::string& divisor) {
  std::string rest;
  for (const char digit : digits) {
    if (!rest.empty() || digit != '0') {
      rest += digit;
    }
    while (rest.size() > divisor.size() || (rest.size() == divisor.size() && rest >= divisor)) {
      int borrow = 0;
      for (size_t i = 0; i < rest.size(); ++i) {
        const size_t at = rest.size() - 1 - i;
        int value = rest[at] - '0' - borrow;
        if (i < divisor.size()) {
          value -= divisor[divisor.size() - 1 - i] - '0';
        }
        borrow = value < 0 ? 1 : 0;
        rest[at] = static_cast<char>('0' + value + (10 * borrow));
      }
      rest.erase(0, std::min(rest.find_first_not_of('0'), rest.size()));
    }
  }
  return rest.empty();
}

}  // namespace

std::optional<Decimal> Decimal::Parse(std::string_view text) {
  Decimal result;
  if (text.starts_with('-')) {
    result.negative = true;
    text.remove_prefix(1);
  }
  int64_t exponent = 0;
  if (const size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view digits = text.substr(e + 1);
    if (digits.starts_with('+')) {
      digits.remove_prefix(1);
    }
    int32_t value = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) {
      return std::nullopt;
    }
    exponent = value;
    text = text.substr(0, e);
  }
  const size_t point = text.find('.');
  result.digits = text.substr(0, point);
  if (point != std::string_view::npos) {
    result.digits += text.substr(point + 1);
    exponent -= static_cast<int64_t>(text.size() - point - 1);
  }
  while (result.digits.ends_with('0')) {
    result.digits.pop_back();
    ++exponent;
  }
  result.digits.erase(0, std::min(result.digits.find_first_not_of('0'), result.digits.size()));
  if (result.digits.empty()) {
    return Decimal{};
  }
  if (exponent > kDigitsMax || exponent < -kDigitsMax ||
      result.digits.size() > static_cast<size_t>(kDigitsMax)) {
    return std::nullopt;
  }
  result.exponent = static_cast<int32_t>(exponent);
  return result;
}

Decimal Decimal::FromInteger(int64_t value) {
  const std::optional<Decimal> result = Parse(std::to_string(value));
  MILLRACE_CHECK(result.has_value());
  return *result;
}

std::string Decimal::IntegerPart() const {
  if (exponent >= 0) {
    return is_zero() ? "0" : digits + std::string(static_cast<size_t>(exponent), '0');
  }
  const auto fraction = static_cast<size_t>(-exponent);
  return digits.size() > fraction ? digits.substr(0, digits.size() - fraction) : "0";
}

std::string Decimal::FractionPart() const {
  if (exponent >= 0) {
    return "";
  }
  const auto fraction = static_cast<size_t>(-exponent);
  if (digits.size() >= fraction) {
    return digits.substr(digits.size() - fraction);
  }
  return std::string(fraction - digits.size(), '0') + digits;
}

std::string Decimal::ToString() const {
  std::string text = (negative ? "-" : "") + IntegerPart();
  if (const std::string fraction = FractionPart(); !fraction.empty()) {
    text += "." + fraction;
  }
  return text;
}

int Decimal::Compare(const Decimal& other) const {
  if (negative != other.negative) {
    return negative ? -1 : 1;
  }
  const int magnitude = CompareMagnitude(*this, other);
  return negative ? -magnitude : magnitude;
}

bool IsMultipleOf(const Decimal& value, const Decimal& divisor) {
  if (value.is_zero()) {
    return true;
  }
  std::string digits = value.digits;
  std::string by = divisor.digits;
  const int64_t shift = static_cast<int64_t>(value.exponent) - divisor.exponent;
  (shift >= 0 ? digits : by).append(static_cast<size_t>(shift >= 0 ? shift : -shift), '0');
  return DividesDigits(digits, by);
}

}  // namespace millrace::grammar
