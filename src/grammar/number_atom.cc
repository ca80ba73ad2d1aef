// The automata of numbers: they read sign, digits and point from the left.
#include <algorithm>
#include <numeric>
#include <string>

#include "grammar/scalar_atom.h"

namespace millrace::grammar {
namespace {

bool IsDigit(char32_t c) { return c >= U'0' && c <= U'9'; }

enum Phase : int64_t { kIntegerPhase = 0, kFractionPhase = 1, kExponentPhase = 2 };
enum Order : int64_t { kEqual = 0, kLess = 1, kGreater = 2 };
enum Mantissa : int64_t { kNotBegun = 0, kMayHaveExponent = 1, kHasNone = 2 };
enum Sign : int64_t { kNoSign = 0, kPlus = 1, kMinus = 2 };

int64_t OrderOf(char32_t digit, char other) {
  const auto there = static_cast<char32_t>(other);
  return digit == there ? kEqual : (digit < there ? kLess : kGreater);
}

}  // namespace

// The state of a comparison: where in the number, and how its magnitude stands to the bound's.
struct ScalarAtoms::Comparison {
  bool negative = false;
  int64_t phase = kIntegerPhase;
  // Of the digits read so far against as many of the bound's; in an exponent, once it is decided.
  int64_t order = kEqual;
  int64_t count = 0;  // digits read in this phase, as far as they matter; the exponent without sign
  int64_t mantissa = kNotBegun;
  // Of the digits against the bound's where each begins with one that is not zero.
  int64_t digits_order = kEqual;
  int64_t digits_count = 0;
  int64_t sign = kNoSign;  // of the exponent

  static Comparison Unpack(int64_t state) {
    constexpr int64_t kMost = (int64_t{1} << 26) - 1;
    return {.negative = (state & 1) != 0,
            .phase = (state >> 1) & 3,
            .order = (state >> 3) & 3,
            .count = (state >> 11) & kMost,
            .mantissa = (state >> 5) & 3,
            .digits_order = (state >> 7) & 3,
            .digits_count = (state >> 37) & kMost,
            .sign = (state >> 9) & 3};
  }
  int64_t Pack() const {
    return (negative ? 1 : 0) | (phase << 1) | (order << 3) | (mantissa << 5) |
           (digits_order << 7) | (sign << 9) | (count << 11) | (digits_count << 37);
  }
  // The order of the magnitudes if the integer part ends here.
  int64_t OrderAfterInteger(size_t bound_digits) const {
    const auto length = static_cast<int64_t>(bound_digits);
    return count == length ? order : (count < length ? kLess : kGreater);
  }
  // If the exponent ends here.
  int64_t OrderAfterExponent(int64_t bound_exponent) const {
    const int64_t exponent = sign == kMinus ? -count : count;
    return order != kEqual              ? order
           : exponent == bound_exponent ? digits_order
                                        : (exponent < bound_exponent ? kLess : kGreater);
  }
  // Takes note of a digit before the exponent, for when there is one.
  void ReadDigit(char32_t c, const std::string& bound) {
    const bool begins = mantissa == kNotBegun;
    if (begins || phase == kIntegerPhase) {
      mantissa = begins && c != U'0' ? kMayHaveExponent : kHasNone;
    }
    if (mantissa == kHasNone) {
      digits_order = kEqual;
      digits_count = 0;
    } else if (digits_order == kEqual) {
      const auto at = static_cast<size_t>(digits_count);
      digits_order = OrderOf(c, at < bound.size() ? bound[at] : '0');
      digits_count = digits_order == kEqual && at < bound.size() ? digits_count + 1 : digits_count;
      digits_count = digits_order == kEqual ? digits_count : 0;
    }
  }
};

int64_t ScalarAtoms::StepForm(int32_t flags, int64_t state, char32_t c) {
  // 0 start, 1 after '-', 2 after a leading zero, 3 in the integer part, 4 after the point, 5 in
  // the fraction, 6 in a fraction of zeros only where that is not enough, 7 after 'e', 8 after its
  // sign, 9 in the exponent, 10 after "-0" where that is not enough. kCanonical: 6 also after any
  // zero of a fraction. kScientific: 11 after one digit that is not zero, 12 after its point, 13 in
  // its fraction.
  const bool scientific = (flags & kScientific) != 0;
  const bool exponent = !scientific && (flags & kNoExponent) == 0;
  const bool canonical = (flags & kCanonical) != 0;
  const bool integer = (flags & kNoZeroFraction) != 0;
  const bool zeros = (flags & (kNoZeroFraction | kCanonical)) == 0;
  if (IsDigit(c)) {
    switch (state) {
      case 0:
        return c == U'0' ? 2 : (scientific ? 11 : 3);
      case 1:
        return c == U'0' ? (canonical || integer ? 10 : 2) : (scientific ? 11 : 3);
      case 11:
        return 3;
      case 3:
      case 9:
      case 13:
        return state;
      case 12:
        return 13;
      case 5:
        return canonical && c == U'0' ? 6 : 5;
      case 4:
      case 6:
        return c != U'0' || zeros ? 5 : 6;
      case 7:
      case 8:
        return 9;
      default:
        return kDead;
    }
  }
  if (c == U'-' && state == 0) {
    return 1;
  }
  if (c == U'.' && (state == 2 || state == 3 || state == 10)) {
    return 4;
  }
  if (c == U'.' && state == 11) {
    return 12;
  }
  if ((c == U'e' || c == U'E') && ((exponent && (state == 2 || state == 3 || state == 5)) ||
                                   (scientific && (state == 11 || state == 13)))) {
    return 7;
  }
  if ((c == U'+' || c == U'-') && state == 7) {
    return 8;
  }
  return kDead;
}

std::optional<ScalarAtoms::FormRest> ScalarAtoms::RestOfForm(AtomId atom, int64_t state) const {
  const bool zeros = (argument(atom) & (kNoZeroFraction | kCanonical)) == 0;
  switch (state) {
    case 2:
      return FormRest{};
    case 3:
      return FormRest{.integer_may_grow = true};
    case 10:
      return FormRest{.needs_nonzero = true};
    case 4:
      return FormRest{.in_fraction = true, .needs_nonzero = !zeros};
    case 5:
      return FormRest{.in_fraction = true};
    case 6:
      return FormRest{.in_fraction = true, .needs_nonzero = true};
    default:
      return std::nullopt;
  }
}

int64_t ScalarAtoms::StepBound(const Bound& bound, int64_t state, char32_t c) {
  Comparison now = Comparison::Unpack(state);
  const auto order_at = static_cast<size_t>(now.count);
  if (!now.negative && bound.negative && c != U'-') {
    return Comparison{.phase = kExponentPhase, .order = kGreater}.Pack();
  }
  if (now.phase == kExponentPhase || c == U'e' || c == U'E') {
    return StepExponent(bound, now, c);
  }
  if (c == U'-') {
    now.negative = true;
    const bool is_above_all = !bound.negative && !bound.is_zero();
    return is_above_all ? kDead : now.Pack();
  }
  if (c != U'.' && !IsDigit(c)) {
    return kDead;
  }
  if (c != U'.') {
    now.ReadDigit(c, bound.digits);
  }
  if (now.phase == kFractionPhase && now.order != kEqual) {
    return now.Pack();  // decided, but for an exponent
  }
  if (c == U'.') {
    now.order = now.OrderAfterInteger(bound.integer.size());
    now.phase = kFractionPhase;
    now.count = 0;
  } else if (now.phase == kIntegerPhase) {
    if (order_at < bound.integer.size()) {
      if (now.order == kEqual) {
        now.order = OrderOf(c, bound.integer[order_at]);
      }
      ++now.count;
    } else {  // longer than the bound: greater, however it goes on
      now.order = kGreater;
      now.phase = kFractionPhase;
      now.count = 0;
    }
  } else if (order_at < bound.fraction.size()) {
    now.order = OrderOf(c, bound.fraction[order_at]);
    now.count = now.order == kEqual ? now.count + 1 : 0;
  } else if (c != U'0') {
    now.order = kGreater;
    now.count = 0;
  }
  const bool is_below = now.phase == kFractionPhase && now.mantissa == kHasNone &&
                        now.order == (now.negative ? kGreater : kLess);
  return is_below ? kDead : now.Pack();
}

// The number may be below the bound until the exponent decides it: its digits only add to it.
int64_t ScalarAtoms::StepExponent(const Bound& bound, Comparison now, char32_t c) {
  if (now.phase == kExponentPhase && now.order != kEqual) {
    return now.Pack();
  }
  if (c == U'e' || c == U'E') {
    const bool is_shorter = static_cast<size_t>(now.digits_count) < bound.digits.size();
    const bool is_less = now.digits_order == kEqual && is_shorter;
    now = {.negative = now.negative,
           .phase = kExponentPhase,
           .order = bound.is_zero() ? kGreater : kEqual,
           .mantissa = kHasNone,
           .digits_order = is_less ? kLess : now.digits_order};
  } else if (IsDigit(c)) {
    now.count = (now.count * 10) + static_cast<int64_t>(c - U'0');
    now.sign = now.sign == kNoSign ? kPlus : now.sign;
  } else {
    now.sign = c == U'-' ? kMinus : kPlus;
  }
  if (now.sign == kMinus && -now.count < bound.exponent) {
    now.order = kLess;
  } else if (now.sign == kPlus && now.count > bound.exponent) {
    now.order = kGreater;
  }
  if (now.order != kEqual) {  // decided
    now.digits_order = kEqual;
    now.count = 0;
    now.sign = kNoSign;
  }
  return now.order == (now.negative ? kGreater : kLess) ? kDead : now.Pack();
}

std::optional<bool> ScalarAtoms::HoldsAfter(AtomId atom, int64_t state, int64_t more) const {
  if (state == kDead) {
    return false;
  }
  if (kind(atom) == Kind::kNumberSet) {
    return std::nullopt;
  }
  const Bound& bound = bounds_[static_cast<size_t>(argument(atom))];
  const Comparison now = Comparison::Unpack(state);
  int64_t order = now.order;
  if (now.phase == kIntegerPhase && more != DigitsToBound(atom, state)) {
    order = more < DigitsToBound(atom, state) ? kLess : kGreater;
  }
  if (!now.negative && bound.negative) {
    return true;
  }
  return order == kEqual ? std::nullopt : std::optional((order == kLess) == now.negative);
}

int64_t ScalarAtoms::DigitsToBound(AtomId atom, int64_t state) const {
  const Comparison now = Comparison::Unpack(state);
  if (state == kDead || now.phase != kIntegerPhase) {
    return 0;
  }
  return static_cast<int64_t>(bounds_[static_cast<size_t>(argument(atom))].integer.size()) -
         now.count;
}

bool ScalarAtoms::AcceptsBound(const Bound& bound, int64_t state, bool strict) {
  const Comparison now = Comparison::Unpack(state);
  int64_t order = now.order;
  if (now.phase == kExponentPhase) {
    order = now.OrderAfterExponent(bound.exponent);
  } else if (now.phase == kIntegerPhase) {
    order = now.OrderAfterInteger(bound.integer.size());
    if (order == kEqual && !bound.fraction.empty()) {
      order = kLess;
    }
  } else if (order == kEqual && static_cast<size_t>(now.count) < bound.fraction.size()) {
    order = kLess;
  }
  if (now.negative) {
    if (!bound.negative && !bound.is_zero()) {
      return false;
    }
    return order == kLess || (order == kEqual && !strict);
  }
  return bound.negative || order == kGreater || (order == kEqual && !strict);
}

// Bit 0: in the fraction; 12 bits: places read of the fraction, up to the divisor's; above: the
// remainder of the digits read.
int64_t ScalarAtoms::StepMultiple(const Divisor& divisor, int64_t state, char32_t c) {
  const bool in_fraction = (state & 1) != 0;
  int64_t places = (state >> 1) & 0xFFF;
  int64_t rest = state >> 13;
  if (c == U'.') {
    return state | 1;
  }
  if (!IsDigit(c)) {
    return c == U'-' ? state : kDead;
  }
  const auto digit = static_cast<int64_t>(c - U'0');
  if (in_fraction && places == divisor.scale) {
    return digit == 0 ? state : kDead;
  }
  rest = ((rest * 10) + digit) % divisor.value;
  places += in_fraction ? 1 : 0;
  return (rest << 13) | (places << 1) | (in_fraction ? 1 : 0);
}

bool ScalarAtoms::AcceptsMultiple(const Divisor& divisor, int64_t state) {
  int64_t rest = state >> 13;
  for (int64_t places = (state >> 1) & 0xFFF; places < divisor.scale && rest != 0; ++places) {
    rest = rest * 10 % divisor.value;
  }
  return rest == 0;
}

ScalarAtoms::Remainder ScalarAtoms::RemainderOf(AtomId atom, int64_t state) const {
  const Divisor& divisor = divisors_[static_cast<size_t>(argument(atom))];
  const auto places = static_cast<int32_t>((state >> 1) & 0xFFF);
  return {.value = divisor.value, .rest = state >> 13, .missing = divisor.scale - places};
}

// The node of the canonical spelling, with what the fraction may still add to it: bits 32..47 the
// zeros (and the point) that are not yet known to matter, bit 48 whether a point was read, bit 49
// whether it is in the node. The zeros are counted only as far as some number of the set has them;
// beyond that nothing but zeros may follow.
int64_t ScalarAtoms::StepNumberSet(const Set& set, int64_t state, char32_t c) {
  constexpr int64_t kOnlyZeros = 0xFFFF;
  constexpr int64_t kPoint = int64_t{1} << 48;
  constexpr int64_t kPointInNode = int64_t{1} << 49;
  const int64_t node = state & 0xFFFFFFFF;
  int64_t pending = (state >> 32) & 0xFFFF;
  if ((state & kPoint) == 0 && c != U'.') {
    return StepTrie(set, node, c);
  }
  if (c != U'.' && !IsDigit(c)) {
    return kDead;
  }
  if (pending == kOnlyZeros) {
    return c == U'0' ? state : kDead;
  }
  // Where the zeros so far lead.
  const auto after = [&](int64_t zeros) {
    int64_t at = node;
    if ((state & kPointInNode) == 0) {
      at = StepTrie(set, at, U'.');
      --zeros;
    }
    for (; zeros > 0 && at != kDead; --zeros) {
      at = StepTrie(set, at, U'0');
    }
    return at;
  };
  if (c == U'.' || c == U'0') {
    ++pending;
    if (after(pending) == kDead) {
      if (!set.trie[static_cast<size_t>(node)].accepts) {
        return kDead;
      }
      pending = kOnlyZeros;
    }
    return node | (pending << 32) | kPoint | (state & kPointInNode);
  }
  int64_t next = after(pending);
  next = next == kDead ? kDead : StepTrie(set, next, c);
  return next == kDead ? kDead : next | kPoint | kPointInNode;
}

}  // namespace millrace::grammar
