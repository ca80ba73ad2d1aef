// Whether a number that has begun can still satisfy a formula: by arithmetic, where the digits to
// come cannot all be tried.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "grammar/schema_algebra.h"

namespace millrace::grammar {

// What is left of a number are j digits of its integer part and a fraction. Once every comparison
// is decided by the digits so far and by j, what is left of the formula asks for multiples of some
// divisors, and for multiples of others to be avoided. With the k digits D until the last place
// of the coarsest divisor wanted (zeros follow) the number is R * 10^k + D there, R being known
// modulo every divisor. So the Ds wanted are those of one residue, by the Chinese remainder
// theorem, from 0 to 10^k - 1. Those avoided are multiples among evenly spaced numbers of which
// not all are: then 2^n in a row hold one that none of n divisors divides (Crittenden and Vanden
// Eynden, 1970), and fewer are looked at one by one.
//
// Comparisons that the digits so far equal stay open, and sets that they begin a number of. Those
// states are few, the beginnings of the schema's own numbers: a search goes on from them.
//
// Thread-compatible.
class NumberOutlook {
 public:
  // kOpen: a digit more must tell. kTooLarge: nothing tells, the divisors have too many digits.
  enum class Answer : uint8_t { kNo, kYes, kOpen, kTooLarge };

  // One of `formulas` is to hold; their atoms, behind the form, are `atoms`. All must outlive this.
  NumberOutlook(const std::vector<FormulaId>& formulas, const std::vector<AtomId>& atoms,
                SchemaAlgebra& algebra)
      : formulas_(formulas), atoms_(atoms), algebra_(algebra) {}

  // After the states `parts` of the atoms. kTooLarge only where bounds leave the number some dozens
  // of digits and the divisors have a common multiple beyond 36.
  Answer Ask(const std::vector<int64_t>& parts);

 private:
  enum class Truth : uint8_t { kNo, kYes, kOpen };
  struct Lengths {  // of digits that the integer part may still get, and that make no difference
    int64_t least = 0;
    int64_t most = 0;
  };

  std::vector<Lengths> LengthsOf(const std::vector<int64_t>& parts) const;
  size_t PlaceOf(AtomId atom) const {
    return static_cast<size_t>(std::find(atoms_.begin() + 1, atoms_.end(), atom) - atoms_.begin());
  }
  Truth Known(FormulaId formula) const;
  Truth KnownOfAny() const;
  size_t NextChoice(FormulaId formula) const;  // an atom that decides something; 0 = none
  Answer Choose(const Lengths& lengths);
  Answer OfMultiples(const Lengths& lengths) const;

  const std::vector<FormulaId>& formulas_;
  const std::vector<AtomId>& atoms_;
  SchemaAlgebra& algebra_;
  // Of the question at hand.
  ScalarAtoms::FormRest form_;
  std::vector<Truth> truths_;                       // of the atoms
  std::vector<size_t> live_;                        // multiples that are not ruled out
  std::vector<ScalarAtoms::Remainder> remainders_;  // of these
  int32_t choices_ = 0;                             // tried
};

}  // namespace millrace::grammar
