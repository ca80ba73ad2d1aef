#include "accounts/schema.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "accounts/sqlite.h"
#include "accounts/testing/store_fixture.h"

namespace millrace::accounts {
namespace {

using testing::HasSubstr;

using SchemaTest = StoreFixture;

// A database as form 1 left it: what a later form adds is taken away again.
constexpr const char* kBackToForm1 =
    "DROP TABLE key_models; ALTER TABLE keys DROP COLUMN disabled_s; PRAGMA user_version = 1";

// The tables of a database as SQLite has them.
std::string ShapeOf(const std::string& path) {
  auto database = Database::Open(path);
  EXPECT_TRUE(database.has_value());
  auto select = (*database)->Prepare(
      "SELECT m.name, c.name, c.type, c.\"notnull\", c.pk FROM sqlite_schema m"
      " JOIN pragma_table_info(m.name) c ORDER BY m.name, c.cid");
  EXPECT_TRUE(select.has_value());
  std::string shape;
  while (*select->Step()) {
    shape += fmt::format("{}.{} {} {} {}\n", select->Text(0), select->Text(1), select->Text(2),
                         select->Int(3), select->Int(4));
  }
  return shape;
}

TEST_F(SchemaTest, AnOldDatabaseKeepsItsKeysAndItsUsage) {
  std::string secret;
  std::string revoked;
  std::string shape;
  {
    auto store = Open();
    secret = store->CreateKey({.account_id = "team", .name = "old"})->secret;
    auto other = store->CreateKey({});
    revoked = other->secret;
    ASSERT_TRUE(store->RevokeKey(other->info.key_id).has_value());
    store->RecordUsage(Row(7, 3));
  }
  shape = ShapeOf(DatabasePath());
  {
    auto database = Database::Open(DatabasePath());
    ASSERT_TRUE(database.has_value());
    const auto status = (*database)->Execute(kBackToForm1);
    ASSERT_TRUE(status.has_value()) << status.error().message;
  }
  ASSERT_NE(ShapeOf(DatabasePath()), shape);

  auto store = Open();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(ShapeOf(DatabasePath()), shape);
  auto principal = store->Authenticate(secret);
  ASSERT_TRUE(principal.has_value());
  EXPECT_EQ(principal->account_id, "team");
  EXPECT_TRUE(principal->MayUse("anything"));
  EXPECT_EQ(KindOf(store->Authenticate(revoked)), base::ErrorKind::kPermissionDenied);
  EXPECT_EQ(store->ListKeys()->at(0).state, KeyState::kActive);
  EXPECT_EQ(store->SumUsage({})->at(0).prompt_tokens, 7);
  ASSERT_TRUE(store->UpdateKey(principal->key_id, {.enabled = false, .models = {{"m"}}}));
  EXPECT_EQ(KindOf(store->Authenticate(secret)), base::ErrorKind::kPermissionDenied);
}

TEST_F(SchemaTest, StoresThatOpenAnOldDatabaseTogetherMigrateItOnce) {
  { ASSERT_TRUE(Open()->CreateKey({}).has_value()); }
  {
    auto database = Database::Open(DatabasePath());
    ASSERT_TRUE(database.has_value() && (*database)->Execute(kBackToForm1).has_value());
  }
  auto first = Open();
  auto second = Open();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(second->ListKeys()->size(), 1U);
}

TEST_F(SchemaTest, AFailedMigrationLeavesTheOldForm) {
  { ASSERT_TRUE(Open()->CreateKey({}).has_value()); }
  {
    auto database = Database::Open(DatabasePath());
    // The second statement of the step will find its table there.
    ASSERT_TRUE((*database)
                    ->Execute("DROP TABLE key_models; ALTER TABLE keys DROP COLUMN disabled_s;"
                              "CREATE TABLE key_models (x); PRAGMA user_version = 1")
                    .has_value());
  }
  const std::string shape = ShapeOf(DatabasePath());
  EXPECT_THAT(OpenError().message, HasSubstr("key_models"));
  EXPECT_EQ(ShapeOf(DatabasePath()), shape);
}

}  // namespace
}  // namespace millrace::accounts
