// A limiter on a fake clock, for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>

#include "accounts/limiter.h"
#include "base/testing/fake_clock.h"

namespace millrace::accounts {

// 2023-11-14 22:13:20 UTC: 6,400 seconds before midnight.
inline constexpr int64_t kEvening = 1'700'000'000'000;
inline constexpr std::chrono::seconds kUntilMidnight{6400};

class LimiterFixture : public testing::Test {
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

}  // namespace millrace::accounts
