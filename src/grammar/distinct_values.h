// Whether places can have values that all differ: a matching of places and values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "grammar/schema_algebra.h"

namespace millrace::grammar {

// So many places, each of which takes one of a few values.
struct AlikePlaces {
  int64_t count = 0;
  std::vector<FormulaId> values;  // unique
};

// The values without any one of which there would be too few (sorted); nullopt when there are too
// few already. Those needed are all values of the places that cannot do with others: as many as
// there are such places (Hall's theorem). Takes steps of `algebra` for every pair that is looked
// at.
std::optional<std::vector<FormulaId>> FindNeededValues(std::span<const AlikePlaces> places,
                                                       SchemaAlgebra& algebra);

}  // namespace millrace::grammar
