// The rows of keys in the database. What writes runs inside a Transaction of the caller, who also
// raises `key_version` by MarkKeysChanged.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/accounts.h"
#include "accounts/key_table.h"
#include "accounts/secret.h"
#include "accounts/sqlite.h"
#include "base/result.h"

namespace millrace::accounts {

inline constexpr std::string_view kKeyIdPrefix = "key-";

// Errors: kInvalidArgument as CreateKey says.
base::Status CheckKeyOptions(const KeyOptions& options, int64_t now_seconds);
// Sorted, each once. Errors: kInvalidArgument as CreateKey says.
base::Result<std::vector<std::string>> NormalModels(std::vector<std::string> models);

// The full id of the one key that begins so. Errors: those of Store::RevokeKey.
base::Result<std::string> FindKeyId(const Database& database, std::string_view beginning);
base::Result<KeyInfo> ReadKey(const Database& database, std::string_view key_id,
                              int64_t now_seconds);
// In the order they were made.
base::Result<std::vector<KeyInfo>> ReadKeys(const Database& database, int64_t now_seconds);
base::Result<KeyTable> ReadKeyTable(const Database& database);

// Makes the account too when it is new.
base::Status InsertKey(Database& database, const KeyInfo& key, const Digest& digest);
base::Status SetRevoked(Database& database, std::string_view key_id, int64_t now_seconds);
base::Status SetEnabled(Database& database, std::string_view key_id, bool enabled,
                        int64_t now_seconds);
base::Status SetModels(Database& database, std::string_view key_id,
                       const std::vector<std::string>& models);
base::Status MarkKeysChanged(Database& database);

}  // namespace millrace::accounts
