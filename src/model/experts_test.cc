#include "model/experts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace millrace::model {
namespace {

std::vector<ExpertChoice> Choose(std::vector<float> scores, size_t count,
                                 const ExpertRule& rule = {}, const std::vector<float>& bias = {}) {
  std::vector<ExpertChoice> out(count);
  ChooseExperts(scores, bias, rule, out);
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

TEST(ChooseExperts, WithoutNormalisingAWeightIsTheShareAmongAllExperts) {
  const auto chosen = Choose({0.0F, 0.0F, 0.0F, 0.0F}, 2, {.normalise = false, .scale = 2});
  EXPECT_FLOAT_EQ(chosen[0].weight, 0.5F);
  EXPECT_FLOAT_EQ(chosen[1].weight, 0.5F);
}

TEST(ChooseExperts, TheBiasDecidesTheChoiceButNotTheWeight) {
  const ExpertRule rule = {.gate = ExpertGate::kSigmoid, .normalise = true, .scale = 2.5F};
  const auto chosen = Choose({0.0F, 3.0F, 0.0F, 2.0F}, 2, rule, {0.0F, -1.0F, 1.0F, 0.0F});
  ASSERT_EQ(chosen[0].expert, 2);
  ASSERT_EQ(chosen[1].expert, 3);
  const float second = 1 / (1 + std::exp(-2.0F));
  EXPECT_NEAR(chosen[0].weight, 2.5F * 0.5F / (0.5F + second), 1e-6);
  EXPECT_NEAR(chosen[1].weight, 2.5F * second / (0.5F + second), 1e-6);
}

}  // namespace
}  // namespace millrace::model
