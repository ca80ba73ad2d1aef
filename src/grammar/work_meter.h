// Bounds the work of one question to a grammar.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>

namespace millrace::grammar {

// Counts steps, about 20 ns each, and stops a calculation that takes too many by an exception,
// which matchers and the compiler catch. What was being calculated is then half done: the language
// it belongs to must not be asked any more.
class WorkMeter {
 public:
  struct Exhausted {};

  // `keep_going` is asked now and then; false stops the calculation, too. Empty = go on.
  void Allow(uint64_t steps, std::function<bool()> keep_going = {}) {
    left_ = steps;
    keep_going_ = std::move(keep_going);
  }
  uint64_t left() const { return left_; }
  void Spend(uint64_t steps) {
    if (steps > left_) {
      throw Exhausted();
    }
    left_ -= steps;
    until_asking_ -= std::min(until_asking_, steps);
    if (until_asking_ == 0) {
      until_asking_ = kAskEvery;
      if (keep_going_ && !keep_going_()) {
        throw Exhausted();
      }
    }
  }

 private:
  static constexpr uint64_t kAskEvery = 50'000;  // about a millisecond

  uint64_t left_ = UINT64_MAX;
  uint64_t until_asking_ = kAskEvery;
  std::function<bool()> keep_going_ = {};
};

}  // namespace millrace::grammar
