#include "accounts/key_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "base/utf8.h"

namespace millrace::accounts {
namespace {

constexpr size_t kKeyIdBeginningMin = 4;  // shorter ones are refused: too easy to hit the wrong key
constexpr size_t kNameBytesMax = 128;
constexpr size_t kAccountIdBytesMax = 64;
constexpr size_t kModelBytesMax = 256;
constexpr size_t kModelsMax = 256;

constexpr std::string_view kKeyColumns =
    "SELECT key_id, account_id, name, hint, created_s, expires_s, revoked_s, disabled_s FROM keys";

using ModelSet = std::set<std::string, std::less<>>;
using ModelsByKey = std::map<std::string, std::vector<std::string>, std::less<>>;

bool IsLine(std::string_view text) {
  return base::IsValidUtf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
         });
}

bool IsAccountId(std::string_view text) {
  return !text.empty() && text.size() <= kAccountIdBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

// Of every key, or of one when `key_id` is not empty.
base::Result<ModelsByKey> ReadModels(const Database& database, std::string_view key_id = {}) {
  Statement select = TRY(database.Prepare(
      "SELECT key_id, model FROM key_models WHERE ?1 = '' OR key_id = ?1 ORDER BY key_id, model"));
  select.Bind(1, key_id);
  ModelsByKey models;
  while (TRY(select.Step())) {
    models[select.Text(0)].push_back(select.Text(1));
  }
  return models;
}

KeyInfo InfoOf(const Statement& row, ModelsByKey& models, int64_t now_seconds) {
  KeyInfo info;
  info.key_id = row.Text(0);
  info.account_id = row.Text(1);
  info.name = row.Text(2);
  info.hint = row.Text(3);
  info.created_unix_seconds = row.Int(4);
  info.expires_unix_seconds = row.OptionalInt(5);
  if (const auto found = models.find(info.key_id); found != models.end()) {
    info.models = std::move(found->second);
  }
  if (row.OptionalInt(6)) {
    info.state = KeyState::kRevoked;
  } else if (info.expires_unix_seconds && *info.expires_unix_seconds <= now_seconds) {
    info.state = KeyState::kExpired;
  } else if (row.OptionalInt(7)) {
    info.state = KeyState::kDisabled;
  }
  return info;
}

}  // namespace

base::Status CheckKeyOptions(const KeyOptions& options, int64_t now_seconds) {
  if (!IsAccountId(options.account_id)) {
    return base::InvalidArgument("an account id is 1 to 64 letters, digits, '.', '_' or '-'",
                                 "account_id");
  }
  if (options.name.size() > kNameBytesMax || !IsLine(options.name)) {
    return base::InvalidArgument("a key's name is at most 128 bytes of text on one line", "name");
  }
  if (options.expires_unix_seconds && *options.expires_unix_seconds <= now_seconds) {
    return base::InvalidArgument("the expiry must be in the future", "expires");
  }
  return {};
}

base::Result<std::vector<std::string>> NormalModels(std::vector<std::string> models) {
  for (const std::string& model : models) {
    if (model.empty() || model.size() > kModelBytesMax || !IsLine(model)) {
      return base::InvalidArgument("a model id is 1 to 256 bytes of text on one line", "models");
    }
  }
  std::sort(models.begin(), models.end());
  models.erase(std::unique(models.begin(), models.end()), models.end());
  if (models.size() > kModelsMax) {
    return base::InvalidArgument(
        fmt::format("a key may name at most {} models, not {}", kModelsMax, models.size()),
        "models");
  }
  return models;
}

base::Result<std::string> FindKeyId(const Database& database, std::string_view beginning) {
  if (beginning.starts_with(kKeyIdPrefix)) {
    beginning.remove_prefix(kKeyIdPrefix.size());
  }
  if (beginning.size() < kKeyIdBeginningMin) {
    return base::InvalidArgument("give at least four characters of the key id", "key_id");
  }
  const std::string full = fmt::format("{}{}", kKeyIdPrefix, beginning);
  Statement select =
      TRY(database.Prepare("SELECT key_id FROM keys WHERE substr(key_id, 1, length(?1)) = ?1"));
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

base::Result<KeyInfo> ReadKey(const Database& database, std::string_view key_id,
                              int64_t now_seconds) {
  ModelsByKey models = TRY(ReadModels(database, key_id));
  Statement select = TRY(database.Prepare(fmt::format("{} WHERE key_id = ?1", kKeyColumns)));
  select.Bind(1, key_id);
  if (!TRY(select.Step())) {
    return base::NotFound("no key has this id");
  }
  return InfoOf(select, models, now_seconds);
}

base::Result<std::vector<KeyInfo>> ReadKeys(const Database& database, int64_t now_seconds) {
  ModelsByKey models = TRY(ReadModels(database));
  Statement select = TRY(database.Prepare(fmt::format("{} ORDER BY rowid", kKeyColumns)));
  std::vector<KeyInfo> keys;
  while (TRY(select.Step())) {
    keys.push_back(InfoOf(select, models, now_seconds));
  }
  return keys;
}

base::Result<KeyTable> ReadKeyTable(const Database& database) {
  ModelsByKey models = TRY(ReadModels(database));
  Statement select = TRY(database.Prepare(
      "SELECT digest, key_id, account_id, name, expires_s, revoked_s, disabled_s FROM keys"));
  KeyTable table;
  while (TRY(select.Step())) {
    KeyEntry entry;
    const std::span<const std::byte> digest = select.Blob(0);
    if (digest.size() != entry.digest.size()) {
      return base::CorruptData(fmt::format(
          "{}: a key with a broken digest; restore the file from a backup", database.path()));
    }
    std::copy(digest.begin(), digest.end(), entry.digest.begin());
    entry.principal.key_id = select.Text(1);
    entry.principal.account_id = select.Text(2);
    entry.principal.key_name = select.Text(3);
    if (const auto found = models.find(entry.principal.key_id); found != models.end()) {
      entry.principal.models =
          std::make_shared<const ModelSet>(found->second.begin(), found->second.end());
    }
    entry.expires_unix_seconds = select.OptionalInt(4);
    entry.revoked = select.OptionalInt(5).has_value();
    entry.disabled = select.OptionalInt(6).has_value();
    table.Add(std::move(entry));
  }
  return table;
}

base::Status InsertKey(Database& database, const KeyInfo& key, const Digest& digest) {
  Statement account = TRY(
      database.Prepare("INSERT OR IGNORE INTO accounts (account_id, created_s) VALUES (?1, ?2)"));
  account.Bind(1, key.account_id);
  account.Bind(2, key.created_unix_seconds);
  TRY(account.Run());
  Statement insert =
      TRY(database.Prepare("INSERT INTO keys (key_id, account_id, name, hint, digest, created_s,"
                           " expires_s) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
  insert.Bind(1, key.key_id);
  insert.Bind(2, key.account_id);
  insert.Bind(3, key.name);
  insert.Bind(4, key.hint);
  insert.BindBlob(5, digest);
  insert.Bind(6, key.created_unix_seconds);
  insert.Bind(7, key.expires_unix_seconds);
  TRY(insert.Run());
  return SetModels(database, key.key_id, key.models);
}

base::Status SetRevoked(Database& database, std::string_view key_id, int64_t now_seconds) {
  Statement update = TRY(
      database.Prepare("UPDATE keys SET revoked_s = coalesce(revoked_s, ?2) WHERE key_id = ?1"));
  update.Bind(1, key_id);
  update.Bind(2, now_seconds);
  return update.Run();
}

base::Status SetEnabled(Database& database, std::string_view key_id, bool enabled,
                        int64_t now_seconds) {
  Statement update = TRY(database.Prepare(
      enabled ? "UPDATE keys SET disabled_s = NULL WHERE key_id = ?1"
              : "UPDATE keys SET disabled_s = coalesce(disabled_s, ?2) WHERE key_id = ?1"));
  update.Bind(1, key_id);
  if (!enabled) {
    update.Bind(2, now_seconds);
  }
  return update.Run();
}

base::Status SetModels(Database& database, std::string_view key_id,
                       const std::vector<std::string>& models) {
  Statement remove = TRY(database.Prepare("DELETE FROM key_models WHERE key_id = ?1"));
  remove.Bind(1, key_id);
  TRY(remove.Run());
  Statement insert =
      TRY(database.Prepare("INSERT INTO key_models (key_id, model) VALUES (?1, ?2)"));
  for (const std::string& model : models) {
    insert.Bind(1, key_id);
    insert.Bind(2, std::string_view(model));
    TRY(insert.Run());
    insert.Reset();
  }
  return {};
}

base::Status MarkKeysChanged(Database& database) {
  return database.Execute("UPDATE meta SET value = value + 1 WHERE name = 'key_version'");
}

}  // namespace millrace::accounts
