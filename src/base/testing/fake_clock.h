// A clock that moves only when told to.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace millrace::base {

class FakeClock final : public Clock {
 public:
  explicit FakeClock(int64_t unix_millis = 1'790'000'000'000) : start_millis_(unix_millis) {}

  TimePoint Now() const override { return TimePoint(Duration(elapsed_ns_.load())); }
  int64_t UnixMillis() const override { return start_millis_ + elapsed_ns_.load() / 1'000'000; }
  void Advance(Duration by) { elapsed_ns_ += by.count(); }

 private:
  const int64_t start_millis_;
  std::atomic<int64_t> elapsed_ns_{0};
};

}  // namespace millrace::base
