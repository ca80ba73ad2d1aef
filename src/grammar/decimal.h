// Decimal numbers of any length, exactly: what JSON writes, without the losses of binary floating
// point.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::grammar {

// (-1)^negative * digits * 10^exponent. Canonical: no leading or trailing zeros in `digits`; zero
// has no digits, exponent 0 and no sign. So equal numbers are equal structures.
struct Decimal {
  bool negative = false;
  std::string digits;
  int32_t exponent = 0;

  // `text` follows JSON's number grammar. nullopt when the exponent or the length is out of reach
  // (more than 10,000 digits written out).
  static std::optional<Decimal> Parse(std::string_view text);
  static Decimal FromInteger(int64_t value);

  bool is_zero() const { return digits.empty(); }
  bool is_integer() const { return exponent >= 0; }

  // Digits before and after the point when written out without an exponent; "0" and "" for zero.
  std::string IntegerPart() const;
  std::string FractionPart() const;
  // The one spelling without exponent and superfluous zeros.
  std::string ToString() const;

  // Negative, zero or positive, as *this is below, equal to or above `other`.
  int Compare(const Decimal& other) const;
  bool operator==(const Decimal& other) const = default;
};

// Whether value / divisor is an integer. `divisor` is positive.
bool IsMultipleOf(const Decimal& value, const Decimal& divisor);

}  // namespace millrace::grammar
