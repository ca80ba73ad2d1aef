#include "model/experts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace millrace::model {
namespace {

std::vector<ExpertChoice> Choose(const std::vector<float>& scores, size_t count) {
  std::vector<ExpertChoice> out(count);
  ChooseExperts(scores, out);
  return out;
}

TEST(ChooseExperts, TakesTheLargestScoresAndSortsThemByNumber) {
  const auto chosen = Choose({0.5F, 3.0F, -1.0F, 2.0F, 1.0F}, 3);
  ASSERT_EQ(chosen.size(), 3U);
  EXPECT_EQ(chosen[0].expert, 1);
  EXPECT_EQ(chosen[1].expert, 3);
  EXPECT_EQ(chosen[2].expert, 4);
}

TEST(ChooseExperts, WeightsAreTheSoftmaxOfTheChosenScores) {
  const auto chosen = Choose({1.0F, 9.0F, 2.0F, 10.0F}, 2);
  const float e = std::exp(1.0F);
  EXPECT_NEAR(chosen[0].weight, 1 / (1 + e), 1e-6);
  EXPECT_NEAR(chosen[1].weight, e / (1 + e), 1e-6);
}

TEST(ChooseExperts, TheLowerNumberWinsAmongEquals) {
  const auto chosen = Choose({1.0F, 1.0F, 1.0F, 1.0F}, 2);
  EXPECT_EQ(chosen[0].expert, 0);
  EXPECT_EQ(chosen[1].expert, 1);
}

TEST(ChooseExperts, NansAreTakenLast) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto chosen = Choose({nan, -5.0F, nan, -6.0F}, 2);
  EXPECT_EQ(chosen[0].expert, 1);
  EXPECT_EQ(chosen[1].expert, 3);
}

TEST(ChooseExperts, AllOfThemMayBeChosen) {
  const auto chosen = Choose({0.0F, 0.0F}, 2);
  EXPECT_EQ(chosen[0].weight, 0.5F);
  EXPECT_EQ(chosen[1].weight, 0.5F);
}

}  // namespace
}  // namespace millrace::model
