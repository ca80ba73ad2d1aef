// How many tokens the requests of a key usually produce.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace millrace::accounts {

// A moving mean per key: each new request weighs an eighth, the first alone sets it. Remembers
// kKeysMax keys and forgets the one unused longest. Not thread-safe.
class UsualOutput {
 public:
  static constexpr size_t kKeysMax = 64;
  // For a key that has produced nothing yet.
  static constexpr int64_t kUnknown = 512;

  void Learn(std::string_view key_id, int64_t completion_tokens);
  int64_t Estimate(std::string_view key_id) const;
  bool Knows(std::string_view key_id) const { return means_.contains(std::string(key_id)); }

 private:
  struct Mean {
    double tokens = 0;
    uint64_t used = 0;  // value of clock_ when last learned from
  };

  std::unordered_map<std::string, Mean> means_;
  uint64_t clock_ = 0;
};

}  // namespace millrace::accounts
