// What may follow the beginning of a number, against exact arithmetic of whole numbers.
#include "grammar/number_outlook.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "grammar/scalar_automaton.h"
#include "grammar/testing/random_choice.h"

namespace millrace::grammar {
namespace {

__extension__ using Wide = __int128;

// Numbers are counted in units of the last of these places of their fractions.
constexpr int kPlaces = 14;

Wide PowerOfTen(int digits) {
  Wide power = 1;
  for (; digits > 0; --digits) {
    power *= 10;
  }
  return power;
}

const Wide kUnit = PowerOfTen(kPlaces);

std::string DigitsOf(Wide value) {
  std::string digits;
  for (; value > 0 || digits.empty(); value /= 10) {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
  }
  return digits;
}

Decimal DecimalOf(Wide value) {
  const std::string text = (value < 0 ? "-" : "") + DigitsOf(value < 0 ? -value : value);
  return Decimal::Parse(text + "e-" + std::to_string(kPlaces)).value_or(Decimal{});
}

Wide LeastCommonMultiple(Wide a, Wide b) {
  Wide high = a;
  Wide low = b;
  while (low != 0) {
    high = std::exchange(low, high % low);
  }
  return a / high * b;
}

enum class Spelling : uint8_t { kFree, kIntegerPlain, kCanonical };

// One of several sets of conditions must hold.
struct Conditions {
  std::optional<Wide> least = {};
  std::optional<Wide> most = {};
  bool above_least = false;
  bool below_most = false;
  std::vector<Wide> wanted = {};  // the number is a multiple of all of these
  std::vector<Wide> avoided = {};

  bool Hold(Wide value) const {
    const auto divides = [value](Wide divisor) { return value % divisor == 0; };
    return (!least.has_value() || (above_least ? value > *least : value >= *least)) &&
           (!most.has_value() || (below_most ? value < *most : value <= *most)) &&
           std::all_of(wanted.begin(), wanted.end(), divides) &&
           std::none_of(avoided.begin(), avoided.end(), divides);
  }
};

class Language {
 public:
  Language(const std::vector<Conditions>& cases, Spelling spelling) {
    std::vector<FormulaId> any;
    any.reserve(cases.size());
    for (const Conditions& conditions : cases) {
      any.push_back(FormulaOf(conditions));
    }
    std::vector<FormulaId> formulas = {algebra_.Or(std::move(any))};
    if (spelling == Spelling::kIntegerPlain) {  // is so where an integer is asked for
      formulas.push_back(
          FormulaOf({.least = 2 * kUnit, .most = kUnit, .wanted = {kUnit}, .avoided = {}}));
    }
    Open(std::move(formulas), spelling);
  }
  // A number that satisfies one of the formulas that `formulas` makes.
  template <typename Formulas>
  explicit Language(const Formulas& formulas) {
    Open(formulas(atoms_, algebra_), Spelling::kFree);
  }

  ScalarAutomaton& automaton() { return *automaton_; }
  LiveAutomaton& live() { return *live_; }
  // kDead when the text cannot be begun so.
  int32_t StateAfter(std::string_view text) {
    int32_t state = live_->IsLive(ScalarAutomaton::kInitial) ? ScalarAutomaton::kInitial
                                                             : ScalarAutomaton::kDead;
    for (const char c : text) {
      state =
          state == ScalarAutomaton::kDead ? state : live_->Step(state, static_cast<char32_t>(c));
    }
    return state;
  }
  bool Begins(std::string_view text) { return StateAfter(text) != ScalarAutomaton::kDead; }
  bool Admits(std::string_view text) {
    const int32_t state = StateAfter(text);
    return state != ScalarAutomaton::kDead && live_->CanEnd(state);
  }

 private:
  FormulaId FormulaOf(const Conditions& conditions) {
    std::vector<FormulaId> parts;
    if (conditions.least.has_value()) {
      const Decimal bound = DecimalOf(*conditions.least);
      parts.push_back(
          algebra_.Number(conditions.above_least ? atoms_.Above(bound) : atoms_.AtLeast(bound)));
    }
    if (conditions.most.has_value()) {
      const Decimal bound = DecimalOf(*conditions.most);
      parts.push_back(algebra_.Not(
          algebra_.Number(conditions.below_most ? atoms_.AtLeast(bound) : atoms_.Above(bound))));
    }
    for (const Wide divisor : conditions.wanted) {
      parts.push_back(algebra_.Number(atoms_.Multiple(DecimalOf(divisor))));
    }
    for (const Wide divisor : conditions.avoided) {
      parts.push_back(algebra_.Not(algebra_.Number(atoms_.Multiple(DecimalOf(divisor)))));
    }
    return algebra_.Restrict(algebra_.And(std::move(parts)), kNumber);
  }
  void Open(std::vector<FormulaId> formulas, Spelling spelling) {
    automaton_ = std::make_unique<ScalarAutomaton>(
        std::move(formulas),
        ScalarAutomaton::Options{.type = kNumber,
                                 .free_numbers = spelling != Spelling::kIntegerPlain,
                                 .canonical_numbers = spelling == Spelling::kCanonical,
                                 .some_must_hold = true},
        algebra_);
    live_ = std::make_unique<LiveAutomaton>(*automaton_);
  }

  RegexAlgebra regexes_;
  ScalarAtoms atoms_{regexes_};
  SchemaAlgebra algebra_{atoms_};
  std::unique_ptr<ScalarAutomaton> automaton_;
  std::unique_ptr<LiveAutomaton> live_;
};

// The beginning of a number, as plain text.
struct Beginning {
  explicit Beginning(std::string_view text) {
    negative = text.starts_with('-');
    text.remove_prefix(negative ? 1 : 0);
    const size_t point = text.find('.');
    has_point = point != std::string_view::npos;
    integer = text.substr(0, point);
    fraction = has_point ? text.substr(point + 1) : "";
  }

  // Whether JSON's grammar lets a number begin so, without an exponent.
  bool IsSpelled() const {
    const auto is_digits = [](const std::string& part) {
      return part.find_first_not_of("0123456789") == std::string::npos;
    };
    return is_digits(integer) && is_digits(fraction) && (!has_point || !integer.empty()) &&
           (integer.size() < 2 || integer[0] != '0');
  }
  bool IsComplete(Spelling spelling) const {
    if (integer.empty() || (has_point && fraction.empty())) {
      return false;
    }
    if (spelling == Spelling::kFree) {
      return true;
    }
    const bool is_zero = integer == "0" && fraction.empty();
    return (!negative || !is_zero) && (!has_point || !NeedsNonzero(spelling));
  }
  // Whether zeros, or nothing, may not be all that follows.
  bool NeedsNonzero(Spelling spelling) const {
    switch (spelling) {
      case Spelling::kFree:
        return false;
      case Spelling::kIntegerPlain:
        return has_point ? fraction.find_first_not_of('0') == std::string::npos
                         : negative && integer == "0";
      case Spelling::kCanonical:
        return has_point ? fraction.empty() || fraction.ends_with('0') : negative && integer == "0";
    }
    return false;
  }
  // What is read, as if zeros followed.
  Wide Magnitude() const {
    Wide value = 0;
    for (const char c : integer + fraction) {
      value = (value * 10) + (c - '0');
    }
    return value * PowerOfTen(kPlaces - static_cast<int>(fraction.size()));
  }
  Wide Value() const { return negative ? -Magnitude() : Magnitude(); }

  bool negative = false;
  bool has_point = false;
  std::string integer;
  std::string fraction;
};

bool Ends(const std::string& text, const std::vector<Conditions>& cases, Spelling spelling) {
  const Beginning whole(text);
  return whole.IsSpelled() && whole.IsComplete(spelling) &&
         std::any_of(cases.begin(), cases.end(),
                     [&](const Conditions& one) { return one.Hold(whole.Value()); });
}

// Whether a number from `low` to `high`, both without their sign, fulfils the conditions.
bool HasNumber(Wide low, Wide high, bool negative, const Conditions& conditions) {
  const auto narrow = [&](Wide bound, bool is_lower, bool strict) {
    // Negative numbers are the larger, the smaller their magnitude.
    bound = negative ? -bound : bound;
    if (is_lower != negative) {
      low = std::max(low, bound + (strict ? 1 : 0));
    } else {
      high = std::min(high, bound - (strict ? 1 : 0));
    }
  };
  if (conditions.least.has_value()) {
    narrow(*conditions.least, true, conditions.above_least);
  }
  if (conditions.most.has_value()) {
    narrow(*conditions.most, false, conditions.below_most);
  }
  Wide step = 1;
  for (const Wide divisor : conditions.wanted) {
    step = LeastCommonMultiple(step, divisor);
  }
  low = (low + step - 1) / step * step;
  // Two divisors to be avoided leave every fourth multiple at the latest.
  for (int i = 0; i < 16 && low <= high; ++i, low += step) {
    if (std::none_of(conditions.avoided.begin(), conditions.avoided.end(),
                     [low](Wide divisor) { return low % divisor == 0; })) {
      return true;
    }
  }
  return false;
}

// Whether the text can be continued to a number that fulfils one of `cases`.
bool Continues(const std::string& text, const std::vector<Conditions>& cases, Spelling spelling) {
  constexpr int kIntegerMax = 23;  // digits; so long numbers fit a Wide
  const Beginning begun(text);
  if (!begun.IsSpelled()) {
    return false;
  }
  if (text.empty() && Continues("-", cases, spelling)) {
    return true;
  }
  const auto any = [&](Wide low, Wide high) {
    return std::any_of(cases.begin(), cases.end(), [&](const Conditions& conditions) {
      return HasNumber(low, high, begun.negative, conditions);
    });
  };
  if (begun.integer.empty()) {
    const bool zero = any(begun.negative && spelling != Spelling::kFree ? 1 : 0, kUnit - 1);
    return zero || any(kUnit, PowerOfTen(kIntegerMax) * kUnit - 1);
  }
  const Wide least = begun.Magnitude() + (begun.NeedsNonzero(spelling) ? 1 : 0);
  if (any(least,
          begun.Magnitude() + PowerOfTen(kPlaces - static_cast<int>(begun.fraction.size())) - 1)) {
    return true;
  }
  if (begun.has_point || begun.integer == "0") {
    return false;
  }
  for (int more = 1; static_cast<int>(begun.integer.size()) + more <= kIntegerMax; ++more) {
    const Wide low = begun.Magnitude() * PowerOfTen(more);
    if (any(low, low + (PowerOfTen(more) * kUnit) - 1)) {
      return true;
    }
  }
  return false;
}

class RandomConditions {
 public:
  explicit RandomConditions(uint64_t seed) : random_(seed) {}

  size_t Below(size_t bound) { return random_.Below(bound); }
  bool OneIn(size_t n) { return random_.OneIn(n); }

  // Of 1 to `digits_max` digits, `places_max` of them at most behind the point.
  Wide Number(int digits_max, int places_max) {
    const int digits = 1 + static_cast<int>(Below(static_cast<size_t>(digits_max)));
    const int places = static_cast<int>(Below(static_cast<size_t>(places_max) + 1));
    Wide value = 1 + static_cast<Wide>(Below(9));
    for (int i = 1; i < digits; ++i) {
      value = (value * 10) + static_cast<Wide>(OneIn(4) ? 0 : Below(10));
    }
    return value * PowerOfTen(kPlaces - places);
  }

  Conditions Next(int digits_max, int places_max) {
    Conditions next;
    if (!OneIn(6)) {
      next.wanted.push_back(Number(digits_max, places_max));
    }
    if (OneIn(5)) {
      next.wanted.push_back(Number(std::min(digits_max, 4), places_max));
    }
    for (size_t i = Below(3); i > 0 && OneIn(2); --i) {
      const Wide some = next.wanted.empty() ? Number(digits_max, places_max) : next.wanted[0];
      next.avoided.push_back(OneIn(2) ? some * static_cast<Wide>(2 + Below(9))
                                      : Number(std::min(digits_max, 3), places_max));
    }
    AddBounds(next, digits_max, places_max);
    return next;
  }

 private:
  // Often only some multiples apart.
  void AddBounds(Conditions& next, int digits_max, int places_max) {
    const Wide apart = next.wanted.empty() ? Number(2, places_max) : next.wanted[0];
    Wide middle = OneIn(8) ? 0 : Number(digits_max, places_max);
    middle = OneIn(2) ? middle / apart * apart : middle;
    middle = OneIn(3) ? -middle : middle;
    next.above_least = OneIn(2);
    next.below_most = OneIn(2);
    if (OneIn(2)) {
      next.least = middle;
    }
    if (OneIn(2)) {
      next.most = middle + (apart * static_cast<Wide>(Below(4)));
      if (OneIn(2)) {
        *next.most = middle + Number(digits_max, places_max);
      }
    }
  }

  testing::RandomChoice random_;
};

std::string Described(const std::vector<Conditions>& cases, Spelling spelling) {
  std::string text = std::to_string(static_cast<int>(spelling));
  for (const Conditions& one : cases) {
    text += " |";
    text += one.least ? (one.above_least ? " >" : " >=") + DecimalOf(*one.least).ToString() : "";
    text += one.most ? (one.below_most ? " <" : " <=") + DecimalOf(*one.most).ToString() : "";
    for (const Wide divisor : one.wanted) {
      text += " multiple of " + DecimalOf(divisor).ToString();
    }
    for (const Wide divisor : one.avoided) {
      text += " none of " + DecimalOf(divisor).ToString();
    }
  }
  return text;
}

bool CanBeCounted(const std::vector<Conditions>& cases) {
  return std::all_of(cases.begin(), cases.end(), [](const Conditions& one) {
    const auto counts = [](Wide divisor) { return ScalarAtoms::CanCount(DecimalOf(divisor)); };
    return std::all_of(one.wanted.begin(), one.wanted.end(), counts) &&
           std::all_of(one.avoided.begin(), one.avoided.end(), counts);
  });
}

// Whether numbers of more digits than those of the bounds may be asked for.
bool AreEndless(const std::vector<Conditions>& cases) {
  return std::any_of(cases.begin(), cases.end(), [](const Conditions& one) {
    return !one.least.has_value() || !one.most.has_value();
  });
}

// Follows a number, asking about every character that may not come, too.
void WalkAtRandom(Language& language, const std::vector<Conditions>& cases, Spelling spelling,
                  RandomConditions& random) {
  std::string text;
  int32_t state = ScalarAutomaton::kInitial;
  ASSERT_EQ(language.live().IsLive(state), Continues("", cases, spelling));
  while (text.size() < 22) {
    std::string next;
    for (const char c : std::string_view("-.0123456789")) {
      const bool continues = Continues(text + c, cases, spelling);
      ASSERT_EQ(language.live().Step(state, static_cast<char32_t>(c)) != ScalarAutomaton::kDead,
                continues)
          << text << c;
      next += continues ? std::string(1, c) : "";
    }
    const Beginning begun(text);
    ASSERT_EQ(language.live().CanEnd(state), Ends(text, cases, spelling)) << text;
    constexpr size_t kIntegerDigits = 5;  // more would be too many with those of two divisors
    if (next.empty() || begun.fraction.size() + 2 == kPlaces ||
        (begun.integer.size() > kIntegerDigits && !begun.has_point && AreEndless(cases))) {
      break;
    }
    const char c = next[random.Below(next.size())];
    text += c;
    state = language.live().Step(state, static_cast<char32_t>(c));
  }
}

void CompareWithArithmetic(int digits_max, int places_max, int rounds, uint64_t seed) {
  RandomConditions random(seed);
  int live = 0;
  for (int i = 0; i < rounds; ++i) {
    std::vector<Conditions> cases = {random.Next(digits_max, places_max)};
    if (random.OneIn(4)) {
      cases.push_back(random.Next(digits_max, places_max));
    }
    if (!CanBeCounted(cases)) {
      continue;
    }
    const auto spelling = static_cast<Spelling>(random.Below(3));
    SCOPED_TRACE(Described(cases, spelling));
    Language language(cases, spelling);
    for (int walk = 0; walk < 3; ++walk) {
      WalkAtRandom(language, cases, spelling, random);
      ASSERT_FALSE(::testing::Test::HasFatalFailure());
    }
    EXPECT_FALSE(language.live().gave_up());
    live += language.live().IsLive(ScalarAutomaton::kInitial) ? 1 : 0;
  }
  EXPECT_GT(live, rounds / 2);
}

TEST(NumberOutlookTest, LetsNumbersBeginAsArithmeticSaysWithSmallDivisors) {
  CompareWithArithmetic(2, 2, 1500, 1);
}

TEST(NumberOutlookTest, LetsNumbersBeginAsArithmeticSaysWithLargeDivisors) {
  CompareWithArithmetic(12, 12, 1500, 2);
}

TEST(NumberOutlookTest, LetsNumbersBeginAsArithmeticSaysWithDivisorsOfEverySize) {
  CompareWithArithmetic(6, 12, 1500, 3);
}

TEST(NumberOutlookTest, MakesStatesOnlyBesideTheWayOfANumber) {
  for (const bool bounded : {false, true}) {
    Conditions conditions{.wanted = {12345678 * (kUnit / PowerOfTen(8))}};
    if (bounded) {
      conditions.least = 0;
      conditions.most = 1000 * kUnit;
    }
    Language language({conditions}, Spelling::kFree);
    const std::string text = "654.32093400";  // 5300 times
    ASSERT_TRUE(language.Admits(text));
    // At each place a state for each of ten digits and the point.
    EXPECT_LT(language.automaton().size(), 12 * (text.size() + 1));
  }
}

TEST(NumberOutlookTest, SearchesAlongBoundsOnly) {
  const Wide divisor = 999'999'999'989;
  const Wide multiple = divisor * 123'456'789;
  for (const bool has_one : {false, true}) {
    Language language({{.least = multiple + 1,
                        .most = multiple + divisor - (has_one ? 0 : 1),
                        .wanted = {divisor},
                        .avoided = {}}},
                      Spelling::kFree);
    EXPECT_EQ(language.live().IsLive(ScalarAutomaton::kInitial), has_one);
    EXPECT_EQ(language.Admits(DecimalOf(multiple + divisor).ToString()), has_one);
    // Two bounds of 21 digits, and what lies beside them.
    EXPECT_LT(language.automaton().size(), 2U * 21 * 12);
    EXPECT_FALSE(language.live().gave_up());
  }
}

TEST(NumberOutlookTest, SearchesAlongNumbersOfSetsOnly) {
  for (const char* most : {"69", "71"}) {
    const auto formulas = [&](ScalarAtoms& atoms, SchemaAlgebra& algebra) {
      const auto number = [](const char* text) { return Decimal::Parse(text).value_or(Decimal{}); };
      const FormulaId set =
          algebra.Number(atoms.NumberSet(std::vector{number("0.5"), number("7"), number("14")}));
      return std::vector{
          algebra.And({algebra.Number(atoms.Multiple(number("7"))),
                       algebra.Number(atoms.Above(number("0"))),
                       algebra.Not(algebra.Number(atoms.Above(number(most)))), algebra.Not(set)}),
          algebra.Number(atoms.NumberSet(std::vector{number("7.25")}))};
    };
    Language language(formulas);
    const bool is_wide = std::string_view(most) == "71";
    EXPECT_TRUE(language.Begins("7"));
    EXPECT_FALSE(language.Admits("7"));
    EXPECT_TRUE(language.Admits("7.25"));
    EXPECT_FALSE(language.Begins("7.0"));
    EXPECT_EQ(language.Admits("70"), is_wide);
    EXPECT_FALSE(language.Begins("14"));
    EXPECT_TRUE(language.Admits("21.0"));
    EXPECT_FALSE(language.Begins("0.5"));
    EXPECT_LT(language.automaton().size(), 200U);
  }
}

TEST(NumberOutlookTest, AvoidsManyDivisorsWithinBounds) {
  const auto formulas = [](ScalarAtoms& atoms, SchemaAlgebra& algebra) {
    const auto multiple = [&](int64_t divisor) {
      return algebra.Number(atoms.Multiple(Decimal::FromInteger(divisor)));
    };
    std::vector<FormulaId> parts = {
        multiple(1), algebra.Not(algebra.Number(atoms.Above(Decimal::FromInteger(100))))};
    for (const int64_t prime :
         {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67}) {
      parts.push_back(algebra.Not(multiple(prime)));
    }
    return std::vector{algebra.And(std::move(parts))};
  };
  Language language(formulas);
  std::string admitted;
  for (int number = 0; number <= 110; ++number) {
    admitted += language.Admits(std::to_string(number)) ? std::to_string(number) + " " : "";
  }
  EXPECT_EQ(admitted, "1 71 73 79 83 89 97 ");
  EXPECT_FALSE(language.Begins("2"));
  EXPECT_TRUE(language.Begins("-2"));
  EXPECT_FALSE(language.live().gave_up());
}

TEST(NumberOutlookTest, ReachesCommonMultiplesThatAreTooLargeToCount) {
  constexpr int64_t kA = 999'999'999'999'989;
  constexpr int64_t kB = 999'999'999'999'987;
  const auto formulas = [](ScalarAtoms& atoms, SchemaAlgebra& algebra) {
    return std::vector{algebra.And(
        {algebra.Number(atoms.Multiple(Decimal::FromInteger(kA))),
         algebra.Number(atoms.Multiple(Decimal::FromInteger(kB))),
         algebra.Number(atoms.Above(Decimal{})),
         algebra.Not(algebra.Number(atoms.Above(Decimal::Parse("1.5e30").value_or(Decimal{}))))})};
  };
  Language language(formulas);
  const std::string product = DigitsOf(Wide{kA} * kB);
  EXPECT_TRUE(language.Admits(product));
  for (size_t i = 0; i < product.size(); ++i) {
    for (char c = '0'; c <= '9'; ++c) {
      EXPECT_EQ(language.Begins(product.substr(0, i) + c), c == product[i]) << i << c;
    }
  }
  EXPECT_FALSE(language.live().gave_up());
}

TEST(NumberOutlookTest, LetsNumbersGrowToCommonMultiplesOfAnySize) {
  for (const int64_t avoided : {3000, 500}) {
    const auto formulas = [&](ScalarAtoms& atoms, SchemaAlgebra& algebra) {
      const auto multiple = [&](int64_t divisor) {
        return algebra.Number(atoms.Multiple(Decimal::FromInteger(divisor)));
      };
      return std::vector{algebra.And({multiple(999'999'999'989), multiple(999'999'999'961),
                                      multiple(999'999'999'937), multiple(999'999'999'899),
                                      multiple(1000), algebra.Not(multiple(avoided))})};
    };
    Language language(formulas);
    EXPECT_EQ(language.Begins("-12"), avoided == 3000);
    EXPECT_FALSE(language.Begins("-12.5"));
    EXPECT_FALSE(language.live().gave_up());
  }
}

TEST(NumberOutlookTest, CountsDivisorsWhosePlacesLieFarApart) {
  const auto formulas = [](ScalarAtoms& atoms, SchemaAlgebra& algebra) {
    const auto multiple = [&](const char* divisor) {
      return algebra.Number(atoms.Multiple(Decimal::Parse(divisor).value_or(Decimal{})));
    };
    return std::vector{algebra.And({multiple("7"), multiple("3e-300")})};
  };
  Language language(formulas);
  EXPECT_TRUE(language.Admits("21"));
  EXPECT_TRUE(language.Admits("-21.0"));
  EXPECT_FALSE(language.Admits("14"));
  EXPECT_FALSE(language.Begins("14.0"));
  EXPECT_TRUE(language.Begins("14"));
}

TEST(NumberOutlookTest, AvoidsMultiplesAmongMuchFinerOnes) {
  const auto formulas = [](ScalarAtoms& atoms, SchemaAlgebra& algebra) {
    const auto multiple = [&](const char* divisor) {
      return algebra.Number(atoms.Multiple(Decimal::Parse(divisor).value_or(Decimal{})));
    };
    return std::vector{algebra.And({multiple("1e-40"), algebra.Not(multiple("1"))})};
  };
  Language language(formulas);
  const std::string zeros = "-5." + std::string(39, '0');
  EXPECT_FALSE(language.Admits("5"));
  EXPECT_TRUE(language.Begins(zeros));
  EXPECT_TRUE(language.Admits(zeros + "1"));
  EXPECT_FALSE(language.Begins(zeros + "0"));
  EXPECT_FALSE(language.Begins(zeros + "10001"));
  EXPECT_TRUE(language.Admits(zeros + "1000"));
}

}  // namespace
}  // namespace millrace::grammar
