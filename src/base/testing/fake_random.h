// A repeatable RandomSource: the same seed gives the same bytes.
#pragma once

#include <mutex>

#include "base/random.h"

namespace millrace::base {

class FakeRandom final : public RandomSource {
 public:
  explicit FakeRandom(uint64_t seed = 1) : state_(seed) {}
  void Fill(std::span<std::byte> out) override {
    const std::lock_guard lock(mutex_);
    for (std::byte& byte : out) {
      byte = static_cast<std::byte>(SplitMix64(state_++) & 0xFF);
    }
  }

 private:
  std::mutex mutex_;
  uint64_t state_;
};

}  // namespace millrace::base
