#include "accounts/limiter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <latch>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "accounts/testing/limiter_fixture.h"

namespace millrace::accounts {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

using LimiterTest = LimiterFixture;

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
