// The elementary automata of strings and numbers: each reads the characters of one scalar and says
// at the end whether it has its property. States are plain integers; kDead means that the property
// cannot hold any more, whatever follows.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "grammar/decimal.h"
#include "grammar/regex_algebra.h"

namespace millrace::grammar {

// An atom of one ScalarAtoms.
using AtomId = int32_t;

class ScalarAtoms {
 public:
  static constexpr int64_t kDead = -1;

  enum class Kind : uint8_t {
    kRegex,       // strings in a regular language
    kMinLength,   // strings of at least n code points
    kTextSet,     // strings of a finite set
    kNumberForm,  // JSON's grammar of numbers, narrowed by the flags below
    kAtLeast,     // numbers >= a bound
    kAbove,       // numbers > a bound
    kMultiple,    // multiples of a number
    kNumberSet,   // numbers of a finite set
  };
  enum NumberForm : int32_t {
    kAnyForm = 0,
    kNoExponent = 1,
    kNoZeroFraction = 2,
    kCanonical = 4,  // one spelling a value: no zero at the end of a fraction, no minus before zero
    kScientific = 8,  // an exponent only behind one digit, not zero, and what fraction it has
  };
  // The largest divisor whose remainders we count, without its decimal point.
  static constexpr int64_t kDivisorMax = 1'000'000'000'000'000;
  static constexpr int64_t kDivisorDigits = 15;  // kDivisorMax is 10 to their number

  explicit ScalarAtoms(RegexAlgebra& regexes) : regexes_(regexes) {}

  AtomId Regex(RegexId regex) { return Intern(Kind::kRegex, regex); }
  AtomId MinLength(int32_t n) { return Intern(Kind::kMinLength, n); }
  AtomId TextSet(std::vector<std::u32string> texts);  // any order, repetitions welcome
  AtomId Form(int32_t flags) { return Intern(Kind::kNumberForm, flags); }
  AtomId AtLeast(const Decimal& bound) { return Intern(Kind::kAtLeast, Store(bound)); }
  AtomId Above(const Decimal& bound) { return Intern(Kind::kAbove, Store(bound)); }
  // `divisor` is positive and CanCount says yes.
  AtomId Multiple(const Decimal& divisor);
  static bool CanCount(const Decimal& divisor);
  AtomId NumberSet(std::vector<Decimal> numbers);
  AtomId NumberSet(std::vector<std::string> spellings);  // as `numbers` has them, in any order

  Kind kind(AtomId atom) const { return atoms_[static_cast<size_t>(atom)].kind; }
  // Of kTextSet: sorted, unique.
  const std::vector<std::u32string>& texts(AtomId atom) const;
  // Of kNumberSet: sorted by spelling, unique.
  const std::vector<std::string>& numbers(AtomId atom) const;
  // Of kMultiple: whether this asks for integers (a multiple of an integer is one).
  bool AsksForInteger(AtomId atom) const;
  bool IsComparison(AtomId atom) const {
    return kind(atom) == Kind::kAtLeast || kind(atom) == Kind::kAbove;
  }
  // The regex of kRegex, n of kMinLength.
  int32_t argument(AtomId atom) const { return atoms_[static_cast<size_t>(atom)].argument; }

  int64_t Initial(AtomId atom) const;
  int64_t Step(AtomId atom, int64_t state, char32_t c);
  bool Accepts(AtomId atom, int64_t state) const;
  // The opposite of kDead: it holds whatever follows, as far as a look at the state tells.
  bool AcceptsForever(AtomId atom, int64_t state) const;
  // Adds where the behaviour at `state` may change: characters between two neighbouring entries
  // behave alike.
  void AddBoundaries(AtomId atom, int64_t state, std::vector<char32_t>& starts);
  // Of kMultiple: the multiples of both, when their remainders can be counted.
  std::optional<AtomId> CommonMultiple(AtomId a, AtomId b);
  // What a number still may add to what was read, as its form says.
  struct FormRest {
    bool in_fraction = false;
    bool integer_may_grow = false;  // digits may follow in the integer part
    bool needs_nonzero = false;     // some digit that is not zero must follow
  };
  // Of kNumberForm, not kScientific: nullopt before the first digit and in an exponent.
  std::optional<FormRest> RestOfForm(AtomId atom, int64_t state) const;
  // Of kMultiple, while alive: `rest` * 10^-`places` is what was read, without its sign, modulo
  // the divisor, `value` * 10^-(`places` + `missing`). Places of the fraction beyond the divisor's
  // are zeros so far, and not counted.
  struct Remainder {
    int64_t value = 1;
    int64_t rest = 0;
    int32_t missing = 0;
  };
  Remainder RemainderOf(AtomId atom, int64_t state) const;
  // Of a comparison or a set: whether it holds after `more` digits of the integer part and any
  // fraction. nullopt: that depends on which, as far as a look at the state tells.
  std::optional<bool> HoldsAfter(AtomId atom, int64_t state, int64_t more) const;
  // Of a comparison: after how many more digits the integer part is as long as the bound's; where
  // that is not to be known any more, 0.
  int64_t DigitsToBound(AtomId atom, int64_t state) const;

  size_t memory_bytes() const { return memory_bytes_; }

 private:
  struct Atom {
    Kind kind{};
    int32_t argument = 0;
  };
  struct Bound {  // a Decimal, ready for comparison digit by digit
    bool negative = false;
    std::string integer;
    std::string fraction;
    // d.dd * 10^exponent without the point, and without zeros around; empty for zero.
    std::string digits;
    int64_t exponent = 0;
    bool is_zero() const { return digits.empty(); }
  };
  struct Comparison;
  struct Divisor {
    int64_t value = 1;  // times 10^-scale
    int32_t scale = 0;
  };
  struct TrieNode {
    bool accepts = false;
    std::vector<std::pair<char32_t, int32_t>> children = {};  // sorted
  };
  struct Set {
    std::vector<std::u32string> texts;
    std::vector<std::string> numbers;
    std::vector<TrieNode> trie;
  };

  AtomId Intern(Kind kind, int32_t argument);
  AtomId Intern(const Divisor& divisor);
  int32_t Store(const Decimal& bound);
  static void Insert(Set& set, std::u32string_view text);
  static int64_t StepTrie(const Set& set, int64_t node, char32_t c);
  static int64_t StepForm(int32_t flags, int64_t state, char32_t c);
  static int64_t StepBound(const Bound& bound, int64_t state, char32_t c);
  static int64_t StepExponent(const Bound& bound, Comparison now, char32_t c);
  static int64_t StepMultiple(const Divisor& divisor, int64_t state, char32_t c);
  static int64_t StepNumberSet(const Set& set, int64_t state, char32_t c);
  static bool AcceptsBound(const Bound& bound, int64_t state, bool strict);
  static bool AcceptsMultiple(const Divisor& divisor, int64_t state);

  RegexAlgebra& regexes_;
  std::vector<Atom> atoms_;
  std::map<std::pair<Kind, int32_t>, AtomId> index_;
  std::vector<Bound> bounds_;
  std::map<std::string, int32_t> bound_index_;
  std::vector<Divisor> divisors_;
  std::map<std::pair<int64_t, int32_t>, int32_t> divisor_index_;
  std::vector<Set> sets_;
  std::map<std::vector<std::u32string>, int32_t> text_set_index_;
  std::map<std::vector<std::string>, int32_t> number_set_index_;
  size_t memory_bytes_ = 0;
};

}  // namespace millrace::grammar
