// Random bytes as a dependency: ids, keys and default seeds. Only `app` makes the real one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace millrace::base {

// Thread-safe.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual void Fill(std::span<std::byte> out) = 0;

  uint64_t NextUint64();
  // `byte_count` random bytes as lower-case hexadecimal.
  std::string NextHex(size_t byte_count);
  // `length` characters of [A-Za-z0-9], uniform.
  std::string NextAlphanumeric(size_t length);
};

// The operating system's generator (getrandom), fit for keys.
class SystemRandom final : public RandomSource {
 public:
  void Fill(std::span<std::byte> out) override;
};

// One step of SplitMix64: a well-mixed 64-bit value from a counter or a seed. Pure.
// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
constexpr uint64_t SplitMix64(uint64_t state) {
  uint64_t z = state + 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

}  // namespace millrace::base
