// The ways to make a formula true: sets of literals, each of which alone is enough.
#pragma once

#include <cstddef>
#include <vector>

#include "grammar/schema_algebra.h"

namespace millrace::grammar {

using Conjunction = std::vector<FormulaId>;  // sorted literals

// Appends to `result` until every way to make `formula` true contains one of them. False when more
// than `count_max` would be needed. What is decided already prunes what is open (unit propagation),
// so formulas that repeat their parts, as `oneOf` and `unevaluatedProperties` make them, stay
// small.
bool FindConjunctions(SchemaAlgebra& algebra, FormulaId formula, size_t count_max,
                      std::vector<Conjunction>& result);

}  // namespace millrace::grammar
