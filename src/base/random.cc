#include "base/random.h"

#include <sys/random.h>

#include <array>
#include <vector>

#include "base/check.h"

namespace millrace::base {

uint64_t RandomSource::NextUint64() {
  uint64_t value = 0;
  Fill(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

std::string RandomSource::NextHex(size_t byte_count) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::vector<std::byte> bytes(byte_count);
  Fill(bytes);
  std::string out;
  out.reserve(byte_count * 2);
  for (std::byte byte : bytes) {
    const auto value = std::to_integer<unsigned>(byte);
    out += kDigits[value >> 4];
    out += kDigits[value & 15];
  }
  return out;
}

std::string RandomSource::NextAlphanumeric(size_t length) {
  static constexpr char kLetters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string out;
  out.reserve(length);
  std::array<std::byte, 64> bytes;
  while (out.size() < length) {
    Fill(bytes);
    for (std::byte byte : bytes) {
      // 248 is the largest multiple of 62 below 256: rejecting above it keeps the draw uniform.
      const auto value = std::to_integer<unsigned>(byte);
      if (value < 248 && out.size() < length) {
        out += kLetters[value % 62];
      }
    }
  }
  return out;
}

void SystemRandom::Fill(std::span<std::byte> out) {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = getrandom(out.data() + done, out.size() - done, 0);
    MILLRACE_CHECK(got > 0);
    done += static_cast<size_t>(got);
  }
}

}  // namespace millrace::base
