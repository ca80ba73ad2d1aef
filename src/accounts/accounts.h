// Accounts and their API keys: who may call, and what they used.
//
// A key is shown once, when it is made; the store holds only its HMAC-SHA256 under the server's
// secret.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace millrace::accounts {

// Who a valid key belongs to.
struct Principal {
  std::string account_id;
  std::string key_id;  // short and public: fit for logs
  std::string key_name;
  // Ids of the models the key may use, of the records and never aliases; null: every one.
  std::shared_ptr<const std::set<std::string, std::less<>>> models = {};

  bool MayUse(std::string_view model) const { return models == nullptr || models->contains(model); }
};

enum class KeyState {
  kActive,
  kRevoked,  // for good
  kExpired,
  kDisabled,  // until it is enabled again
};
// "active", "revoked", "expired", "disabled".
std::string_view KeyStateName(KeyState state);

struct KeyInfo {
  std::string key_id;
  std::string account_id;
  std::string name;
  std::string hint;  // first characters of the key: "sk-Ab3f…"
  int64_t created_unix_seconds = 0;
  std::optional<int64_t> expires_unix_seconds;
  std::vector<std::string> models;  // the only ones it may use, sorted; empty: every model
  // The first that holds of revoked, expired, disabled, active.
  KeyState state = KeyState::kActive;
};

struct NewKey {
  KeyInfo info;
  std::string secret;  // the key itself; nowhere else
};

struct KeyOptions {
  std::string account_id = "default";  // made when it does not exist
  std::string name = {};
  std::optional<int64_t> expires_unix_seconds = {};
  std::vector<std::string> models = {};  // ids of the only models it may use; empty: every model
};

// What changes about a key; the rest stays.
struct KeyChange {
  std::optional<bool> enabled = {};
  std::optional<std::vector<std::string>> models = {};  // an empty list: every model
};

// What a request cost, booked once when it ends.
struct UsageRecord {
  std::string trace_id;
  std::string account_id;
  std::string key_id;
  std::string model;
  int64_t started_unix_millis = 0;
  int64_t duration_millis = 0;
  int status = 0;
  int64_t prompt_tokens = 0;
  int64_t cached_tokens = 0;
  int64_t completion_tokens = 0;
  int64_t reasoning_tokens = 0;
};

// What one account spent on one model with one key.
struct UsageTotal {
  std::string account_id;
  std::string key_id;
  std::string model;
  int64_t requests = 0;
  int64_t prompt_tokens = 0;
  int64_t cached_tokens = 0;
  int64_t completion_tokens = 0;
  int64_t reasoning_tokens = 0;
};

struct UsageQuery {
  std::string account_id = {};                     // empty: every account
  std::optional<int64_t> since_unix_millis = {};   // started at or after
  std::optional<int64_t> before_unix_millis = {};  // started before
};

// Keys and the usage ledger in one SQLite file (WAL). Thread-safe. Several processes may have one
// open at the same time; a key made, changed or revoked by one is known to the others within a
// second.
//
// Errors say which file and what to do: kIo when it cannot be read or written or another program
// holds it, kCorruptData when it is damaged or not ours, kUnsupported when a newer millrace made
// it.
class Store {
 public:
  // Opens or creates `directory` (mode 0700), in it millrace.db and secret (mode 0600 both).
  // `clock` and `random` are borrowed and must outlive the store.
  static base::Result<std::unique_ptr<Store>> Open(const std::string& directory,
                                                   const base::Clock* clock,
                                                   base::RandomSource* random);
  virtual ~Store() = default;

  // "sk-" and 48 letters and digits. Errors: kInvalidArgument for an account id that is not 1 to 64
  // of [A-Za-z0-9._-], a name over 128 bytes or with control characters, an expiry in the past,
  // more than 256 models or a model id that is not 1 to 256 bytes of text on one line.
  virtual base::Result<NewKey> CreateKey(const KeyOptions& options) = 0;
  // In the order they were made.
  virtual base::Result<std::vector<KeyInfo>> ListKeys() = 0;
  // Accepts a key id or an unambiguous beginning of one, with or without its "key-", of four
  // characters at least. Revoking twice is no error. Errors: kNotFound, kInvalidArgument (ambiguous
  // or too short).
  virtual base::Result<KeyInfo> RevokeKey(std::string_view key_id) = 0;
  // Names the key as RevokeKey does. Errors: those of RevokeKey, kInvalidArgument for models that
  // CreateKey refuses, kPermissionDenied for a revoked key.
  virtual base::Result<KeyInfo> UpdateKey(std::string_view key_id, const KeyChange& change) = 0;

  // Whether any key could be used now, or could be once it is enabled.
  virtual base::Result<bool> HasKeys() = 0;

  // kUnauthenticated for a key that was never ours, kPermissionDenied for a revoked, expired or
  // disabled one. Compares digests in constant time; answers from memory. At most once a second, or
  // 20 times a second while unknown keys come, it asks SQLite whether another process changed the
  // keys; when that fails, what is known stays valid.
  virtual base::Result<Principal> Authenticate(std::string_view key) = 0;

  // Queues a row for the ledger; written in batches by a background thread and flushed on
  // destruction. Never waits and never drops a row, so memory is bounded by whoever asks CanRecord
  // before each request: at most 8,192 rows and one for each request that then runs.
  virtual void RecordUsage(UsageRecord record) = 0;

  // Whether the ledger keeps up: fewer than 8,192 rows wait for the disk. When not, new requests
  // should be refused before any work, since nobody could account for them. Cheap.
  virtual bool CanRecord() const = 0;
  // Why the last try to write the ledger failed; nothing when it worked. Rows stay queued and are
  // tried again.
  virtual std::optional<base::Error> trouble() const = 0;
  // Waits until everything recorded so far is on disk. When writing fails meanwhile, says why; the
  // rows stay queued and are tried again.
  virtual base::Status Flush() = 0;
  // Totals of what is on disk, by account, key and model.
  virtual base::Result<std::vector<UsageTotal>> SumUsage(const UsageQuery& query) = 0;
};

}  // namespace millrace::accounts
