#include "accounts/schema.h"

#include <fmt/format.h>

#include <array>

namespace millrace::accounts {
namespace {

// "MLRC": tells our files from other programs' SQLite files.
constexpr int64_t kApplicationId = 0x4D4C5243;

// Step n takes version n to n + 1. Steps are only ever added: files of every version exist.
//
// meta: `key_version` rises with every change of a key, so that other processes know to read them
// again; `secret_check` is a digest that only the right secret gives. key_models: a key without
// rows may use every model. Times are Unix seconds, or milliseconds where the name says so.
constexpr std::array<const char*, 2> kSteps = {
    R"sql(
  CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value ANY
  ) STRICT;
  INSERT INTO meta VALUES ('key_version', 0);
  CREATE TABLE accounts (
    account_id TEXT NOT NULL PRIMARY KEY,
    created_s INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE keys (
    key_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts,
    name TEXT NOT NULL,
    hint TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    created_s INTEGER NOT NULL,
    expires_s INTEGER,
    revoked_s INTEGER
  ) STRICT;
  CREATE TABLE usage (
    row_id INTEGER PRIMARY KEY,
    trace_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    model TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    status INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX usage_by_account_and_time ON usage (account_id, started_ms);
)sql",
    R"sql(
  ALTER TABLE keys ADD COLUMN disabled_s INTEGER;
  CREATE TABLE key_models (
    key_id TEXT NOT NULL REFERENCES keys,
    model TEXT NOT NULL,
    PRIMARY KEY (key_id, model)
  ) STRICT, WITHOUT ROWID;
)sql"};

constexpr auto kPresent = static_cast<int64_t>(kSteps.size());

base::Status CheckIsOurs(Database& database, int64_t version) {
  const int64_t application = TRY(database.QueryInt("PRAGMA application_id")).value_or(0);
  const int64_t tables = TRY(database.QueryInt("SELECT count(*) FROM sqlite_schema")).value_or(0);
  const bool empty = version == 0 && application == 0 && tables == 0;
  if (application != kApplicationId && !empty) {
    return base::CorruptData(
        fmt::format("{}: not a millrace database; choose another directory", database.path()));
  }
  if (version > kPresent) {
    return base::Unsupported(
        fmt::format("{}: written by a newer millrace (form {}, this one knows {}); use that one",
                    database.path(), version, kPresent));
  }
  return {};
}

}  // namespace

base::Status Migrate(Database& database) {
  int64_t version = TRY(database.QueryInt("PRAGMA user_version")).value_or(0);
  TRY(CheckIsOurs(database, version));
  if (version == kPresent) {
    return {};
  }
  Transaction transaction = TRY(Transaction::Begin(database));
  // Another process may have done it since.
  version = TRY(database.QueryInt("PRAGMA user_version")).value_or(0);
  TRY(CheckIsOurs(database, version));
  for (int64_t step = version; step < kPresent; ++step) {
    TRY(database.Execute(kSteps[static_cast<size_t>(step)]));
  }
  const std::string marks =
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kApplicationId, kPresent);
  TRY(database.Execute(marks.c_str()));
  return transaction.Commit();
}

}  // namespace millrace::accounts
