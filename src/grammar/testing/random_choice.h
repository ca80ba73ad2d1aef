// Choices from a seed, the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"

namespace millrace::grammar::testing {

class RandomChoice {
 public:
  explicit RandomChoice(uint64_t seed) : state_(seed << 20U) {}

  // 0 to `bound` - 1; `bound` is positive.
  size_t Below(size_t bound) { return static_cast<size_t>(base::SplitMix64(state_++) % bound); }
  bool OneIn(size_t n) { return Below(n) == 0; }
  template <typename T>
  const T& Of(std::span<const T> from) {
    return from[Below(from.size())];
  }

 private:
  uint64_t state_;
};

}  // namespace millrace::grammar::testing
