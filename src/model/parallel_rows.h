// Work on rows that know nothing of each other, spread over a pool.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>

#include "kernels/thread_pool.h"

namespace millrace::model {

// Calls body(first, end) for consecutive slices of [0, row_count), possibly at once on several
// threads. Work too small to be worth waking a thread runs on the caller's. `values_per_row`: about
// how many values a row touches.
template <typename Body>
void ForRowSlices(kernels::ThreadPool& pool, int64_t row_count, int64_t values_per_row,
                  const Body& body) {
  // About ten microseconds of work, several times what it takes to wake the pool.
  constexpr int64_t kSliceValues = 32768;
  const int64_t slice = std::max<int64_t>(1, kSliceValues / std::max<int64_t>(1, values_per_row));
  const int64_t parts = (row_count + slice - 1) / slice;
  if (parts <= 1 || pool.thread_count() == 1) {
    body(int64_t{0}, row_count);
    return;
  }
  const auto run = [&](int32_t part) {
    const int64_t first = part * slice;
    body(first, std::min(first + slice, row_count));
  };
  // By reference: a std::function that copied the closure would allocate.
  pool.Run(static_cast<int32_t>(parts), std::ref(run));
}

}  // namespace millrace::model
