#include "accounts/key_table.h"

#include <cstring>
#include <utility>

namespace millrace::accounts {

uint64_t KeyTable::Prefix(const Digest& digest) {
  uint64_t prefix = 0;
  std::memcpy(&prefix, digest.data(), sizeof(prefix));
  return prefix;
}

void KeyTable::Add(KeyEntry entry) {
  const uint64_t prefix = Prefix(entry.digest);
  entries_.emplace(prefix, std::move(entry));
}

const KeyEntry* KeyTable::Find(const Digest& digest) const {
  const auto [first, last] = entries_.equal_range(Prefix(digest));
  for (auto entry = first; entry != last; ++entry) {
    if (SameDigest(entry->second.digest, digest)) {
      return &entry->second;
    }
  }
  return nullptr;
}

}  // namespace millrace::accounts
