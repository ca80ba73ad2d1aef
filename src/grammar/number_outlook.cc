#include "grammar/number_outlook.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

namespace millrace::grammar {
namespace {

using Answer = NumberOutlook::Answer;
using Remainder = ScalarAtoms::Remainder;
__extension__ using Wide = __int128;

constexpr int64_t kDigitsMax = 36;  // that a Wide holds, with room for a sum
constexpr int64_t kDivisorDigits = ScalarAtoms::kDivisorDigits;
constexpr int64_t kEndless = std::numeric_limits<int64_t>::max();

constexpr Wide PowerOfTen(int64_t digits) {
  Wide power = 1;
  for (; digits > 0; --digits) {
    power *= 10;
  }
  return power;
}

constexpr Wide kWideMax = PowerOfTen(kDigitsMax);

// a * 10^digits modulo `modulus`.
int64_t Shifted(int64_t a, int64_t digits, int64_t modulus) {
  Wide result = a % modulus;
  Wide base = 10 % modulus;
  for (; digits > 0; digits >>= 1) {
    result = (digits & 1) != 0 ? result * base % modulus : result;
    base = base * base % modulus;
  }
  return static_cast<int64_t>(result);
}

// The least number whose product with 10^digits is a multiple of `value`.
int64_t WithoutTens(int64_t value, int64_t digits) {
  for (; digits > 0; --digits) {
    const int64_t common = std::gcd(value, int64_t{10});
    if (common == 1) {
      break;
    }
    value /= common;
  }
  return value;
}

// What is known when one of two may be had.
Answer Either(Answer a, Answer b) {
  for (const Answer answer : {Answer::kYes, Answer::kOpen, Answer::kTooLarge}) {
    if (a == answer || b == answer) {
      return answer;
    }
  }
  return Answer::kNo;
}

// Whether what was read is one, when zeros follow.
bool IsMultiple(const Remainder& divisor) {
  return divisor.rest % WithoutTens(divisor.value, divisor.missing) == 0;
}

// a with a * value = 1 modulo `modulus`, which have no common divisor.
int64_t Inverse(int64_t value, int64_t modulus) {
  int64_t a = 0;
  int64_t b = 1;
  for (int64_t high = modulus, low = value % modulus; low != 0;) {
    const int64_t times = high / low;
    high = std::exchange(low, high - (times * low));
    a = std::exchange(b, a - (times * b));
  }
  return ((a % modulus) + modulus) % modulus;
}

// The numbers `rest` + i * `modulus`.
struct Residue {
  Wide rest = 0;
  Wide modulus = 1;
};

// Those that are also `rest` modulo `modulus`: there are some. False when the common modulus is too
// large.
bool Meet(Residue& numbers, int64_t rest, int64_t modulus) {
  const int64_t common = std::gcd(static_cast<int64_t>(numbers.modulus % modulus), modulus);
  const int64_t factor = modulus / common;
  if (numbers.modulus > kWideMax / factor) {
    return false;
  }
  const auto here = static_cast<int64_t>(numbers.rest % modulus);
  const int64_t apart = ((rest - here) % modulus + modulus) % modulus;
  const auto step = static_cast<int64_t>(numbers.modulus / common % factor);
  const Wide times = Wide{apart / common} * Inverse(step, factor) % factor;
  numbers.rest += numbers.modulus * times;
  numbers.modulus *= factor;
  return true;
}

// Digits D to be appended: those of one residue, and not those that make a multiple.
struct Digits {
  struct Multiple {  // where base + D is one of the modulus
    Wide base = 0;
    Wide modulus = 1;
    bool is_large = false;  // the modulus does not fit

    bool IsMade(Wide digits) const { return (base + digits) % modulus == 0; }
  };
  int64_t count = 0;  // of the digits
  bool nonzero = false;
  Residue wanted = {};
  std::vector<Multiple> wanted_too = {};
  std::vector<Multiple> avoided = {};

  // Whether there are some, when not all of the residue make a multiple that is to be avoided.
  Answer Exist() const {
    constexpr size_t kProvenMax = 16;                        // of those avoided
    constexpr int32_t kTriesMax = int32_t{1} << kProvenMax;  // more would find one long before
    const bool is_cut = count > kDigitsMax;
    const Wide end = PowerOfTen(std::min(count, kDigitsMax));
    const Wide first = nonzero && wanted.rest == 0 ? wanted.modulus : wanted.rest;
    if (first < end && wanted_too.empty() && avoided.size() <= kProvenMax &&
        (end - 1 - first) / wanted.modulus + 1 >= Wide{1} << avoided.size()) {
      return Answer::kYes;
    }
    int32_t tries = 0;
    for (Wide at = first; at < end && tries < kTriesMax; at += wanted.modulus, ++tries) {
      if (std::all_of(wanted_too.begin(), wanted_too.end(),
                      [at](const Multiple& one) { return one.IsMade(at); }) &&
          std::none_of(avoided.begin(), avoided.end(),
                       [at](const Multiple& one) { return one.is_large || one.IsMade(at); })) {
        return Answer::kYes;
      }
    }
    const bool unclear = std::any_of(avoided.begin(), avoided.end(),
                                     [](const Multiple& one) { return one.is_large; });
    return unclear || is_cut || tries == kTriesMax ? Answer::kTooLarge : Answer::kNo;
  }
};

// The multiples of `divisor` are to be avoided by `more` digits of the integer part and `places` of
// the fraction.
Digits::Multiple Avoid(const Remainder& divisor, int64_t more, int64_t places) {
  if (divisor.missing >= places) {
    const int64_t modulus = WithoutTens(divisor.value, divisor.missing - places);
    return {.base = Shifted(divisor.rest, more + places, modulus), .modulus = modulus};
  }
  const int64_t finer = places - divisor.missing;
  if (finer > kDigitsMax - kDivisorDigits) {
    return {.is_large = true};
  }
  const Wide power = PowerOfTen(finer);
  return {.base = Shifted(divisor.rest, more + divisor.missing, divisor.value) * power,
          .modulus = divisor.value * power};
}

// Whether all common multiples of `divisors` are multiples of `modulus`.
bool AskForMultiple(const std::vector<int64_t>& divisors, Wide modulus) {
  Wide common = 1;  // what they have of it
  for (const int64_t divisor : divisors) {
    const int64_t part = std::gcd(static_cast<int64_t>(modulus % divisor), divisor);
    common *= part / std::gcd(static_cast<int64_t>(common % part), part);
  }
  return common == modulus;
}

// With so many digits there are always some: ten to the number of those avoided, even without 0.
int64_t EnoughDigits(size_t wanted, size_t avoided) {
  return (kDivisorDigits * static_cast<int64_t>(wanted)) + static_cast<int64_t>(avoided) + 1;
}

// Whether `more` digits of the integer part and a fraction make a multiple of all `wanted` and of
// none of `avoided`.
Answer Completes(const ScalarAtoms::FormRest& form, const std::vector<Remainder>& wanted,
                 const std::vector<Remainder>& avoided, int64_t more) {
  if (wanted.empty()) {
    return Answer::kYes;  // by a digit beyond the places of all divisors
  }
  int64_t places = wanted[0].missing;
  for (const Remainder& divisor : wanted) {
    places = std::min<int64_t>(places, divisor.missing);
  }
  Digits digits{.count = more + places, .nonzero = form.needs_nonzero};
  if (digits.count == 0) {
    const bool holds = !form.needs_nonzero &&
                       std::all_of(wanted.begin(), wanted.end(), IsMultiple) &&
                       std::none_of(avoided.begin(), avoided.end(), IsMultiple);
    return holds ? Answer::kYes : Answer::kNo;
  }
  std::vector<int64_t> moduli;
  moduli.reserve(wanted.size());
  for (const Remainder& divisor : wanted) {
    moduli.push_back(WithoutTens(divisor.value, divisor.missing - places));
  }
  for (const Remainder& divisor : avoided) {
    if (form.in_fraction && divisor.missing == 0) {
      // The digits are beyond its places: zeros would leave a multiple what it is.
      digits.nonzero = digits.nonzero || divisor.rest == 0;
      continue;
    }
    digits.avoided.push_back(Avoid(divisor, more, places));
    if (!digits.avoided.back().is_large && AskForMultiple(moduli, digits.avoided.back().modulus)) {
      return Answer::kNo;
    }
  }
  if (digits.count >= EnoughDigits(wanted.size(), avoided.size())) {
    return Answer::kYes;
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    const int64_t rest = Shifted(wanted[i].rest, digits.count, moduli[i]);
    // All divide the negative of what was read, with zeros behind it.
    if (!Meet(digits.wanted, (moduli[i] - rest) % moduli[i], moduli[i])) {
      digits.wanted_too.push_back({.base = rest, .modulus = moduli[i]});
    }
  }
  return digits.Exist();
}

}  // namespace

std::vector<NumberOutlook::Lengths> NumberOutlook::LengthsOf(
    const std::vector<int64_t>& parts) const {
  if (!form_.integer_may_grow) {
    return {{0, 0}};
  }
  std::vector<int64_t> starts = {0};
  for (size_t i = 1; i < atoms_.size(); ++i) {
    if (algebra_.atoms().IsComparison(atoms_[i])) {
      const int64_t digits = algebra_.atoms().DigitsToBound(atoms_[i], parts[i]);
      starts.insert(starts.end(), {digits, digits + 1});
    }
  }
  std::sort(starts.begin(), starts.end());
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  std::vector<Lengths> result;
  result.reserve(starts.size());
  for (size_t i = 0; i < starts.size(); ++i) {
    result.push_back({starts[i], i + 1 < starts.size() ? starts[i + 1] - 1 : kEndless});
  }
  return result;
}

NumberOutlook::Truth NumberOutlook::Known(FormulaId formula) const {
  using Op = SchemaAlgebra::Op;
  const SchemaAlgebra::Formula& node = algebra_.at(formula);
  switch (node.op) {
    case Op::kNever:
      return Truth::kNo;
    case Op::kAlways:
      return Truth::kYes;
    case Op::kAnd:
    case Op::kOr: {
      const Truth deciding = node.op == Op::kAnd ? Truth::kNo : Truth::kYes;
      Truth result = node.op == Op::kAnd ? Truth::kYes : Truth::kNo;
      for (const FormulaId part : node.parts) {
        const Truth truth = Known(part);
        if (truth == deciding) {
          return deciding;
        }
        result = truth == Truth::kOpen ? truth : result;
      }
      return result;
    }
    default: {
      const Truth truth = truths_[PlaceOf(node.a)];
      return truth == Truth::kOpen || !node.negated ? truth
             : truth == Truth::kYes                 ? Truth::kNo
                                                    : Truth::kYes;
    }
  }
}

NumberOutlook::Truth NumberOutlook::KnownOfAny() const {
  Truth result = Truth::kNo;
  for (const FormulaId formula : formulas_) {
    const Truth truth = Known(formula);
    if (truth == Truth::kYes) {
      return truth;
    }
    result = truth == Truth::kOpen ? truth : result;
  }
  return result;
}

Answer NumberOutlook::OfMultiples(const Lengths& lengths) const {
  std::vector<Remainder> wanted;
  std::vector<Remainder> avoided;
  for (size_t i = 0; i < live_.size(); ++i) {
    if (const Truth truth = truths_[live_[i]]; truth != Truth::kOpen) {
      (truth == Truth::kYes ? wanted : avoided).push_back(remainders_[i]);
    }
  }
  algebra_.Spend(16);
  if (const int64_t enough = EnoughDigits(wanted.size(), avoided.size()); lengths.most >= enough) {
    return Completes(form_, wanted, avoided, std::max(lengths.least, enough));
  }
  Answer any = Answer::kNo;
  for (int64_t more = lengths.least; more <= lengths.most && any != Answer::kYes; ++more) {
    algebra_.Spend(16);
    any = Either(any, Completes(form_, wanted, avoided, more));
  }
  return any;
}

size_t NumberOutlook::NextChoice(FormulaId formula) const {
  using Op = SchemaAlgebra::Op;
  const SchemaAlgebra::Formula& node = algebra_.at(formula);
  if (Known(formula) != Truth::kOpen) {
    return 0;
  }
  if (node.op != Op::kAnd && node.op != Op::kOr) {
    const bool is_multiple = algebra_.atoms().kind(node.a) == ScalarAtoms::Kind::kMultiple;
    return is_multiple ? PlaceOf(node.a) : 0;
  }
  size_t next = 0;
  for (size_t i = 0; i < node.parts.size() && next == 0; ++i) {
    next = NextChoice(node.parts[i]);
  }
  return next;
}

// Takes multiples as wanted or as avoided until the formula is decided.
Answer NumberOutlook::Choose(const Lengths& lengths) {
  constexpr int32_t kChoicesMax = 1'000;
  algebra_.Spend(8 + formulas_.size() + atoms_.size());
  const Truth truth = KnownOfAny();
  if (truth == Truth::kNo) {
    return Answer::kNo;
  }
  size_t next = 0;
  for (size_t i = 0; truth == Truth::kOpen && i < formulas_.size() && next == 0; ++i) {
    next = NextChoice(formulas_[i]);
  }
  if (next == 0) {
    const Answer answer = OfMultiples(lengths);
    return truth == Truth::kYes || answer == Answer::kNo ? answer : Answer::kOpen;
  }
  if (++choices_ > kChoicesMax) {
    return Answer::kOpen;
  }
  Answer any = Answer::kNo;
  for (const Truth choice : {Truth::kNo, Truth::kYes}) {
    truths_[next] = choice;
    any = any == Answer::kYes ? any : Either(any, Choose(lengths));
    truths_[next] = Truth::kOpen;
  }
  return any;
}

Answer NumberOutlook::Ask(const std::vector<int64_t>& parts) {
  const ScalarAtoms& atoms = algebra_.atoms();
  const auto form = atoms.RestOfForm(atoms_[0], parts[0]);
  if (!form.has_value()) {
    return Answer::kOpen;
  }
  form_ = *form;
  truths_.assign(atoms_.size(), Truth::kNo);
  live_.clear();
  remainders_.clear();
  for (size_t i = 1; i < atoms_.size(); ++i) {
    if (atoms.kind(atoms_[i]) == ScalarAtoms::Kind::kMultiple && parts[i] != ScalarAtoms::kDead) {
      truths_[i] = Truth::kOpen;
      live_.push_back(i);
      remainders_.push_back(atoms.RemainderOf(atoms_[i], parts[i]));
    }
  }
  Answer any = Answer::kNo;
  choices_ = 0;
  for (const Lengths& lengths : LengthsOf(parts)) {
    for (size_t i = 1; i < atoms_.size(); ++i) {
      if (atoms.kind(atoms_[i]) != ScalarAtoms::Kind::kMultiple) {
        const auto holds = atoms.HoldsAfter(atoms_[i], parts[i], lengths.least);
        truths_[i] = !holds.has_value() ? Truth::kOpen : *holds ? Truth::kYes : Truth::kNo;
      }
    }
    any = Either(any, Choose(lengths));
    if (any == Answer::kYes) {
      break;
    }
  }
  return any;
}

}  // namespace millrace::grammar
