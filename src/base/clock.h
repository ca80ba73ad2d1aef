// Time as a dependency: only `app` makes a real clock; tests pass FakeClock
// (base/testing/fake_clock.h).
#pragma once

#include <chrono>
#include <cstdint>

namespace millrace::base {

using Duration = std::chrono::nanoseconds;
// Monotonic; for deadlines, rates and durations.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
  // Milliseconds since the Unix epoch, for timestamps that leave the process.
  virtual int64_t UnixMillis() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint Now() const override { return std::chrono::steady_clock::now(); }
  int64_t UnixMillis() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace millrace::base
