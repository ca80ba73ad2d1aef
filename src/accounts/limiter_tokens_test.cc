#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <random>
#include <vector>

#include "accounts/limiter.h"
#include "accounts/testing/limiter_fixture.h"

namespace millrace::accounts {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

using LimiterTokensTest = LimiterFixture;

TEST_F(LimiterTokensTest, PromptTokensCountAtAdmission) {
  const Limits limits{.tpm = 100};
  EXPECT_TRUE(Passes(Ask(60), limits));
  EXPECT_EQ(Try(Ask(41), limits), LimitMetric::kTpm);
  EXPECT_TRUE(Passes(Ask(40), limits));
  EXPECT_EQ(Try(Ask(1), limits), LimitMetric::kTpm);
  clock_.Advance(minutes(1));
  EXPECT_TRUE(Passes(Ask(100), limits));
}

TEST_F(LimiterTokensTest, GeneratedTokensCountWhenTheyAppear) {
  const Limits limits{.tpm = 100};
  {
    Reservation running = Start(Ask(10, 50), limits);
    clock_.Advance(seconds(20));
    running.SetGenerated(30);
    clock_.Advance(seconds(10));
    running.SetGenerated(50);
    running.SetGenerated(40);  // less than before: nothing
  }
  EXPECT_EQ(Try(Ask(41), limits), LimitMetric::kTpm);
  EXPECT_TRUE(Passes(Ask(40), limits));
  // The prompt leaves first, then each part of the answer.
  clock_.Advance(seconds(30));
  EXPECT_EQ(Try(Ask(11), limits), LimitMetric::kTpm);
  clock_.Advance(seconds(20));
  EXPECT_TRUE(Passes(Ask(40), limits));
}

TEST_F(LimiterTokensTest, TokensOfADayAreCountedWhereTheyAppear) {
  const Limits limits{.tpd = 100};
  Reservation running = Start(Ask(10, 50), limits);
  running.SetGenerated(20);
  EXPECT_EQ(Try(Ask(41), limits), LimitMetric::kTpd);
  clock_.Advance(kUntilMidnight);
  running.SetGenerated(50);
  EXPECT_EQ(Try(Ask(71), limits), LimitMetric::kTpd);
  EXPECT_TRUE(Passes(Ask(70), limits));
}

TEST_F(LimiterTokensTest, WhatMayBeGeneratedIsReservedAndGoesBack) {
  const Limits limits{.tpm = 100, .tpd = 100};
  {
    Reservation running = Start(Ask(10, 80), limits);
    EXPECT_EQ(Try(Ask(11), limits), LimitMetric::kTpm);
    EXPECT_EQ(Try(Ask(11), {.tpd = 100}), LimitMetric::kTpd);
    running.SetGenerated(30);  // moves from reserved to booked
    EXPECT_EQ(Try(Ask(11), limits), LimitMetric::kTpm);
  }
  EXPECT_EQ(Try(Ask(61), limits), LimitMetric::kTpm);
  EXPECT_TRUE(Passes(Ask(60), limits));
}

TEST_F(LimiterTokensTest, AReservedLimitIsNeverOvershot) {
  const Limits limits{.tpm = 5000};
  struct Running {
    Reservation reservation;
    int64_t most = 0;
    int64_t generated = 0;
  };
  std::vector<Running> running;
  std::deque<std::pair<base::TimePoint, int64_t>> booked;
  std::mt19937_64 random(11);
  int64_t admitted = 0;
  for (int i = 0; i < 20'000; ++i) {
    clock_.Advance(milliseconds(random() % 300));
    const auto prompt = static_cast<int64_t>(random() % 300);
    const auto most = static_cast<int64_t>(random() % 700);
    if (auto result = limiter_->Admit(Ask(prompt, most), limits)) {
      booked.emplace_back(clock_.Now(), prompt);
      running.push_back({*std::move(result), most, 0});
      ++admitted;
    }
    if (!running.empty()) {
      const size_t chosen = random() % running.size();
      Running& one = running[chosen];
      const int64_t growth = static_cast<int64_t>(random() % 100);
      const int64_t next = std::min(one.most, one.generated + growth);
      one.reservation.SetGenerated(next);
      booked.emplace_back(clock_.Now(), next - one.generated);
      one.generated = next;
      if (random() % 4 == 0) {
        running.erase(running.begin() + static_cast<std::ptrdiff_t>(chosen));
      }
    }
    int64_t sum = 0;
    while (!booked.empty() && booked.front().first + minutes(1) <= clock_.Now()) {
      booked.pop_front();
    }
    for (const auto& [time, amount] : booked) {
      sum += amount;
    }
    ASSERT_LE(sum, limits.tpm) << i;
  }
  EXPECT_GT(admitted, 200);
}

TEST_F(LimiterTokensTest, TheWaitForTokensIsUntilEnoughOfThemHaveLeft) {
  const Limits limits{.tpm = 100};
  Spend(Ask(30), 0, limits);
  clock_.Advance(seconds(10));
  Spend(Ask(30), 0, limits);
  clock_.Advance(seconds(10));
  Spend(Ask(30), 0, limits);
  EXPECT_EQ(RefusalOf(Ask(20), limits).retry_after, seconds(40));
  EXPECT_EQ(RefusalOf(Ask(40), limits).retry_after, seconds(40));
  EXPECT_EQ(RefusalOf(Ask(41), limits).retry_after, seconds(50));
  EXPECT_EQ(RefusalOf(Ask(71), limits).retry_after, seconds(60));
  clock_.Advance(seconds(50));
  EXPECT_TRUE(Passes(Ask(41), limits));
}

TEST_F(LimiterTokensTest, TheWaitForTokensHoldsWhileOthersKeepRunning) {
  const Limits limits{.tpm = 100};
  Spend(Ask(30), 0, limits);
  clock_.Advance(seconds(25));
  const Reservation running = Start(Ask(10, 30), limits);
  const LimitRefusal refusal = RefusalOf(Ask(20, 20), limits);
  EXPECT_EQ(refusal.retry_after, seconds(35));
  clock_.Advance(seconds(35));
  EXPECT_TRUE(Passes(Ask(20, 20), limits));
}

TEST_F(LimiterTokensTest, ARunningReservationInTheWayBoundsTheWait) {
  const Limits limits{.tpm = 100, .tpd = 100};
  std::optional<Reservation> running = Start(Ask(10, 80), limits);
  EXPECT_EQ(RefusalOf(Ask(30), limits).retry_after, seconds(10));
  EXPECT_EQ(RefusalOf(Ask(30), {.tpd = 100}).retry_after, seconds(10));
  running->SetGenerated(75);
  clock_.Advance(seconds(20));
  EXPECT_EQ(RefusalOf(Ask(96), limits).retry_after, seconds(40));
  EXPECT_EQ(RefusalOf(Ask(30), {.tpd = 100}).retry_after, kUntilMidnight - seconds(20));
}

TEST_F(LimiterTokensTest, ARunningRequestCrossesLimitsFreely) {
  const Limits limits{.tpm = 100, .tpd = 100};
  Reservation running = Start(Ask(10, 20), limits);
  running.SetGenerated(500);
  running.SetGenerated(600);
  EXPECT_EQ(Try(Ask(1), limits), LimitMetric::kTpm);
  EXPECT_EQ(RefusalOf(Ask(1), limits).status.tokens->remaining, 0);
}

TEST_F(LimiterTokensTest, AReservationAboveTheWholeLimitPassesAlone) {
  const Limits limits{.tpm = 100};
  {
    const Reservation running = Start(Ask(10, 5000), limits);
    EXPECT_EQ(Try(Ask(1), limits), LimitMetric::kTpm);
    EXPECT_EQ(Try(Ask(10, 5000), limits), LimitMetric::kTpm);
  }
  EXPECT_EQ(RefusalOf(Ask(10, 5000), limits).retry_after, seconds(60));
  EXPECT_TRUE(Passes(Ask(10, 20), limits));
  clock_.Advance(seconds(60));
  EXPECT_TRUE(Passes(Ask(10, 5000), limits));
}

TEST_F(LimiterTokensTest, AReservationAboveTheWholeLimitWaitsForWhatRuns) {
  const Limits limits{.tpm = 100};
  std::optional<Reservation> running = Start(Ask(10, 0), limits);
  clock_.Advance(minutes(5));  // nothing is booked any more, nor reserved
  EXPECT_EQ(RefusalOf(Ask(10, 5000), limits).retry_after, seconds(10));
  running.reset();
  EXPECT_TRUE(Passes(Ask(10, 5000), limits));
}

TEST_F(LimiterTokensTest, APromptAboveTheWholeLimitNeverPasses) {
  EXPECT_TRUE(Passes(Ask(100, 1), {.tpm = 100}));
  clock_.Advance(minutes(2));
  const LimitRefusal refusal = RefusalOf(Ask(101), {.tpm = 100});
  EXPECT_EQ(refusal.metric, LimitMetric::kTpm);
  EXPECT_EQ(refusal.retry_after, seconds(60));
  EXPECT_EQ(RefusalOf(Ask(101), {.tpd = 100}).metric, LimitMetric::kTpd);
}

TEST_F(LimiterTokensTest, WithoutACapTheUsualOutputIsReserved) {
  const Limits limits{.tpm = 10'000};
  // Nothing known yet: 512.
  EXPECT_EQ(Start(Ask(100, std::nullopt), limits).status().tokens->remaining, 9'388);
  Spend(Ask(100, std::nullopt), 200, limits);
  EXPECT_EQ(Start(Ask(0, std::nullopt), limits).status().tokens->remaining, 9'400);
  Spend(Ask(0, std::nullopt), 1000, limits);  // the mean goes an eighth of the way: 300
  EXPECT_EQ(Start(Ask(0, std::nullopt), limits).status().tokens->remaining, 8'300);
  // Another key of the account has its own.
  Demand other = Ask(0, std::nullopt);
  other.key_id = "key-2";
  EXPECT_EQ(Start(other, limits).status().tokens->remaining, 8'088);
}

TEST_F(LimiterTokensTest, AnEstimateIsToppedUpWhileTheRequestRuns) {
  Use({.reservation = TpmReservation::kEstimate});
  const Limits limits{.tpm = 10'000};
  Spend(Ask(0), 400, limits);
  clock_.Advance(minutes(1));
  Reservation running = Start(Ask(100, 9'000), limits);
  EXPECT_EQ(running.status().tokens->remaining, 9'500);
  const auto remaining = [&] { return RefusalOf(Ask(20'000), limits).status.tokens->remaining; };
  running.SetGenerated(399);
  EXPECT_EQ(remaining(), 9'500);
  running.SetGenerated(400);
  EXPECT_EQ(remaining(), 9'400);  // a quarter of the estimate more
  running.SetGenerated(450);
  EXPECT_EQ(remaining(), 9'400);
  running.SetGenerated(8'950);
  EXPECT_EQ(remaining(), 900);  // never above what the client allowed
  running.SetGenerated(9'000);
  EXPECT_EQ(remaining(), 900);
}

TEST_F(LimiterTokensTest, AnEstimateIsNeverAboveTheCap) {
  Use({.reservation = TpmReservation::kEstimate});
  EXPECT_EQ(Start(Ask(10, 90), {.tpm = 1000}).status().tokens->remaining, 900);
}

TEST_F(LimiterTokensTest, ReasoningLeftOpenReservesWhatIsUsual) {
  Use({.reservation = TpmReservation::kMaxTokens});
  const Limits limits{.tpm = 10'000};
  Spend(Ask(0), 400, limits);
  clock_.Advance(minutes(1));
  Demand demand = Ask(100, 1);
  EXPECT_EQ(Start(demand, limits).status().tokens->remaining, 9'899);
  clock_.Advance(minutes(1));
  demand.reasoning_tokens_open = 8'000;
  Reservation running = Start(demand, limits);
  EXPECT_EQ(running.status().tokens->remaining, 9'500);
  running.SetGenerated(400);
  // Topped up by a quarter, up to the limit and what was left open.
  EXPECT_EQ(RefusalOf(Ask(20'000), limits).status.tokens->remaining, 9'400);
  running.SetGenerated(8'000);
  EXPECT_EQ(RefusalOf(Ask(20'000), limits).status.tokens->remaining, 1'899);
}

TEST_F(LimiterTokensTest, AKeyThatProducedNothingYetReservesItsLimitThoughReasoningIsOpen) {
  Use({.reservation = TpmReservation::kMaxTokens});
  Demand demand = Ask(100, 1);
  demand.reasoning_tokens_open = 8'000;
  EXPECT_EQ(Start(demand, {.tpm = 10'000}).status().tokens->remaining, 9'899);
}

TEST_F(LimiterTokensTest, ThePromptAloneMayBeReserved) {
  Use({.reservation = TpmReservation::kPrompt});
  const Limits limits{.tpm = 1000};
  for (const auto most : {std::optional<int64_t>(800), std::optional<int64_t>()}) {
    Reservation running = Start(Ask(100, most), limits);
    EXPECT_EQ(running.status().tokens->reset, seconds(60));
    running.SetGenerated(100);
  }
  EXPECT_EQ(Start(Ask(100, 800), limits).status().tokens->remaining, 500);
}

}  // namespace
}  // namespace millrace::accounts
