#include "app/ledger_watch.h"

#include <gtest/gtest.h>

#include <vector>

#include "accounts/sqlite.h"
#include "accounts/testing/temporary_directory.h"
#include "base/testing/fake_clock.h"
#include "base/testing/fake_random.h"

namespace millrace::app {
namespace {

TEST(LedgerWatch, TellsOfTroubleOnceAndOfItsEnd) {
  accounts::TemporaryDirectory directory;
  base::FakeClock clock;
  base::FakeRandom random{3};
  const auto store = accounts::Store::Open(directory.path(), &clock, &random).value();
  boost::asio::io_context loop;
  std::vector<std::string> told;
  LedgerWatch watch(&loop, store.get(),
                    {.trouble = [&](const std::string&) { told.emplace_back("trouble"); },
                     .well_again = [&] { told.emplace_back("well"); }});
  watch.Look();
  EXPECT_TRUE(told.empty());

  // Another program holds the database for longer than the ledger's patience.
  const auto other = accounts::Database::Open(directory.path() + "/millrace.db").value();
  ASSERT_TRUE(other->Execute("BEGIN IMMEDIATE").has_value());
  store->RecordUsage({.trace_id = "t", .account_id = "a", .key_id = "k", .model = "m"});
  EXPECT_FALSE(store->Flush().has_value());
  watch.Look();
  watch.Look();
  EXPECT_EQ(told, std::vector<std::string>{"trouble"});

  ASSERT_TRUE(other->Execute("ROLLBACK").has_value());
  while (!store->Flush().has_value()) {
  }
  watch.Look();
  EXPECT_EQ(told, (std::vector<std::string>{"trouble", "well"}));
}

}  // namespace
}  // namespace millrace::app
