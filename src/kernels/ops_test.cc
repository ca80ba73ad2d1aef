#include "kernels/ops.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "gguf/half.h"
#include "kernels/testing/random_weights.h"

namespace millrace::kernels {
namespace {

using testing::RandomFloats;

// Around every length of a register and its tails.
constexpr int64_t kSizes[] = {1, 7, 8, 9, 15, 16, 17, 31, 64, 100, 1024};

TEST(Ops, RmsNormFollowsItsDefinition) {
  for (const int64_t size : kSizes) {
    const auto x = RandomFloats(size * 2, 1);
    const auto weight = RandomFloats(size, 2);
    for (const Level level : AvailableLevels()) {
      std::vector<float> out(x.size());
      RmsNorm(x, weight, 1e-6F, out, *KernelsAt(level));
      for (int64_t row = 0; row < 2; ++row) {
        double sum = 0;
        for (int64_t i = 0; i < size; ++i) {
          sum += std::pow(static_cast<double>(x[static_cast<size_t>(row * size + i)]), 2);
        }
        const double factor = 1 / std::sqrt(sum / static_cast<double>(size) + 1e-6);
        for (int64_t i = 0; i < size; ++i) {
          const auto at = static_cast<size_t>(row * size + i);
          const double expected = x[at] * factor * weight[static_cast<size_t>(i)];
          ASSERT_NEAR(out[at], expected, 1e-5 * (1 + std::abs(expected))) << size;
        }
      }
    }
  }
}

TEST(Ops, RmsNormInPlaceIsTheSame) {
  const auto x = RandomFloats(100, 3);
  const auto weight = RandomFloats(50, 4);
  std::vector<float> out(100);
  std::vector<float> in_place = x;
  RmsNorm(x, weight, 1e-5F, out);
  RmsNorm(in_place, weight, 1e-5F, in_place);
  EXPECT_EQ(in_place, out);
}

TEST(Ops, ExponentialsAreAccurateAndFarNegativesAreZero) {
  std::vector<float> x;
  for (float value = -90; value < 80; value += 0.037F) {
    x.push_back(value);
  }
  x.push_back(-std::numeric_limits<float>::infinity());
  for (const Level level : AvailableLevels()) {
    std::vector<float> out(x.size());
    const float sum = ExpAndSum(x, 0, out, *KernelsAt(level));
    double expected_sum = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double expected = x[i] < -87.3F ? 0 : std::exp(static_cast<double>(x[i]));
      expected_sum += expected;
      ASSERT_NEAR(out[i], expected, 4e-7 * expected) << x[i];
    }
    EXPECT_NEAR(sum, expected_sum, 1e-5 * expected_sum);
  }
}

// A value's result must not depend on where in the span it stands.
TEST(Ops, ResultsDoNotDependOnThePlaceInTheSpan) {
  const auto x = RandomFloats(64, 5);
  for (const Level level : AvailableLevels()) {
    const KernelTable& kernels = *KernelsAt(level);
    std::vector<float> whole(64);
    std::vector<float> silu(64);
    ExpAndSum(x, 1, whole, kernels);
    SiluMul(x, x, silu, kernels);
    for (size_t first = 0; first < 64; ++first) {
      const std::span<const float> tail = std::span(x).subspan(first);
      std::vector<float> out(tail.size());
      ExpAndSum(tail, 1, out, kernels);
      EXPECT_TRUE(
          std::equal(out.begin(), out.end(), whole.begin() + static_cast<ptrdiff_t>(first)));
      SiluMul(tail, tail, out, kernels);
      EXPECT_TRUE(std::equal(out.begin(), out.end(), silu.begin() + static_cast<ptrdiff_t>(first)));
    }
  }
}

TEST(Ops, SiluMulAddAndAddScaledFollowTheirDefinitions) {
  for (const int64_t size : kSizes) {
    const auto a = RandomFloats(size, 6);
    const auto b = RandomFloats(size, 7);
    for (const Level level : AvailableLevels()) {
      const KernelTable& kernels = *KernelsAt(level);
      std::vector<float> silu(a.size());
      SiluMul(a, b, silu, kernels);
      std::vector<float> sum = b;
      Add(a, sum, kernels);
      std::vector<float> scaled = b;
      AddScaled(a, -0.3F, scaled, kernels);
      for (size_t i = 0; i < a.size(); ++i) {
        ASSERT_NEAR(silu[i], a[i] / (1 + std::exp(-static_cast<double>(a[i]))) * b[i],
                    2e-6 * (1 + std::abs(a[i] * b[i])));
        ASSERT_EQ(sum[i], a[i] + b[i]);
        ASSERT_NEAR(scaled[i], b[i] - 0.3 * a[i], 1e-6 * (1 + std::abs(a[i]) + std::abs(b[i])));
      }
    }
  }
}

TEST(Ops, MaxOfFindsTheLargestAnywhereAndPassesOverNaN) {
  for (const Level level : AvailableLevels()) {
    const KernelTable& kernels = *KernelsAt(level);
    EXPECT_EQ(MaxOf({}, kernels), -std::numeric_limits<float>::infinity());
    for (const int64_t size : kSizes) {
      for (int64_t at = 0; at < size; at += 3) {
        std::vector<float> x(static_cast<size_t>(size), -2.0F);
        x[0] = std::numeric_limits<float>::quiet_NaN();
        x[static_cast<size_t>(at)] = -1.0F;
        EXPECT_EQ(MaxOf(x, kernels), -1.0F) << size << " " << at;
      }
    }
  }
}

TEST(Ops, SoftmaxSumsToOne) {
  for (const Level level : AvailableLevels()) {
    auto x = RandomFloats(1000, 8);
    Softmax(x, *KernelsAt(level));
    double sum = 0;
    for (const float value : x) {
      sum += value;
    }
    EXPECT_NEAR(sum, 1, 1e-5);
  }
}

TEST(Ops, StoreHalvesRoundsAsTheConversionDoes) {
  for (const int64_t size : kSizes) {
    const auto x = RandomFloats(size, 9);
    for (const Level level : AvailableLevels()) {
      std::vector<uint16_t> out(x.size());
      StoreHalves(x, out, *KernelsAt(level));
      for (size_t i = 0; i < x.size(); ++i) {
        ASSERT_EQ(out[i], gguf::FloatToHalf(x[i]));
      }
    }
  }
}

TEST(Rope, TurnsPairsByPositionTimesFrequency) {
  const std::vector<double> frequencies = RopeFrequencies({.rotary_size = 20, .base = 10000});
  ASSERT_EQ(frequencies.size(), 10U);
  EXPECT_DOUBLE_EQ(frequencies[0], 1);
  EXPECT_DOUBLE_EQ(frequencies[5], 0.01);
  std::vector<float> cos_sin(20);
  RopeAngles(frequencies, 7, 1, cos_sin);
  const auto heads = RandomFloats(3 * 24, 10);
  for (const Level level : AvailableLevels()) {
    auto turned = heads;
    RopeHalfSplit(turned, 24, cos_sin, *KernelsAt(level));
    for (size_t head = 0; head < heads.size(); head += 24) {
      for (size_t i = 0; i < 10; ++i) {
        const double a = heads[head + i];
        const double b = heads[head + i + 10];
        const double angle = 7 * frequencies[i];
        ASSERT_NEAR(turned[head + i], a * std::cos(angle) - b * std::sin(angle), 1e-5);
        ASSERT_NEAR(turned[head + i + 10], a * std::sin(angle) + b * std::cos(angle), 1e-5);
      }
      for (size_t i = 20; i < 24; ++i) {
        ASSERT_EQ(turned[head + i], heads[head + i]);
      }
    }
  }
}

TEST(Rope, InterleavedPairsAreNeighbours) {
  const std::vector<float> cos_sin = {0, 1, 1, 0};  // pair 0 by a quarter turn, pair 1 not at all
  std::vector<float> heads = {1, 2, 3, 4, 5};
  RopeInterleaved(heads, 5, cos_sin);
  EXPECT_EQ(heads, (std::vector<float>{-2, 1, 3, 4, 5}));
}

// Section 3.2 of arXiv:2309.00071: fast pairs keep their frequency, slow ones are stretched by the
// factor.
TEST(Rope, YarnKeepsFastPairsAndStretchesSlowOnes) {
  RopeOptions options = {.rotary_size = 128, .base = 1e6};
  const auto plain = RopeFrequencies(options);
  options.yarn = YarnOptions{.factor = 4, .original_context_tokens = 32768};
  const auto yarn = RopeFrequencies(options);
  EXPECT_DOUBLE_EQ(yarn.front(), plain.front());
  EXPECT_DOUBLE_EQ(yarn.back(), plain.back() / 4);
  for (size_t i = 0; i < plain.size(); ++i) {
    const double turns = 32768 * plain[i] / (2 * std::numbers::pi);
    if (turns > 40) {
      EXPECT_DOUBLE_EQ(yarn[i], plain[i]) << i;
    } else if (turns < 0.8) {
      EXPECT_DOUBLE_EQ(yarn[i], plain[i] / 4) << i;
    }
    EXPECT_LE(yarn[i], plain[i]);
    EXPECT_GE(yarn[i], plain[i] / 4);
  }
  EXPECT_DOUBLE_EQ(YarnAttentionFactor(1), 1);
  EXPECT_NEAR(YarnAttentionFactor(4), 1.1386, 1e-4);
}

TEST(Rope, LinearScalingDividesPositions) {
  const auto plain = RopeFrequencies({.rotary_size = 8});
  const auto half = RopeFrequencies({.rotary_size = 8, .linear_factor = 2});
  for (size_t i = 0; i < plain.size(); ++i) {
    EXPECT_DOUBLE_EQ(half[i], plain[i] / 2);
  }
}

}  // namespace
}  // namespace millrace::kernels
