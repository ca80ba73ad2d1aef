// All keys in memory, found by digest.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "accounts/accounts.h"
#include "accounts/secret.h"

namespace millrace::accounts {

struct KeyEntry {
  Digest digest;
  Principal principal;
  std::optional<int64_t> expires_unix_seconds;
  bool revoked = false;
  bool disabled = false;
};

// Not thread-safe.
class KeyTable {
 public:
  void Add(KeyEntry entry);
  // nullptr when there is none. The digest is keyed, so which bucket is looked at tells a caller
  // nothing about other keys; entries are compared in constant time.
  const KeyEntry* Find(const Digest& digest) const;
  size_t size() const { return entries_.size(); }

 private:
  static uint64_t Prefix(const Digest& digest);
  std::unordered_multimap<uint64_t, KeyEntry> entries_;
};

}  // namespace millrace::accounts
