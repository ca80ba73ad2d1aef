#include "accounts/limiter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <latch>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include "base/testing/fake_clock.h"

namespace millrace::accounts {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// 2023-11-14 22:13:20 UTC: 6,400 seconds before midnight.
constexpr int64_t kEvening = 1'700'000'000'000;
constexpr seconds kUntilMidnight{6400};

class LimiterTest : public testing::Test {
 protected:
  void Use(const LimiterOptions& options) { limiter_ = Limiter::Create(options, &clock_); }

  static Demand Ask(int64_t prompt = 10, std::optional<int64_t> most = 0) {
    return {.account_id = "a",
            .key_id = "key-1",
            .model = "m",
            .prompt_tokens = prompt,
            .completion_tokens_max = most};
  }
  // The metric that refuses, nothing when admitted; the request ends at once.
  std::optional<LimitMetric> Try(const Demand& demand, const Limits& limits) {
    auto result = limiter_->Admit(demand, limits);
    return result ? std::nullopt : std::optional(result.error().metric);
  }
  bool Passes(const Demand& demand, const Limits& limits) { return !Try(demand, limits); }
  LimitRefusal RefusalOf(const Demand& demand, const Limits& limits) {
    auto result = limiter_->Admit(demand, limits);
    EXPECT_FALSE(result.has_value());
    return result ? LimitRefusal{} : result.error();
  }
  Reservation Start(const Demand& demand, const Limits& limits) {
    auto result = limiter_->Admit(demand, limits);
    EXPECT_TRUE(result.has_value());
    return result ? *std::move(result) : Reservation();
  }
  // A request that generates `completion` tokens and ends.
  void Spend(const Demand& demand, int64_t completion, const Limits& limits) {
    Start(demand, limits).SetGenerated(completion);
  }

  base::FakeClock clock_{kEvening};
  std::unique_ptr<Limiter> limiter_ = Limiter::Create({}, &clock_);
};

TEST_F(LimiterTest, WithoutLimitsEverythingPasses) {
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(Passes(Ask(1'000'000, 1'000'000), {}));
  }
  const Reservation reservation = Start(Ask(), {});
  EXPECT_FALSE(reservation.status().requests || reservation.status().tokens);
}

TEST_F(LimiterTest, ExactlyKRequestsPassInAMinute) {
  const Limits limits{.rpm = 3};
  EXPECT_TRUE(Passes(Ask(), limits));
  clock_.Advance(seconds(10));
  EXPECT_TRUE(Passes(Ask(), limits));
  EXPECT_TRUE(Passes(Ask(), limits));
  EXPECT_EQ(Try(Ask(), limits), LimitMetric::kRpm);
  clock_.Advance(seconds(50) - nanoseconds(1));
  EXPECT_EQ(Try(Ask(), limits), LimitMetric::kRpm);
  clock_.Advance(nanoseconds(1));
  EXPECT_TRUE(Passes(Ask(), limits));
  EXPECT_EQ(Try(Ask(), limits), LimitMetric::kRpm);
}

TEST_F(LimiterTest, NoWindowOfAMinuteEverHoldsMoreThanK) {
  const Limits limits{.rpm = 20};
  std::mt19937_64 random(3);
  std::deque<base::TimePoint> admitted;
  for (int i = 0; i < 20'000; ++i) {
    clock_.Advance(milliseconds(random() % 900));
    while (!admitted.empty() && admitted.front() + minutes(1) <= clock_.Now()) {
      admitted.pop_front();
    }
    const bool expected = admitted.size() < 20;
    ASSERT_EQ(Passes(Ask(), limits), expected) << i;
    if (expected) {
      admitted.push_back(clock_.Now());
    }
  }
}

TEST_F(LimiterTest, RetryAfterIsWhenTheRefusedRequestPasses) {
  const Limits limits{.rpm = 2};
  EXPECT_TRUE(Passes(Ask(), limits));
  clock_.Advance(milliseconds(1500));
  EXPECT_TRUE(Passes(Ask(), limits));
  clock_.Advance(milliseconds(500));
  EXPECT_EQ(RefusalOf(Ask(), limits).retry_after, seconds(58));
  clock_.Advance(milliseconds(57'900));
  EXPECT_EQ(RefusalOf(Ask(), limits).retry_after, seconds(1));
  clock_.Advance(seconds(1));
  EXPECT_TRUE(Passes(Ask(), limits));
}

TEST_F(LimiterTest, RefusedRequestsDoNotPushTheWindow) {
  const Limits limits{.rpm = 1, .rph = 100, .rpd = 100, .tpm = 1000, .tpd = 1000};
  EXPECT_TRUE(Passes(Ask(), limits));
  for (int i = 0; i < 59; ++i) {
    clock_.Advance(seconds(1));
    EXPECT_EQ(Try(Ask(500), limits), LimitMetric::kRpm);
  }
  clock_.Advance(seconds(1));
  const Reservation second = Start(Ask(), limits);
  EXPECT_EQ(second.status().tokens->remaining, 990);
}

TEST_F(LimiterTest, HoursSlideToo) {
  const Limits limits{.rph = 2};
  EXPECT_TRUE(Passes(Ask(), limits));
  clock_.Advance(minutes(59));
  EXPECT_TRUE(Passes(Ask(), limits));
  const LimitRefusal refusal = RefusalOf(Ask(), limits);
  EXPECT_EQ(refusal.metric, LimitMetric::kRph);
  EXPECT_EQ(refusal.retry_after, seconds(60));
  clock_.Advance(minutes(1));
  EXPECT_TRUE(Passes(Ask(), limits));
  EXPECT_EQ(RefusalOf(Ask(), limits).retry_after, minutes(59));
}

TEST_F(LimiterTest, DaysEndAtMidnight) {
  const Limits limits{.rpd = 1};
  EXPECT_TRUE(Passes(Ask(), limits));
  const LimitRefusal refusal = RefusalOf(Ask(), limits);
  EXPECT_EQ(refusal.metric, LimitMetric::kRpd);
  EXPECT_EQ(refusal.retry_after, kUntilMidnight);
  clock_.Advance(kUntilMidnight - milliseconds(1));
  EXPECT_EQ(RefusalOf(Ask(), limits).retry_after, seconds(1));
  clock_.Advance(milliseconds(1));
  EXPECT_TRUE(Passes(Ask(), limits));
  EXPECT_EQ(RefusalOf(Ask(), limits).retry_after, hours(24));
}

TEST_F(LimiterTest, MidnightIsThatOfTheConfiguredZone) {
  const Limits limits{.rpd = 1, .tpd = 1000};
  Use({.day_offset = hours(8)});
  EXPECT_TRUE(Passes(Ask(), limits));
  EXPECT_EQ(RefusalOf(Ask(), limits).retry_after, kUntilMidnight + hours(16));
  Use({.day_offset = -hours(23)});
  EXPECT_TRUE(Passes(Ask(), limits));
  EXPECT_EQ(RefusalOf(Ask(), limits).retry_after, kUntilMidnight - hours(1));
  Use({.day_offset = minutes(90)});
  EXPECT_TRUE(Passes(Ask(), limits));
  EXPECT_EQ(RefusalOf(Ask(), limits).retry_after, kUntilMidnight - minutes(90));
  clock_.Advance(kUntilMidnight - minutes(90));
  EXPECT_TRUE(Passes(Ask(), limits));
}

TEST_F(LimiterTest, AWaitIsThatOfTheFirstMetricThatRefuses) {
  const Limits all{.rpm = 1, .rph = 1, .rpd = 1, .tpm = 10, .tpd = 10, .running = 1};
  const Reservation first = Start(Ask(), all);
  EXPECT_EQ(Try(Ask(), all), LimitMetric::kRpm);
  EXPECT_EQ(Try(Ask(), {.rph = 1, .rpd = 1, .tpm = 10, .running = 1}), LimitMetric::kRph);
  EXPECT_EQ(Try(Ask(), {.rpd = 1, .tpm = 10, .tpd = 10, .running = 1}), LimitMetric::kRpd);
  EXPECT_EQ(Try(Ask(), {.tpm = 10, .tpd = 10, .running = 1}), LimitMetric::kTpm);
  EXPECT_EQ(Try(Ask(), {.tpd = 10, .running = 1}), LimitMetric::kTpd);
  EXPECT_EQ(Try(Ask(), {.running = 1}), LimitMetric::kRunning);
}

TEST_F(LimiterTest, PromptTokensCountAtAdmission) {
  const Limits limits{.tpm = 100};
  EXPECT_TRUE(Passes(Ask(60), limits));
  EXPECT_EQ(Try(Ask(41), limits), LimitMetric::kTpm);
  EXPECT_TRUE(Passes(Ask(40), limits));
  EXPECT_EQ(Try(Ask(1), limits), LimitMetric::kTpm);
  clock_.Advance(minutes(1));
  EXPECT_TRUE(Passes(Ask(100), limits));
}

TEST_F(LimiterTest, GeneratedTokensCountWhenTheyAppear) {
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

TEST_F(LimiterTest, TokensOfADayAreCountedWhereTheyAppear) {
  const Limits limits{.tpd = 100};
  Reservation running = Start(Ask(10, 50), limits);
  running.SetGenerated(20);
  EXPECT_EQ(Try(Ask(41), limits), LimitMetric::kTpd);
  clock_.Advance(kUntilMidnight);
  running.SetGenerated(50);
  EXPECT_EQ(Try(Ask(71), limits), LimitMetric::kTpd);
  EXPECT_TRUE(Passes(Ask(70), limits));
}

TEST_F(LimiterTest, WhatMayBeGeneratedIsReservedAndGoesBack) {
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

TEST_F(LimiterTest, AReservedLimitIsNeverOvershot) {
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

TEST_F(LimiterTest, TheWaitForTokensIsUntilEnoughOfThemHaveLeft) {
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

TEST_F(LimiterTest, TheWaitForTokensHoldsWhileOthersKeepRunning) {
  const Limits limits{.tpm = 100};
  Spend(Ask(30), 0, limits);
  clock_.Advance(seconds(25));
  const Reservation running = Start(Ask(10, 30), limits);
  const LimitRefusal refusal = RefusalOf(Ask(20, 20), limits);
  EXPECT_EQ(refusal.retry_after, seconds(35));
  clock_.Advance(seconds(35));
  EXPECT_TRUE(Passes(Ask(20, 20), limits));
}

TEST_F(LimiterTest, ARunningReservationInTheWayBoundsTheWait) {
  const Limits limits{.tpm = 100, .tpd = 100};
  std::optional<Reservation> running = Start(Ask(10, 80), limits);
  EXPECT_EQ(RefusalOf(Ask(30), limits).retry_after, seconds(10));
  EXPECT_EQ(RefusalOf(Ask(30), {.tpd = 100}).retry_after, seconds(10));
  running->SetGenerated(75);
  clock_.Advance(seconds(20));
  EXPECT_EQ(RefusalOf(Ask(96), limits).retry_after, seconds(40));
  EXPECT_EQ(RefusalOf(Ask(30), {.tpd = 100}).retry_after, kUntilMidnight - seconds(20));
}

TEST_F(LimiterTest, ARunningRequestCrossesLimitsFreely) {
  const Limits limits{.tpm = 100, .tpd = 100};
  Reservation running = Start(Ask(10, 20), limits);
  running.SetGenerated(500);
  running.SetGenerated(600);
  EXPECT_EQ(Try(Ask(1), limits), LimitMetric::kTpm);
  EXPECT_EQ(RefusalOf(Ask(1), limits).status.tokens->remaining, 0);
}

TEST_F(LimiterTest, AReservationAboveTheWholeLimitPassesAlone) {
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

TEST_F(LimiterTest, AReservationAboveTheWholeLimitWaitsForWhatRuns) {
  const Limits limits{.tpm = 100};
  std::optional<Reservation> running = Start(Ask(10, 0), limits);
  clock_.Advance(minutes(5));  // nothing is booked any more, nor reserved
  EXPECT_EQ(RefusalOf(Ask(10, 5000), limits).retry_after, seconds(10));
  running.reset();
  EXPECT_TRUE(Passes(Ask(10, 5000), limits));
}

TEST_F(LimiterTest, APromptAboveTheWholeLimitNeverPasses) {
  EXPECT_TRUE(Passes(Ask(100, 1), {.tpm = 100}));
  clock_.Advance(minutes(2));
  const LimitRefusal refusal = RefusalOf(Ask(101), {.tpm = 100});
  EXPECT_EQ(refusal.metric, LimitMetric::kTpm);
  EXPECT_EQ(refusal.retry_after, seconds(60));
  EXPECT_EQ(RefusalOf(Ask(101), {.tpd = 100}).metric, LimitMetric::kTpd);
}

TEST_F(LimiterTest, WithoutACapTheUsualOutputIsReserved) {
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

TEST_F(LimiterTest, AnEstimateIsToppedUpWhileTheRequestRuns) {
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

TEST_F(LimiterTest, AnEstimateIsNeverAboveTheCap) {
  Use({.reservation = TpmReservation::kEstimate});
  EXPECT_EQ(Start(Ask(10, 90), {.tpm = 1000}).status().tokens->remaining, 900);
}

TEST_F(LimiterTest, ThePromptAloneMayBeReserved) {
  Use({.reservation = TpmReservation::kPrompt});
  const Limits limits{.tpm = 1000};
  for (const auto most : {std::optional<int64_t>(800), std::optional<int64_t>()}) {
    Reservation running = Start(Ask(100, most), limits);
    EXPECT_EQ(running.status().tokens->reset, seconds(60));
    running.SetGenerated(100);
  }
  EXPECT_EQ(Start(Ask(100, 800), limits).status().tokens->remaining, 500);
}

TEST_F(LimiterTest, AWithdrawnRequestWasNeverThere) {
  const Limits limits{.rpm = 2, .rph = 2, .rpd = 2, .tpm = 100, .tpd = 100, .running = 2};
  const Reservation kept = Start(Ask(10, 10), limits);
  clock_.Advance(seconds(1));
  for (int i = 0; i < 10; ++i) {
    Reservation refused = Start(Ask(20, 60), limits);
    EXPECT_EQ(refused.status().requests->remaining, 0);
    refused.Withdraw();
    refused.Withdraw();
  }
  const Reservation last = Start(Ask(20, 60), limits);
  EXPECT_EQ(last.status().tokens->remaining, 0);
  EXPECT_EQ(last.status().requests->remaining, 0);
}

TEST_F(LimiterTest, WithdrawingLateTakesNothingFromOthers) {
  const Limits limits{.rpm = 2, .rpd = 3, .tpm = 100, .tpd = 100};
  Reservation early = Start(Ask(30), limits);
  clock_.Advance(kUntilMidnight);
  const Reservation kept = Start(Ask(30), limits);
  early.Withdraw();
  const LimitStatus status = Start(Ask(30), limits).status();
  EXPECT_EQ(status.requests->remaining, 0);
  EXPECT_EQ(status.tokens->remaining, 40);
  EXPECT_EQ(Try(Ask(41), {.tpd = 100}), LimitMetric::kTpd);
}

TEST_F(LimiterTest, AMovedReservationSettlesOnce) {
  const Limits limits{.tpm = 100, .running = 2};
  Reservation first = Start(Ask(10, 30), limits);
  Reservation second = std::move(first);
  first.SetGenerated(20);  // NOLINT(bugprone-use-after-move): holds nothing, by promise
  second.SetGenerated(5);
  Reservation third = Start(Ask(10, 20), limits);
  EXPECT_EQ(Try(Ask(1), limits), LimitMetric::kRunning);
  third = std::move(second);  // ends the third
  EXPECT_EQ(third.status().tokens->remaining, 60);
  EXPECT_EQ(Start(Ask(10), limits).status().tokens->remaining, 40);
  third = Reservation();
  EXPECT_EQ(Start(Ask(0), limits).status().tokens->remaining, 65);
}

TEST_F(LimiterTest, RunningRequestsAreCappedOverAllModels) {
  const Limits limits{.running = 2};
  Demand other = Ask();
  other.model = "n";
  const Reservation first = Start(Ask(), limits);
  std::optional<Reservation> second = Start(other, limits);
  EXPECT_EQ(Try(Ask(), limits), LimitMetric::kRunning);
  EXPECT_EQ(RefusalOf(other, limits).retry_after, seconds(1));
  Demand stranger = Ask();
  stranger.account_id = "b";
  EXPECT_TRUE(Passes(stranger, limits));
  second.reset();
  EXPECT_TRUE(Passes(Ask(), limits));
}

TEST_F(LimiterTest, ModelsAreSeparateKeysShareAndAccountsDoNot) {
  const Limits limits{.rpm = 1, .tpm = 10};
  EXPECT_TRUE(Passes(Ask(), limits));
  Demand demand = Ask();
  demand.key_id = "key-2";
  EXPECT_EQ(Try(demand, limits), LimitMetric::kRpm);
  demand.model = "n";
  EXPECT_TRUE(Passes(demand, limits));
  demand.account_id = "b";
  demand.model = "m";
  EXPECT_TRUE(Passes(demand, limits));
}

TEST_F(LimiterTest, StatusTellsConfiguredMinuteMetrics) {
  Reservation first = Start(Ask(10, 20), {.rpm = 5, .tpm = 100});
  ASSERT_TRUE(first.status().requests && first.status().tokens);
  EXPECT_EQ(first.status().requests->limit, 5);
  EXPECT_EQ(first.status().requests->remaining, 4);
  EXPECT_EQ(first.status().requests->reset, seconds(60));
  EXPECT_EQ(first.status().tokens->limit, 100);
  EXPECT_EQ(first.status().tokens->remaining, 70);
  EXPECT_EQ(first.status().tokens->reset, seconds(60));
  first = Reservation();
  clock_.Advance(milliseconds(59'500));
  const LimitRefusal refusal = RefusalOf(Ask(101), {.rpm = 5, .tpm = 100});
  EXPECT_EQ(refusal.status.requests->reset, milliseconds(500));
  EXPECT_EQ(refusal.status.tokens->remaining, 90);
  EXPECT_FALSE(RefusalOf(Ask(101), {.tpm = 100}).status.requests);
  EXPECT_FALSE(Start(Ask(), {.rpm = 5}).status().tokens);
}

TEST_F(LimiterTest, AskingWhetherBooksNothing) {
  const Limits limits{.rpm = 1, .rph = 2, .rpd = 3, .tpm = 1, .running = 1};
  EXPECT_FALSE(limiter_->WouldRefuse("a", "m", limits));
  EXPECT_EQ(limiter_->entry_count(), 0U);
  EXPECT_TRUE(Passes(Ask(1), limits));
  const auto refusal = limiter_->WouldRefuse("a", "m", limits);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->metric, LimitMetric::kRpm);
  EXPECT_EQ(refusal->retry_after, seconds(60));
  EXPECT_EQ(refusal->status.requests->remaining, 0);
  EXPECT_FALSE(limiter_->WouldRefuse("a", "n", limits));
  EXPECT_FALSE(limiter_->WouldRefuse("b", "m", limits));
  clock_.Advance(minutes(1));
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(limiter_->WouldRefuse("a", "m", limits));
  }
  EXPECT_TRUE(Passes(Ask(1), limits));
  clock_.Advance(minutes(1));
  EXPECT_EQ(limiter_->WouldRefuse("a", "m", limits)->metric, LimitMetric::kRph);
}

TEST_F(LimiterTest, ChangedLimitsKnowWhatCameBefore) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(Passes(Ask(), {}));
  }
  EXPECT_EQ(Try(Ask(), {.rpm = 5}), LimitMetric::kRpm);
  EXPECT_EQ(Try(Ask(), {.tpm = 59}), LimitMetric::kTpm);
  EXPECT_EQ(RefusalOf(Ask(), {.rpm = 2}).retry_after, seconds(60));
  EXPECT_TRUE(Passes(Ask(), {.rpm = 6, .tpm = 60}));
}

TEST_F(LimiterTest, AClockSetBackDoesNotEmptyTheDay) {
  const Limits limits{.rpd = 1};
  clock_.Advance(kUntilMidnight);
  EXPECT_TRUE(Passes(Ask(), limits));
  clock_.Advance(-milliseconds(5));
  EXPECT_EQ(Try(Ask(), limits), LimitMetric::kRpd);
  clock_.Advance(milliseconds(10));
  EXPECT_EQ(Try(Ask(), limits), LimitMetric::kRpd);
}

TEST_F(LimiterTest, AbsurdNumbersDoNotOverflow) {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  const Limits limits{.tpm = kHuge, .tpd = kHuge};
  std::vector<Reservation> running;
  for (int i = 0; i < 100; ++i) {
    running.push_back(Start(Ask(kHuge, kHuge), limits));
    running.back().SetGenerated(kHuge);
  }
  EXPECT_TRUE(Passes(Ask(-5, -5), limits));
  EXPECT_GT(running.back().status().tokens->remaining, 0);
}

TEST_F(LimiterTest, WhatCountsNothingIsForgotten) {
  const Limits limits{.rpm = 5};
  const auto name = [](int i) {
    Demand demand = Ask();
    demand.account_id = "account-" + std::to_string(i);
    return demand;
  };
  Demand busy = Ask();
  busy.account_id = "busy";
  const Reservation running = Start(busy, limits);
  for (int i = 0; i < 5000; ++i) {
    EXPECT_TRUE(Passes(name(i), limits));
  }
  EXPECT_EQ(limiter_->entry_count(), 5001U);
  clock_.Advance(hours(24));
  for (int i = 0; i < 5000; ++i) {
    EXPECT_TRUE(Passes(Ask(1), {}));
  }
  EXPECT_EQ(limiter_->entry_count(), 2U);
}

TEST_F(LimiterTest, OfManySimultaneousRequestsExactlyKPass) {
  constexpr int kThreads = 16;
  constexpr int kEach = 500;
  constexpr int kLimit = 800;
  for (const Limits& limits :
       {Limits{.rpm = kLimit}, Limits{.rph = kLimit}, Limits{.rpd = kLimit},
        Limits{.tpm = kLimit * 10}, Limits{.tpd = kLimit * 10}, Limits{.running = kLimit}}) {
    Use({});
    std::atomic<int> admitted = 0;
    {
      std::vector<std::vector<Reservation>> kept(kThreads);
      std::latch start(kThreads);
      std::vector<std::jthread> threads;
      for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
          start.arrive_and_wait();
          for (int i = 0; i < kEach; ++i) {
            if (auto result = limiter_->Admit(Ask(4, 6), limits)) {
              ++admitted;
              kept[static_cast<size_t>(t)].push_back(*std::move(result));
            }
          }
        });
      }
    }
    EXPECT_EQ(admitted, kLimit);
  }
}

TEST_F(LimiterTest, ConcurrentReservationsLeaveExactBooks) {
  constexpr int kThreads = 8;
  constexpr int kEach = 2000;
  const Limits limits{.tpm = 100'000'000};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        Demand demand = Ask(3, 20);
        demand.key_id = "key-" + std::to_string(t);
        for (int i = 0; i < kEach; ++i) {
          auto running = limiter_->Admit(demand, limits);
          ASSERT_TRUE(running.has_value());
          for (int token = 1; token <= 10; ++token) {
            running->SetGenerated(token);
          }
          if (i % 2 == 0) {
            running->SetGenerated(20);
          }
        }
      });
    }
  }
  const LimitStatus status = Start(Ask(0, 0), limits).status();
  EXPECT_EQ(status.tokens->remaining, limits.tpm - int64_t{kThreads} * kEach * (3 + 15));
}

}  // namespace
}  // namespace millrace::accounts
