// Bounds the work of one question to a grammar.
#pragma once

#include <cstdint>

namespace millrace::grammar {

// Counts steps, about 20 ns each, and stops a calculation that takes too many by an exception,
// which matchers and the compiler catch. What was being calculated is then half done: the language
// it belongs to must not be asked any more.
class WorkMeter {
 public:
  struct Exhausted {};

  void Allow(uint64_t steps) { left_ = steps; }
  void Spend(uint64_t steps) {
    if (steps > left_) {
      throw Exhausted();
    }
    left_ -= steps;
  }

 private:
  uint64_t left_ = UINT64_MAX;
};

}  // namespace millrace::grammar
