#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "accounts/accounts.h"
#include "accounts/key_rows.h"
#include "accounts/key_table.h"
#include "accounts/ledger.h"
#include "accounts/schema.h"
#include "accounts/secret.h"
#include "accounts/sqlite.h"
#include "accounts/state_directory.h"

namespace millrace::accounts {
namespace {

constexpr size_t kKeyRandomCharacters = 48;
constexpr std::string_view kKeyPrefix = "sk-";
constexpr size_t kHintCharacters = 7;  // of the key: its prefix and four more
constexpr size_t kKeyBytesMax = 256;   // a longer string was never ours
constexpr size_t kLedgerRowsWaitingMax = 8192;
constexpr auto kCheckInterval = std::chrono::seconds(1);
constexpr auto kCheckIntervalOnUnknown = std::chrono::milliseconds(50);

class SqliteStore final : public Store {
 public:
  SqliteStore(std::unique_ptr<Database> database, std::unique_ptr<Database> ledger_database,
              Secret secret, const base::Clock* clock, base::RandomSource* random)
      : database_(std::move(database)),
        secret_(std::move(secret)),
        clock_(clock),
        random_(random),
        ledger_(std::move(ledger_database), kLedgerRowsWaitingMax) {}

  base::Status LoadKeys();

  base::Result<NewKey> CreateKey(const KeyOptions& options) override;
  base::Result<std::vector<KeyInfo>> ListKeys() override;
  base::Result<KeyInfo> RevokeKey(std::string_view key_id) override;
  base::Result<KeyInfo> UpdateKey(std::string_view key_id, const KeyChange& change) override;
  base::Result<bool> HasKeys() override;
  base::Result<Principal> Authenticate(std::string_view key) override;
  void RecordUsage(UsageRecord record) override { ledger_.Add(std::move(record)); }
  bool CanRecord() const override { return ledger_.has_room(); }
  std::optional<base::Error> trouble() const override { return ledger_.trouble(); }
  base::Status Flush() override { return ledger_.Flush(); }
  base::Result<std::vector<UsageTotal>> SumUsage(const UsageQuery& query) override;

 private:
  int64_t NowSeconds() const { return clock_->UnixMillis() / 1000; }
  // Reads the keys again when they changed since; asks at most once an `interval`.
  void Refresh(base::Duration interval);
  // Runs `change(key id)` on the key that begins so, in a transaction, and tells what it became.
  template <typename Change>
  base::Result<KeyInfo> ChangeKey(std::string_view beginning, const Change& change);

  std::mutex mutex_;  // guards everything but the ledger, which has its own
  std::unique_ptr<Database> database_;
  const Secret secret_;
  const base::Clock* clock_;
  base::RandomSource* random_;
  KeyTable table_;
  int64_t table_version_ = -1;  // `key_version` when the table was read
  int64_t data_version_ = -1;   // SQLite's word for "another connection wrote"
  base::TimePoint checked_at_ = {};
  Ledger ledger_;
};

base::Status SqliteStore::LoadKeys() {
  const std::lock_guard lock(mutex_);
  data_version_ = TRY(database_->QueryInt("PRAGMA data_version")).value_or(0);
  const int64_t version =
      TRY(database_->QueryInt("SELECT value FROM meta WHERE name = 'key_version'")).value_or(0);
  if (version == table_version_) {
    return {};
  }
  table_ = TRY(ReadKeyTable(*database_));
  table_version_ = version;
  return {};
}

void SqliteStore::Refresh(base::Duration interval) {
  {
    const std::lock_guard lock(mutex_);
    const base::TimePoint now = clock_->Now();
    if (now - checked_at_ < interval) {
      return;
    }
    checked_at_ = now;
    auto version = database_->QueryInt("PRAGMA data_version");
    if (!version.has_value() || version->value_or(0) == data_version_) {
      return;
    }
  }
  // A database that cannot be read just now changes nothing: the keys in memory stay valid, and the
  // next check tries again.
  if (!LoadKeys().has_value()) {
    const std::lock_guard lock(mutex_);
    data_version_ = -1;
  }
}

base::Result<Principal> SqliteStore::Authenticate(std::string_view key) {
  if (key.size() > kKeyBytesMax) {
    return base::Error{base::ErrorKind::kUnauthenticated, "unknown key"};
  }
  const Digest digest = secret_.DigestOf(key);
  const auto find = [&]() -> std::optional<KeyEntry> {
    const std::lock_guard lock(mutex_);
    const KeyEntry* entry = table_.Find(digest);
    return entry == nullptr ? std::nullopt : std::optional<KeyEntry>(*entry);
  };
  Refresh(kCheckInterval);
  std::optional<KeyEntry> entry = find();
  if (!entry) {
    // Perhaps made by another process a moment ago.
    Refresh(kCheckIntervalOnUnknown);
    entry = find();
  }
  if (!entry) {
    return base::Error{base::ErrorKind::kUnauthenticated, "unknown key"};
  }
  if (entry->revoked) {
    return base::Error{base::ErrorKind::kPermissionDenied, "the key is revoked"};
  }
  if (entry->expires_unix_seconds && *entry->expires_unix_seconds <= NowSeconds()) {
    return base::Error{base::ErrorKind::kPermissionDenied, "the key has expired"};
  }
  if (entry->disabled) {
    return base::Error{base::ErrorKind::kPermissionDenied, "the key is disabled"};
  }
  return std::move(entry->principal);
}

base::Result<NewKey> SqliteStore::CreateKey(const KeyOptions& options) {
  TRY(CheckKeyOptions(options, NowSeconds()));
  NewKey key;
  key.info.models = TRY(NormalModels(options.models));
  key.secret = fmt::format("{}{}", kKeyPrefix, random_->NextAlphanumeric(kKeyRandomCharacters));
  key.info.key_id = fmt::format("{}{}", kKeyIdPrefix, random_->NextHex(6));
  key.info.account_id = options.account_id;
  key.info.name = options.name;
  key.info.hint = key.secret.substr(0, kHintCharacters) + "…";
  key.info.created_unix_seconds = NowSeconds();
  key.info.expires_unix_seconds = options.expires_unix_seconds;
  {
    const std::lock_guard lock(mutex_);
    Transaction transaction = TRY(Transaction::Begin(*database_));
    TRY(InsertKey(*database_, key.info, secret_.DigestOf(key.secret)));
    TRY(MarkKeysChanged(*database_));
    TRY(transaction.Commit());
  }
  TRY(LoadKeys());
  return key;
}

base::Result<std::vector<KeyInfo>> SqliteStore::ListKeys() {
  const std::lock_guard lock(mutex_);
  return ReadKeys(*database_, NowSeconds());
}

base::Result<bool> SqliteStore::HasKeys() {
  const std::lock_guard lock(mutex_);
  Statement select = TRY(database_->Prepare(
      "SELECT 1 FROM keys WHERE revoked_s IS NULL AND (expires_s IS NULL OR expires_s > ?1)"
      " LIMIT 1"));
  select.Bind(1, NowSeconds());
  return select.Step();
}

template <typename Change>
base::Result<KeyInfo> SqliteStore::ChangeKey(std::string_view beginning, const Change& change) {
  KeyInfo info;
  {
    const std::lock_guard lock(mutex_);
    Transaction transaction = TRY(Transaction::Begin(*database_));
    const std::string id = TRY(FindKeyId(*database_, beginning));
    TRY(change(id));
    TRY(MarkKeysChanged(*database_));
    info = TRY(ReadKey(*database_, id, NowSeconds()));
    TRY(transaction.Commit());
  }
  TRY(LoadKeys());
  return info;
}

base::Result<KeyInfo> SqliteStore::RevokeKey(std::string_view key_id) {
  return ChangeKey(
      key_id, [this](const std::string& id) { return SetRevoked(*database_, id, NowSeconds()); });
}

base::Result<KeyInfo> SqliteStore::UpdateKey(std::string_view key_id, const KeyChange& change) {
  std::vector<std::string> models =
      TRY(NormalModels(change.models.value_or(std::vector<std::string>())));
  return ChangeKey(key_id, [&](const std::string& id) -> base::Status {
    const KeyInfo before = TRY(ReadKey(*database_, id, NowSeconds()));
    if (before.state == KeyState::kRevoked) {
      return base::Error{base::ErrorKind::kPermissionDenied,
                         fmt::format("{} is revoked for good; make a new key", id)};
    }
    if (change.enabled) {
      TRY(SetEnabled(*database_, id, *change.enabled, NowSeconds()));
    }
    if (change.models) {
      TRY(SetModels(*database_, id, models));
    }
    return {};
  });
}

base::Result<std::vector<UsageTotal>> SqliteStore::SumUsage(const UsageQuery& query) {
  const std::lock_guard lock(mutex_);
  Statement select = TRY(database_->Prepare(
      "SELECT account_id, key_id, model, count(*), sum(prompt_tokens), sum(cached_tokens),"
      " sum(completion_tokens), sum(reasoning_tokens) FROM usage"
      " WHERE (?1 = '' OR account_id = ?1) AND (?2 IS NULL OR started_ms >= ?2)"
      " AND (?3 IS NULL OR started_ms < ?3)"
      " GROUP BY account_id, key_id, model ORDER BY account_id, key_id, model"));
  select.Bind(1, std::string_view(query.account_id));
  select.Bind(2, query.since_unix_millis);
  select.Bind(3, query.before_unix_millis);
  std::vector<UsageTotal> totals;
  while (TRY(select.Step())) {
    totals.push_back({.account_id = select.Text(0),
                      .key_id = select.Text(1),
                      .model = select.Text(2),
                      .requests = select.Int(3),
                      .prompt_tokens = select.Int(4),
                      .cached_tokens = select.Int(5),
                      .completion_tokens = select.Int(6),
                      .reasoning_tokens = select.Int(7)});
  }
  return totals;
}

}  // namespace

std::string_view KeyStateName(KeyState state) {
  switch (state) {
    case KeyState::kActive:
      return "active";
    case KeyState::kRevoked:
      return "revoked";
    case KeyState::kExpired:
      return "expired";
    case KeyState::kDisabled:
      return "disabled";
  }
  std::unreachable();
}

base::Result<std::unique_ptr<Store>> Store::Open(const std::string& directory,
                                                 const base::Clock* clock,
                                                 base::RandomSource* random) {
  TRY(MakeDirectory(directory));
  const DirectoryLock lock = TRY(DirectoryLock::Take(directory));
  const std::string path = directory + "/millrace.db";
  std::unique_ptr<Database> database = TRY(Database::Open(path));
  TRY(Migrate(*database));
  Secret secret = TRY(OpenSecret(*database, directory + "/secret", *random));
  std::unique_ptr<Database> ledger_database = TRY(Database::Open(path));
  auto store = std::make_unique<SqliteStore>(std::move(database), std::move(ledger_database),
                                             std::move(secret), clock, random);
  TRY(store->LoadKeys());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace millrace::accounts
