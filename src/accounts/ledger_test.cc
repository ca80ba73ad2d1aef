#include "accounts/ledger.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accounts/schema.h"
#include "accounts/sqlite.h"
#include "accounts/testing/store_fixture.h"

namespace millrace::accounts {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() { EXPECT_TRUE(Migrate(*reader_).has_value()); }

  std::string path() const { return directory_.path() + "/ledger.db"; }
  // A connection that gives up at once when another holds the file.
  std::unique_ptr<Database> Connect() {
    auto database = Database::Open(path(), milliseconds(1));
    EXPECT_TRUE(database.has_value());
    return *std::move(database);
  }
  int64_t RowCount() { return reader_->QueryInt("SELECT count(*) FROM usage")->value(); }

  TemporaryDirectory directory_;
  std::unique_ptr<Database> reader_ = Connect();
};

TEST_F(LedgerTest, WithoutTroubleThereIsRoom) {
  Ledger ledger(Connect(), 10);
  EXPECT_TRUE(ledger.has_room());
  EXPECT_FALSE(ledger.trouble());
  ledger.Add(Row(1, 1));
  ASSERT_TRUE(ledger.Flush().has_value());
  EXPECT_TRUE(ledger.has_room());
  EXPECT_EQ(RowCount(), 1);
}

TEST_F(LedgerTest, ALockedDatabaseFillsTheQueueAndLosesNothing) {
  Ledger ledger(Connect(), 10);
  ASSERT_TRUE(reader_->Execute("BEGIN IMMEDIATE").has_value());
  for (int i = 0; i < 9; ++i) {
    ledger.Add(Row(i, 1));
  }
  EXPECT_TRUE(ledger.has_room());
  ledger.Add(Row(9, 1));
  EXPECT_FALSE(ledger.has_room());
  // What running requests owe is taken all the same, without waiting.
  for (int i = 10; i < 50; ++i) {
    ledger.Add(Row(i, 1));
  }
  const base::Status failed = ledger.Flush();
  ASSERT_FALSE(failed.has_value());
  ASSERT_TRUE(ledger.trouble());
  EXPECT_THAT(ledger.trouble()->message, HasSubstr("another program holds it"));
  EXPECT_FALSE(ledger.has_room());
  ASSERT_TRUE(reader_->Execute("COMMIT").has_value());
  while (!ledger.Flush().has_value()) {
  }
  EXPECT_TRUE(ledger.has_room());
  EXPECT_FALSE(ledger.trouble());
  EXPECT_EQ(RowCount(), 50);
}

TEST_F(LedgerTest, AFullDatabaseIsToldAndWrittenOnceThereIsSpace) {
  // SQLite answers as on a full disk when the file reaches its largest size. The pragma belongs to
  // a connection; the ledger's own is the one that must not grow.
  std::unique_ptr<Database> connection = Connect();
  const int64_t pages = connection->QueryInt("PRAGMA page_count")->value();
  ASSERT_TRUE(connection->Execute(fmt::format("PRAGMA max_page_count = {}", pages).c_str()));
  // Frees pages inside the file later on, so that the same connection has room again.
  ASSERT_TRUE(
      reader_->Execute("CREATE TABLE ballast (x); INSERT INTO ballast VALUES "
                       "(zeroblob(4000000))"));
  Ledger ledger(std::move(connection), 1000);
  // In the first batch however few rows it takes, and too long for the room left in any page.
  UsageRecord first = Row(0, 1);
  first.model = std::string(100'000, 'm');
  ledger.Add(std::move(first));
  for (int i = 1; i < 2000; ++i) {
    ledger.Add(Row(i, 1));
  }
  EXPECT_FALSE(ledger.has_room());
  ASSERT_FALSE(ledger.Flush().has_value());
  ASSERT_TRUE(ledger.trouble());
  EXPECT_EQ(ledger.trouble()->kind, base::ErrorKind::kIo);
  EXPECT_THAT(ledger.trouble()->message, HasSubstr("free some disk space"));
  EXPECT_EQ(RowCount(), 0);
  while (!reader_->Execute("DROP TABLE ballast").has_value()) {
  }
  while (!ledger.Flush().has_value()) {
  }
  EXPECT_FALSE(ledger.trouble());
  EXPECT_TRUE(ledger.has_room());
  EXPECT_EQ(RowCount(), 2000);
}

using LedgerHealthTest = StoreFixture;

TEST_F(LedgerHealthTest, AStoreThatCannotWriteSaysSoAndTakesRows) {
  auto store = Open();
  EXPECT_TRUE(store->CanRecord());
  EXPECT_FALSE(store->trouble());
  auto other = Database::Open(DatabasePath());
  ASSERT_TRUE(other.has_value() && (*other)->Execute("BEGIN EXCLUSIVE").has_value());
  for (int i = 0; i < 8191; ++i) {
    store->RecordUsage(Row(1, 1));
  }
  EXPECT_TRUE(store->CanRecord());
  for (int i = 0; i < 20'000; ++i) {
    store->RecordUsage(Row(1, 1));
  }
  EXPECT_FALSE(store->CanRecord());
  ASSERT_TRUE((*other)->Execute("COMMIT").has_value());
  while (!store->Flush().has_value()) {
  }
  EXPECT_TRUE(store->CanRecord());
  EXPECT_FALSE(store->trouble());
  EXPECT_EQ(store->SumUsage({})->at(0).requests, 28'191);
}

}  // namespace
}  // namespace millrace::accounts
