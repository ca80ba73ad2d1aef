#include "grammar/distinct_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grammar/regex_algebra.h"
#include "grammar/testing/random_choice.h"

namespace millrace::grammar {
namespace {

// Whether every place can have a value of its own, none of them `without`; by trying all.
bool TryAll(const std::vector<std::vector<FormulaId>>& places, FormulaId without, size_t at = 0,
            uint32_t taken = 0) {
  if (at == places.size()) {
    return true;
  }
  return std::any_of(places[at].begin(), places[at].end(), [&](FormulaId value) {
    const uint32_t bit = 1U << static_cast<uint32_t>(value);
    return value != without && (taken & bit) == 0 && TryAll(places, without, at + 1, taken | bit);
  });
}

TEST(DistinctValuesTest, NeedWhatTryingAllSays) {
  RegexAlgebra regexes;
  ScalarAtoms atoms(regexes);
  SchemaAlgebra algebra(atoms);
  constexpr FormulaId kValues = 6;
  testing::RandomChoice random(1);
  size_t possible = 0;
  for (int round = 0; round < 4000; ++round) {
    std::vector<AlikePlaces> kinds(1 + random.Below(3));
    std::vector<std::vector<FormulaId>> places;
    for (AlikePlaces& kind : kinds) {
      kind.count = static_cast<int64_t>(1 + random.Below(2));
      for (FormulaId value = 0; value < kValues; ++value) {
        if (random.OneIn(2)) {
          kind.values.push_back(value);
        }
      }
      places.insert(places.end(), static_cast<size_t>(kind.count), kind.values);
    }
    const auto needed = FindNeededValues(kinds, algebra);
    ASSERT_EQ(needed.has_value(), TryAll(places, -1));
    if (!needed.has_value()) {
      continue;
    }
    ++possible;
    for (FormulaId value = 0; value < kValues; ++value) {
      ASSERT_EQ(std::binary_search(needed->begin(), needed->end(), value), !TryAll(places, value));
    }
  }
  EXPECT_GT(possible, 1000U);
}

}  // namespace
}  // namespace millrace::grammar
