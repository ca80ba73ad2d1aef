#include "sampling/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "sampling/vocabulary_scan.h"

namespace millrace::sampling {
namespace {

using base::TokenId;

std::vector<float> RandomLogits(size_t count, uint32_t seed, float spread = 3.0F) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0F, spread);
  std::vector<float> logits(count);
  for (float& logit : logits) {
    logit = normal(random);
  }
  return logits;
}

TokenId SampleOnce(const SamplerOptions& options, uint64_t seed, std::vector<float> logits,
                   std::span<const uint32_t> mask = {}) {
  return Sampler(options, seed, {}).Sample(logits, mask).id;
}

// The probabilities the options define, computed plainly: sort everything, cut, normalise.
std::map<int, double> NaiveProbabilities(const SamplerOptions& o,
                                         const std::vector<float>& logits) {
  std::vector<int> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](int a, int b) {
    return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)];
  });
  const double best = logits[static_cast<size_t>(order[0])];
  const auto weight = [&](int id) {
    return std::exp((static_cast<double>(logits[static_cast<size_t>(id)]) - best) / o.temperature);
  };
  if (o.top_k > 0 && static_cast<size_t>(o.top_k) < order.size()) {
    order.resize(static_cast<size_t>(o.top_k));
  }
  double total = 0;
  for (int id : order) {
    total += weight(id);
  }
  std::map<int, double> kept;
  double mass = 0;
  for (int id : order) {
    if (o.top_p < 1 && mass >= o.top_p * total) {
      break;
    }
    mass += weight(id);
    if (weight(id) >= o.min_p) {
      kept[id] = weight(id);
    }
  }
  double sum = 0;
  for (const auto& [id, w] : kept) {
    sum += w;
  }
  for (auto& [id, w] : kept) {
    w /= sum;
  }
  return kept;
}

struct Case {
  std::string name;
  SamplerOptions options;
};

std::vector<Case> Cases() {
  return {
      {"plain", {.temperature = 1.0}},
      {"hot", {.temperature = 1.7}},
      {"top_k", {.temperature = 0.8, .top_k = 7}},
      {"top_p", {.temperature = 1.0, .top_p = 0.6}},
      {"top_p_wide", {.temperature = 1.5, .top_p = 0.99}},
      {"top_p_flat", {.temperature = 1.9, .top_p = 0.95, .min_p = 0.01}},
      {"min_p", {.temperature = 1.0, .min_p = 0.05}},
      {"top_k_top_p", {.temperature = 0.7, .top_p = 0.7, .top_k = 50}},
      {"all", {.temperature = 1.2, .top_p = 0.9, .top_k = 30, .min_p = 0.02}},
  };
}

TEST(Sampler, FrequenciesFollowThePlainlyComputedDistribution) {
  constexpr int kDraws = 40'000;
  for (const Case& c : Cases()) {
    const std::vector<float> logits = RandomLogits(300, 11, 1.5F);
    const std::map<int, double> expected = NaiveProbabilities(c.options, logits);
    std::map<int, int> seen;
    for (int i = 0; i < kDraws; ++i) {
      ++seen[ToIndex(SampleOnce(c.options, static_cast<uint64_t>(i), logits))];
    }
    // Pearson's statistic over tokens with enough expected draws, the rest in one cell.
    double statistic = 0;
    int cells = 0;
    double rest_expected = 0;
    double rest_seen = 0;
    for (const auto& [id, p] : expected) {
      const double e = p * kDraws;
      if (e < 20) {
        rest_expected += e;
        rest_seen += seen[id];
      } else {
        statistic += (seen[id] - e) * (seen[id] - e) / e;
        ++cells;
      }
    }
    if (rest_expected > 20) {
      statistic += (rest_seen - rest_expected) * (rest_seen - rest_expected) / rest_expected;
    }
    for (const auto& [id, count] : seen) {
      EXPECT_TRUE(expected.contains(id)) << c.name << ": token " << id << " drawn " << count;
    }
    // Mean `cells`, deviation sqrt(2 cells): five deviations, and the seeds are fixed.
    EXPECT_LT(statistic, cells + 5 * std::sqrt(2.0 * cells) + 5) << c.name;
  }
}

TEST(Sampler, DrawsOfOneChoiceFollowTheDistributionToo) {
  const std::vector<float> logits{0.0F, std::log(2.0F), std::log(5.0F)};
  Sampler sampler({.temperature = 1.0}, 5, {});
  std::map<int, int> seen;
  for (int i = 0; i < 16'000; ++i) {
    std::vector<float> row = logits;
    ++seen[ToIndex(sampler.Sample(row).id)];
  }
  EXPECT_NEAR(seen[0], 2000, 220);
  EXPECT_NEAR(seen[1], 4000, 300);
  EXPECT_NEAR(seen[2], 10'000, 320);
}

TEST(Sampler, LargeVocabularyDrawsOnlyFromTheDefinedSet) {
  for (const Case& c : Cases()) {
    if (c.name == "plain" || c.name == "hot") {
      continue;
    }
    for (uint32_t seed = 0; seed < 8; ++seed) {
      const std::vector<float> logits = RandomLogits(20'011, seed);
      // Boundaries hold to rounding of the total mass only, so the reference is cut a hair wider.
      SamplerOptions wider = c.options;
      wider.top_p = wider.top_p < 1 ? wider.top_p + 1e-6 : 1;
      wider.min_p *= 1 - 1e-6;
      const std::map<int, double> allowed = NaiveProbabilities(wider, logits);
      for (uint64_t draw = 0; draw < 40; ++draw) {
        const int id = ToIndex(SampleOnce(c.options, draw, logits));
        EXPECT_TRUE(allowed.contains(id)) << c.name << " seed " << seed << " token " << id;
      }
    }
  }
}

TEST(Sampler, SameSeedAndDrawGiveTheSameTokenWhateverCameBefore) {
  const std::vector<float> logits = RandomLogits(1000, 3);
  const SamplerOptions options{.temperature = 1.0};
  Sampler drawn(options, 42, {});
  Sampler forced(options, 42, {});
  std::vector<float> row = RandomLogits(1000, 4);
  drawn.Sample(row);
  forced.Accept(TokenId{17});
  std::vector<float> first = logits;
  std::vector<float> second = logits;
  EXPECT_EQ(drawn.Sample(first).id, forced.Sample(second).id);
}

TEST(Sampler, TemperatureZeroTakesTheLowestOfEqualBest) {
  std::vector<float> logits(100, 1.0F);
  logits[70] = 5.0F;
  logits[33] = 5.0F;
  EXPECT_EQ(SampleOnce({.temperature = 0}, 1, logits), TokenId{33});
  EXPECT_EQ(SampleOnce({.temperature = 1, .top_p = 0}, 1, logits), TokenId{33});
  EXPECT_EQ(SampleOnce({.temperature = 1, .top_k = 1}, 1, logits), TokenId{33});
}

TEST(Sampler, BiasComesBeforePenalties) {
  // With the bias first the logit is 1 and halves to 0.5; the other way round it would stay 0.5
  // + 1.
  const std::vector<TokenId> prompt{TokenId{0}};
  Sampler sampler({.temperature = 0, .repetition_penalty = 2.0, .logit_bias = {{TokenId{0}, 2.0F}}},
                  1, prompt);
  std::vector<float> logits{-1.0F, 0.75F};
  EXPECT_EQ(sampler.Sample(logits).id, TokenId{1});
  EXPECT_FLOAT_EQ(logits[0], 0.5F);
}

TEST(Sampler, RepetitionPenaltyCoversPromptAndGeneratedOnceEach) {
  const std::vector<TokenId> prompt{TokenId{0}, TokenId{0}, TokenId{2}};
  Sampler sampler({.temperature = 0, .repetition_penalty = 2.0}, 1, prompt);
  sampler.Accept(TokenId{2});
  sampler.Accept(TokenId{3});
  std::vector<float> logits{4.0F, 4.0F, -4.0F, 4.0F};
  sampler.Sample(logits);
  EXPECT_EQ(logits, (std::vector<float>{2.0F, 4.0F, -8.0F, 2.0F}));
}

TEST(Sampler, FrequencyAndPresenceCountGeneratedTokensOnly) {
  const std::vector<TokenId> prompt{TokenId{0}};
  Sampler sampler({.temperature = 0, .frequency_penalty = 0.5, .presence_penalty = 1.0}, 1, prompt);
  sampler.Accept(TokenId{1});
  sampler.Accept(TokenId{1});
  std::vector<float> logits{1.0F, 1.0F, 1.0F};
  EXPECT_EQ(sampler.Sample(logits).id, TokenId{0});
  EXPECT_FLOAT_EQ(logits[1], -1.0F);
}

TEST(Sampler, MaskedTokensAreNeverChosen) {
  const std::vector<float> logits = RandomLogits(100, 9);
  std::vector<uint32_t> mask(4, 0);
  mask[1] = 0b1010'0000;  // tokens 37 and 39
  for (const Case& c : Cases()) {
    for (uint64_t seed = 0; seed < 50; ++seed) {
      const int id = ToIndex(SampleOnce(c.options, seed, logits, mask));
      EXPECT_TRUE(id == 37 || id == 39) << c.name << " " << id;
    }
  }
}

TEST(Sampler, BrokenLogitsNeitherCrashNorWin) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  std::vector<float> mixed(100, nan);
  mixed[41] = 1.0F;
  mixed[50] = -inf;
  std::vector<float> with_infinity = RandomLogits(100, 2);
  with_infinity[60] = inf;
  for (const Case& c : Cases()) {
    for (std::optional<int32_t> top_logprobs : {std::optional<int32_t>(), std::optional(5)}) {
      SamplerOptions options = c.options;
      options.top_logprobs = top_logprobs;
      EXPECT_EQ(SampleOnce(options, 3, mixed), TokenId{41}) << c.name;
      EXPECT_EQ(SampleOnce(options, 3, with_infinity), TokenId{60}) << c.name;
      EXPECT_EQ(SampleOnce(options, 3, std::vector<float>(100, nan)), TokenId{0}) << c.name;
      EXPECT_EQ(SampleOnce(options, 3, std::vector<float>(100, -inf)), TokenId{0}) << c.name;
    }
  }
  const std::vector<uint32_t> mask{0, 0, 0, 0b1000};
  EXPECT_EQ(SampleOnce({}, 3, std::vector<float>(100, nan), mask), TokenId{99});
}

TEST(Sampler, LogprobIsThatOfTheRawDistribution) {
  std::vector<float> logits{0.0F, std::log(3.0F), std::log(4.0F)};
  SamplerOptions options{.temperature = 0, .logit_bias = {{TokenId{1}, 50.0F}}};
  options.top_logprobs = 2;
  const std::vector<uint32_t> mask{0b011};
  const SampledToken sampled = Sampler(options, 1, {}).Sample(logits, mask);
  EXPECT_EQ(sampled.id, TokenId{1});
  EXPECT_NEAR(sampled.logprob, std::log(3.0 / 8.0), 1e-6);
  ASSERT_EQ(sampled.top.size(), 2U);
  EXPECT_EQ(sampled.top[0].id, TokenId{2});
  EXPECT_NEAR(sampled.top[0].logprob, std::log(4.0 / 8.0), 1e-6);
  EXPECT_EQ(sampled.top[1], (TokenLogprob{TokenId{1}, sampled.logprob}));
}

TEST(Sampler, TopLogprobsAreTheLikeliestOfTheWholeVocabulary) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    std::vector<float> raw = RandomLogits(3000, seed);
    raw[7] = raw[2999] = raw[1234];  // equal ones: the lowest id first
    long double sum = 0;
    for (const float logit : raw) {
      sum += std::exp(static_cast<long double>(logit));
    }
    std::vector<int32_t> order(raw.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, std::ranges::greater{},
                             [&](int32_t id) { return raw[static_cast<size_t>(id)]; });
    std::vector<float> logits = raw;
    const SampledToken sampled =
        Sampler({.temperature = 1, .top_logprobs = 20}, seed, {}).Sample(logits);
    const auto expected = [&](TokenId id) {
      return static_cast<double>(static_cast<long double>(raw[static_cast<size_t>(ToIndex(id))]) -
                                 std::log(sum));
    };
    EXPECT_NEAR(sampled.logprob, expected(sampled.id), 2e-6);
    ASSERT_EQ(sampled.top.size(), 20U);
    for (size_t i = 0; i < sampled.top.size(); ++i) {
      EXPECT_EQ(ToIndex(sampled.top[i].id), order[i]) << seed;
      EXPECT_NEAR(sampled.top[i].logprob, expected(sampled.top[i].id), 2e-6);
    }
  }
}

TEST(Sampler, TopLogprobsAreAsManyAsAskedForOrAsThereAreTokens) {
  const float inf = std::numeric_limits<float>::infinity();
  const auto top = [&](int32_t count) {
    std::vector<float> logits{-inf, 1.0F, std::numeric_limits<float>::quiet_NaN(), 2.0F};
    return Sampler({.temperature = 0, .top_logprobs = count}, 1, {}).Sample(logits).top;
  };
  EXPECT_TRUE(top(0).empty());
  EXPECT_EQ(top(1).size(), 1U);
  const std::vector<TokenLogprob> all = top(20);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].id, TokenId{3});
  EXPECT_EQ(all[1].id, TokenId{1});
  EXPECT_EQ(all[2], (TokenLogprob{TokenId{0}, -9999.0F}));
  EXPECT_EQ(all[3], (TokenLogprob{TokenId{2}, -9999.0F}));
}

TEST(Sampler, AskingForLogprobsChangesNoDraw) {
  for (const Case& c : Cases()) {
    SamplerOptions asking = c.options;
    asking.top_logprobs = 20;
    Sampler plain(c.options, 5, {});
    Sampler curious(asking, 5, {});
    for (uint32_t step = 0; step < 20; ++step) {
      std::vector<float> logits = RandomLogits(500, step);
      std::vector<float> same = logits;
      EXPECT_EQ(plain.Sample(logits).id, curious.Sample(same).id) << c.name;
    }
  }
}

TEST(Sampler, OptionsOutsideTheVocabularyAreIgnored) {
  Sampler sampler({.temperature = 0, .logit_bias = {{TokenId{7}, 1.0F}, {TokenId{-1}, 1.0F}}}, 1,
                  {});
  sampler.Accept(TokenId{9});
  std::vector<float> logits{0.0F, 1.0F};
  EXPECT_EQ(sampler.Sample(logits).id, TokenId{1});
}

TEST(VocabularyScan, BestAreThoseOfAFullSort) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    const size_t size = 1 + random() % 3000;
    const size_t count = 1 + random() % 100;
    std::vector<float> logits(size);
    for (float& logit : logits) {
      logit = static_cast<float>(random() % 50);  // many equal ones
    }
    if (round % 3 == 0) {
      std::ranges::sort(logits);
    }
    std::vector<int> order(size);
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, [&](int a, int b) {
      return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)];
    });
    std::vector<Candidate> best;
    SelectBest(logits, count, best);
    ASSERT_EQ(best.size(), std::min(size, count));
    for (size_t i = 0; i < best.size(); ++i) {
      ASSERT_EQ(ToIndex(best[i].id), order[i]) << "round " << round;
    }
  }
}

TEST(VocabularyScan, MassIsReachedByTheFewestBestTokens) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    const std::vector<float> logits =
        RandomLogits(30'000, seed, 0.1F + 0.2F * static_cast<float>(seed));
    const float best = LargestLogit(logits);
    std::vector<double> sums;
    const double wanted = 0.9 * ExpSums(logits, best, 1.0F, sums);
    std::vector<Candidate> kept;
    SelectMass(logits, best, 1.0F, wanted, kept);
    double mass = 0;
    float worst = best;
    for (const Candidate& candidate : kept) {
      mass += candidate.weight;
      worst = std::min(worst, candidate.logit);
    }
    EXPECT_GE(mass, wanted * (1 - 1e-12));
    EXPECT_LT(mass - static_cast<double>(ExpWeight(worst, best, 1.0F)), wanted);
    EXPECT_EQ(kept.size(), static_cast<size_t>(std::ranges::count_if(
                               logits, [&](float logit) { return logit >= worst; })));
  }
}

TEST(VocabularyScan, AtLeastFindsExactlyTheTokensNotBelowTheLimit) {
  const std::vector<float> logits = RandomLogits(10'007, 8);
  for (float limit : {-100.0F, 0.0F, 8.0F, logits[77], 1000.0F}) {
    std::vector<Candidate> found;
    SelectAtLeast(logits, limit, found);
    size_t next = 0;
    for (size_t i = 0; i < logits.size(); ++i) {
      if (logits[i] >= limit) {
        ASSERT_LT(next, found.size());
        EXPECT_EQ(ToIndex(found[next++].id), static_cast<int>(i));
      }
    }
    EXPECT_EQ(next, found.size());
  }
}

TEST(VocabularyScan, ExponentialIsAccurateDownToItsFloor) {
  for (double x = -86.5; x <= 0; x += 0.0137) {
    const auto arg = static_cast<float>(x);
    const double exact = std::exp(static_cast<double>(arg));
    EXPECT_NEAR(static_cast<double>(ExpWeight(arg, 0.0F, 1.0F)) / exact, 1.0, 3e-7) << x;
  }
  EXPECT_EQ(ExpWeight(0.0F, 0.0F, 1.0F), 1.0F);
  EXPECT_LT(ExpWeight(-std::numeric_limits<float>::infinity(), 0.0F, 1.0F), 1e-30F);
}

}  // namespace
}  // namespace millrace::sampling
