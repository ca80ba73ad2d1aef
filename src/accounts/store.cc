#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

#include "accounts/accounts.h"
#include "accounts/key_table.h"
#include "accounts/ledger.h"
#include "accounts/schema.h"
#include "accounts/secret.h"
#include "accounts/sqlite.h"
#include "base/utf8.h"

namespace millrace::accounts {
namespace {

constexpr size_t kKeyRandomCharacters = 48;
constexpr std::string_view kKeyPrefix = "sk-";
constexpr std::string_view kKeyIdPrefix = "key-";
constexpr size_t kHintCharacters = 7;     // of the key: its prefix and four more
constexpr size_t kKeyBytesMax = 256;      // a longer string was never ours
constexpr size_t kKeyIdBeginningMin = 4;  // shorter ones are refused: too easy to hit the wrong key
constexpr size_t kNameBytesMax = 128;
constexpr size_t kAccountIdBytesMax = 64;
constexpr size_t kLedgerRowsMax = 16'384;
constexpr auto kCheckInterval = std::chrono::seconds(1);
constexpr auto kCheckIntervalOnUnknown = std::chrono::milliseconds(50);
constexpr std::string_view kSecretCheckText = "millrace secret check";

constexpr std::string_view kKeyColumns =
    "SELECT key_id, account_id, name, hint, created_s, expires_s, revoked_s FROM keys";

std::string HexOf(const Digest& digest) {
  std::string out;
  for (std::byte byte : digest) {
    fmt::format_to(std::back_inserter(out), "{:02x}", std::to_integer<unsigned>(byte));
  }
  return out;
}

// Makes the directory for its owner alone; one that exists keeps its permissions.
base::Status MakeDirectory(const std::string& directory) {
  std::error_code ec;
  const std::filesystem::path path(directory);
  if (path.has_parent_path()) {
    std::filesystem::create_directories(path.parent_path(), ec);
  }
  if (!ec && ::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    ec = std::error_code(errno, std::generic_category());
  }
  if (!ec && !std::filesystem::is_directory(path, ec) && !ec) {
    ec = std::make_error_code(std::errc::not_a_directory);
  }
  if (ec) {
    return base::IoError(fmt::format("{}: cannot make the directory: {}", directory, ec.message()));
  }
  return {};
}

// Lets one store at a time open a directory, whatever process or thread it is in: a new database
// changes to the write-ahead log only while nobody else looks at it. Unlocks when destroyed.
class DirectoryLock {
 public:
  static base::Result<DirectoryLock> Take(const std::string& directory) {
    DirectoryLock lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    int result = lock.descriptor_ < 0 ? -1 : 0;
    while (result == 0 && (result = ::flock(lock.descriptor_, LOCK_EX)) != 0 && errno == EINTR) {
      result = 0;
    }
    if (result != 0) {
      return base::IoError(fmt::format("{}: cannot lock: {}", directory, std::strerror(errno)));
    }
    return lock;
  }
  DirectoryLock(DirectoryLock&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }

 private:
  explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

// The secret must be the one the keys were digested with: a lost one cannot be made anew without
// voiding every key, so that is never done silently.
base::Result<Secret> OpenSecret(Database& database, const std::string& path,
                                base::RandomSource& random) {
  const auto read_check = [&database]() -> base::Result<std::string> {
    Statement select = TRY(database.Prepare("SELECT value FROM meta WHERE name = 'secret_check'"));
    const bool row = TRY(select.Step());
    return row ? select.Text(0) : std::string();
  };
  std::string check = TRY(read_check());
  std::optional<Secret> secret = TRY(Secret::Read(path));
  if (!secret) {
    if (!check.empty()) {
      return base::IoError(fmt::format(
          "{}: missing, and the keys in {} are useless without it; restore the file, or move the"
          " database away to begin with no keys",
          path, database.path()));
    }
    secret = TRY(Secret::CreateOrRead(path, random));
  }
  const std::string expected = HexOf(secret->DigestOf(kSecretCheckText));
  if (check.empty()) {
    Statement insert =
        TRY(database.Prepare("INSERT OR IGNORE INTO meta VALUES ('secret_check', ?1)"));
    insert.Bind(1, std::string_view(expected));
    TRY(insert.Run());
    check = TRY(read_check());
  }
  if (check != expected) {
    return base::CorruptData(fmt::format(
        "{}: not the secret that {} was made with; restore the right file", path, database.path()));
  }
  return *std::move(secret);
}

base::Status CheckOptions(const KeyOptions& options, int64_t now_seconds) {
  const std::string& account = options.account_id;
  const bool account_ok = !account.empty() && account.size() <= kAccountIdBytesMax &&
                          std::all_of(account.begin(), account.end(), [](char c) {
                            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                   (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
                          });
  if (!account_ok) {
    return base::InvalidArgument("an account id is 1 to 64 letters, digits, '.', '_' or '-'",
                                 "account_id");
  }
  const bool name_ok = options.name.size() <= kNameBytesMax && base::IsValidUtf8(options.name) &&
                       std::none_of(options.name.begin(), options.name.end(), [](char c) {
                         return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
                       });
  if (!name_ok) {
    return base::InvalidArgument("a key's name is at most 128 bytes of text on one line", "name");
  }
  if (options.expires_unix_seconds && *options.expires_unix_seconds <= now_seconds) {
    return base::InvalidArgument("the expiry must be in the future", "expires");
  }
  return {};
}

class SqliteStore final : public Store {
 public:
  SqliteStore(std::unique_ptr<Database> database, std::unique_ptr<Database> ledger_database,
              Secret secret, const base::Clock* clock, base::RandomSource* random)
      : database_(std::move(database)),
        secret_(std::move(secret)),
        clock_(clock),
        random_(random),
        ledger_(std::move(ledger_database), kLedgerRowsMax) {}

  base::Status LoadKeys();

  base::Result<NewKey> CreateKey(const KeyOptions& options) override;
  base::Result<std::vector<KeyInfo>> ListKeys() override;
  base::Result<KeyInfo> RevokeKey(std::string_view key_id) override;
  base::Result<bool> HasKeys() override;
  base::Result<Principal> Authenticate(std::string_view key) override;
  void RecordUsage(UsageRecord record) override { ledger_.Add(std::move(record)); }
  base::Status Flush() override { return ledger_.Flush(); }
  base::Result<std::vector<UsageTotal>> SumUsage(const UsageQuery& query) override;

 private:
  int64_t NowSeconds() const { return clock_->UnixMillis() / 1000; }
  KeyInfo InfoOf(const Statement& row) const;
  base::Result<std::string> FindKeyId(std::string_view beginning);
  // Reads the keys again when they changed since; asks at most once an `interval`.
  void Refresh(base::Duration interval);
  base::Status InsertKey(const NewKey& key);

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
  Statement select = TRY(database_->Prepare(
      "SELECT digest, key_id, account_id, name, expires_s, revoked_s FROM keys"));
  KeyTable table;
  while (TRY(select.Step())) {
    KeyEntry entry;
    const std::span<const std::byte> digest = select.Blob(0);
    if (digest.size() != entry.digest.size()) {
      return base::CorruptData(fmt::format(
          "{}: a key with a broken digest; restore the file from a backup", database_->path()));
    }
    std::copy(digest.begin(), digest.end(), entry.digest.begin());
    entry.principal = {
        .account_id = select.Text(2), .key_id = select.Text(1), .key_name = select.Text(3)};
    entry.expires_unix_seconds = select.OptionalInt(4);
    entry.revoked = select.OptionalInt(5).has_value();
    table.Add(std::move(entry));
  }
  table_ = std::move(table);
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
  return std::move(entry->principal);
}

base::Status SqliteStore::InsertKey(const NewKey& key) {
  const std::lock_guard lock(mutex_);
  Transaction transaction = TRY(Transaction::Begin(*database_));
  {
    Statement account = TRY(database_->Prepare(
        "INSERT OR IGNORE INTO accounts (account_id, created_s) VALUES (?1, ?2)"));
    account.Bind(1, key.info.account_id);
    account.Bind(2, key.info.created_unix_seconds);
    TRY(account.Run());
    Statement insert = TRY(database_->Prepare(
        "INSERT INTO keys (key_id, account_id, name, hint, digest, created_s, expires_s)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
    insert.Bind(1, key.info.key_id);
    insert.Bind(2, key.info.account_id);
    insert.Bind(3, key.info.name);
    insert.Bind(4, key.info.hint);
    insert.BindBlob(5, secret_.DigestOf(key.secret));
    insert.Bind(6, key.info.created_unix_seconds);
    insert.Bind(7, key.info.expires_unix_seconds);
    TRY(insert.Run());
  }
  TRY(database_->Execute("UPDATE meta SET value = value + 1 WHERE name = 'key_version'"));
  return transaction.Commit();
}

base::Result<NewKey> SqliteStore::CreateKey(const KeyOptions& options) {
  TRY(CheckOptions(options, NowSeconds()));
  NewKey key;
  key.secret = fmt::format("{}{}", kKeyPrefix, random_->NextAlphanumeric(kKeyRandomCharacters));
  key.info.key_id = fmt::format("{}{}", kKeyIdPrefix, random_->NextHex(6));
  key.info.account_id = options.account_id;
  key.info.name = options.name;
  key.info.hint = key.secret.substr(0, kHintCharacters) + "…";
  key.info.created_unix_seconds = NowSeconds();
  key.info.expires_unix_seconds = options.expires_unix_seconds;
  TRY(InsertKey(key));
  TRY(LoadKeys());
  return key;
}

KeyInfo SqliteStore::InfoOf(const Statement& row) const {
  KeyInfo info;
  info.key_id = row.Text(0);
  info.account_id = row.Text(1);
  info.name = row.Text(2);
  info.hint = row.Text(3);
  info.created_unix_seconds = row.Int(4);
  info.expires_unix_seconds = row.OptionalInt(5);
  if (row.OptionalInt(6)) {
    info.state = KeyState::kRevoked;
  } else if (info.expires_unix_seconds && *info.expires_unix_seconds <= NowSeconds()) {
    info.state = KeyState::kExpired;
  }
  return info;
}

base::Result<std::vector<KeyInfo>> SqliteStore::ListKeys() {
  const std::lock_guard lock(mutex_);
  Statement select = TRY(database_->Prepare(fmt::format("{} ORDER BY rowid", kKeyColumns)));
  std::vector<KeyInfo> keys;
  while (TRY(select.Step())) {
    keys.push_back(InfoOf(select));
  }
  return keys;
}

base::Result<bool> SqliteStore::HasKeys() {
  const std::lock_guard lock(mutex_);
  Statement select = TRY(database_->Prepare(
      "SELECT 1 FROM keys WHERE revoked_s IS NULL AND (expires_s IS NULL OR expires_s > ?1)"
      " LIMIT 1"));
  select.Bind(1, NowSeconds());
  return select.Step();
}

base::Result<std::string> SqliteStore::FindKeyId(std::string_view beginning) {
  if (beginning.starts_with(kKeyIdPrefix)) {
    beginning.remove_prefix(kKeyIdPrefix.size());
  }
  if (beginning.size() < kKeyIdBeginningMin) {
    return base::InvalidArgument("give at least four characters of the key id", "key_id");
  }
  const std::string full = fmt::format("{}{}", kKeyIdPrefix, beginning);
  Statement select =
      TRY(database_->Prepare("SELECT key_id FROM keys WHERE substr(key_id, 1, length(?1)) = ?1"));
  select.Bind(1, std::string_view(full));
  std::vector<std::string> found;
  while (TRY(select.Step())) {
    found.push_back(select.Text(0));
  }
  if (found.empty()) {
    return base::NotFound("no key has this id");
  }
  if (found.size() > 1) {
    return base::InvalidArgument(
        fmt::format("{} keys begin with this; give more of the key id", found.size()), "key_id");
  }
  return std::move(found.front());
}

base::Result<KeyInfo> SqliteStore::RevokeKey(std::string_view key_id) {
  KeyInfo info;
  {
    const std::lock_guard lock(mutex_);
    Transaction transaction = TRY(Transaction::Begin(*database_));
    const std::string id = TRY(FindKeyId(key_id));
    {
      Statement update = TRY(database_->Prepare(
          "UPDATE keys SET revoked_s = coalesce(revoked_s, ?2) WHERE key_id = ?1"));
      update.Bind(1, std::string_view(id));
      update.Bind(2, NowSeconds());
      TRY(update.Run());
    }
    TRY(database_->Execute("UPDATE meta SET value = value + 1 WHERE name = 'key_version'"));
    {
      Statement select = TRY(database_->Prepare(fmt::format("{} WHERE key_id = ?1", kKeyColumns)));
      select.Bind(1, std::string_view(id));
      TRY(select.Step());
      info = InfoOf(select);
    }
    TRY(transaction.Commit());
  }
  TRY(LoadKeys());
  return info;
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
