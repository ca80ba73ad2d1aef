#include "accounts/limit_table.h"

#include <gtest/gtest.h>

namespace millrace::accounts {
namespace {

TEST(LimitTable, AnEmptyOneLimitsNothing) { EXPECT_EQ(LimitTable().For("a", "m"), Limits()); }

TEST(LimitTable, TheMostSpecificScopeWins) {
  LimitTable table;
  table.defaults.rpm = 1;
  EXPECT_EQ(table.For("a", "m").rpm, 1);
  table.models["m"].rpm = 2;
  EXPECT_EQ(table.For("a", "m").rpm, 2);
  table.accounts["a"].rpm = 3;
  EXPECT_EQ(table.For("a", "m").rpm, 3);
  table.account_models["a"]["m"].rpm = 4;
  EXPECT_EQ(table.For("a", "m").rpm, 4);

  EXPECT_EQ(table.For("b", "m").rpm, 2);
  EXPECT_EQ(table.For("a", "n").rpm, 3);
  EXPECT_EQ(table.For("b", "n").rpm, 1);
}

TEST(LimitTable, EveryMetricIsLookedUpByItself) {
  LimitTable table;
  table.defaults = {.rpm = 1, .rph = 1, .rpd = 1, .tpm = 1, .tpd = 1, .running = 1};
  table.models["m"] = {.rph = 2, .tpd = 2};
  table.accounts["a"] = {.rpd = 3, .tpd = 3, .running = 3};
  table.account_models["a"]["m"] = {.tpm = 4};
  EXPECT_EQ(table.For("a", "m"),
            (Limits{.rpm = 1, .rph = 2, .rpd = 3, .tpm = 4, .tpd = 3, .running = 3}));
}

TEST(LimitTable, ZeroLiftsAWiderLimit) {
  LimitTable table;
  table.defaults.tpm = 100;
  table.accounts["a"].tpm = 0;
  EXPECT_EQ(table.For("a", "m").tpm, 0);
  EXPECT_EQ(table.For("b", "m").tpm, 100);
}

TEST(LimitTable, RunningRequestsAreCappedForWholeAccounts) {
  LimitTable table;
  table.defaults.running = 5;
  table.models["m"].running = 1;
  table.account_models["a"]["m"].running = 2;
  EXPECT_EQ(table.For("a", "m").running, 5);
  table.accounts["a"].running = 7;
  EXPECT_EQ(table.For("a", "m").running, 7);
  EXPECT_EQ(table.For("a", "n").running, 7);
}

}  // namespace
}  // namespace millrace::accounts
