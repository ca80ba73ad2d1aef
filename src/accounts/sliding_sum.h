// The sum of what was added during the last so many seconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace millrace::accounts {

// An amount added at time t counts until, not including, t + window. Exact while at most
// kEntriesMax amounts of different times are inside. When there are more, amounts within one cell
// of window / kCells are merged into the latest of them: they count less than one cell too long,
// never too short, so a limit is never passed. Times must not fall. Not thread-safe.
class SlidingSum {
 public:
  static constexpr size_t kEntriesMax = 8192;
  static constexpr int64_t kCells = 4096;

  explicit SlidingSum(base::Duration window) : window_(window) {}

  void Add(base::TimePoint now, int64_t amount);
  // Undoes an Add at `added`, as long as it counts.
  void TakeBack(base::TimePoint added, base::TimePoint now, int64_t amount);
  int64_t Sum(base::TimePoint now);
  // The first time, not before `now`, when at most `most` counts if nothing is added. `most` >= 0.
  base::TimePoint FallsTo(int64_t most, base::TimePoint now);

  base::Duration window() const { return window_; }
  size_t entry_count() const { return entries_.size() - first_; }
  size_t capacity() const { return entries_.capacity(); }

 private:
  struct Entry {
    base::TimePoint time;
    int64_t amount = 0;
  };

  // Drops what no longer counts.
  void Prune(base::TimePoint now);
  void Merge();

  base::Duration window_;
  std::vector<Entry> entries_;  // by time, from first_ on; what is before has been dropped
  size_t first_ = 0;
  int64_t sum_ = 0;
};

}  // namespace millrace::accounts
