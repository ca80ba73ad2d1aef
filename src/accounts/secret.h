// The server's secret: the key under which API keys are digested.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"

namespace millrace::accounts {

using Digest = std::array<std::byte, 32>;

class Secret {
 public:
  // Reads the file; nothing when it does not exist. Takes away the permissions of others when it
  // has any. Errors: kIo, kCorruptData.
  static base::Result<std::optional<Secret>> Read(const std::string& path);
  // Writes a new random one with mode 0600, complete or not at all. When another process was
  // first, its secret is returned.
  static base::Result<Secret> CreateOrRead(const std::string& path, base::RandomSource& random);

  // HMAC-SHA256 of `text`. Source: RFC 2104.
  Digest DigestOf(std::string_view text) const;

 private:
  explicit Secret(std::string hex) : hex_(std::move(hex)) {}
  std::string hex_;  // 64 hexadecimal digits, used as they are
};

// Compares in constant time.
bool SameDigest(const Digest& a, const Digest& b);

}  // namespace millrace::accounts
