// Text of every shape, from a seed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace millrace::tokenizer::testing {

// A small generator: SplitMix64 as a stream.
class RandomText {
 public:
  explicit RandomText(uint64_t seed) : state_(seed) {}

  uint64_t Below(uint64_t bound);
  // Up to `count_max` of `parts`, one after the other.
  std::string Join(std::span<const std::string_view> parts, uint64_t count_max);
  // Letters, marks, digits, spaces, punctuation, emoji, control characters of many scripts; valid
  // UTF-8.
  std::string Characters(uint64_t count_max);
  std::string Bytes(uint64_t count_max);

 private:
  uint64_t state_;
};

}  // namespace millrace::tokenizer::testing
