// Accounts and their API keys: who may call, and what they used.
//
// A key is shown once, when it is made; the store holds only its HMAC-SHA256 under the server's secret.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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
  std::string key_id;    // short and public: fit for logs
  std::string key_name;
};

enum class KeyState { kActive, kRevoked, kExpired };

struct KeyInfo {
  std::string key_id;
  std::string account_id;
  std::string name;
  std::string hint;  // first characters of the key: "sk-Ab3f…"
  int64_t created_unix_seconds = 0;
  std::optional<int64_t> expires_unix_seconds;
  KeyState state = KeyState::kActive;
};

struct NewKey {
  KeyInfo info;
  std::string secret;  // the key itself; nowhere else
};

struct KeyOptions {
  std::string account_id = "default";  // made when it does not exist
  std::string name;
  std::optional<int64_t> expires_unix_seconds;
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

// Keys and the usage ledger in one SQLite file (WAL). Thread-safe.
class Store {
 public:
  // Opens or creates `directory`/millrace.db and `directory`/secret (mode 0600). Errors: kIo with the path and reason.
  // `clock` and `random` are borrowed and must outlive the store.
  static base::Result<std::unique_ptr<Store>> Open(const std::string& directory, const base::Clock* clock,
                                                   base::RandomSource* random);
  virtual ~Store() = default;

  virtual base::Result<NewKey> CreateKey(const KeyOptions& options) = 0;
  virtual base::Result<std::vector<KeyInfo>> ListKeys() = 0;
  // Accepts a key id or an unambiguous beginning of one. Errors: kNotFound, kInvalidArgument (ambiguous).
  virtual base::Result<KeyInfo> RevokeKey(std::string_view key_id) = 0;
  virtual base::Result<bool> HasKeys() = 0;

  // kUnauthenticated for a key that was never ours, kPermissionDenied for a revoked or expired one. Compares digests
  // in constant time; answers from memory, so no disk access for each request.
  virtual base::Result<Principal> Authenticate(std::string_view key) = 0;

  // Queues a row for the ledger; written in batches by a background thread and flushed on destruction.
  virtual void RecordUsage(UsageRecord record) = 0;
  // Waits until everything recorded so far is on disk.
  virtual base::Status Flush() = 0;
};

}  // namespace millrace::accounts
