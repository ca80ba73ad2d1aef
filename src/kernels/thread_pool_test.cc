#include "kernels/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <vector>

namespace millrace::kernels {
namespace {

std::vector<int> CountCalls(ThreadPool& pool, int32_t part_count) {
  std::vector<std::atomic<int>> calls(static_cast<size_t>(part_count));
  pool.Run(part_count, [&](int32_t part) { ++calls[static_cast<size_t>(part)]; });
  return {calls.begin(), calls.end()};
}

TEST(ThreadPool, CallsEveryPartOnce) {
  for (const int32_t threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.thread_count(), threads);
    for (const int32_t parts : {1, 2, 7, 100}) {
      EXPECT_EQ(CountCalls(pool, parts), std::vector<int>(static_cast<size_t>(parts), 1))
          << threads << " threads, " << parts << " parts";
    }
  }
}

TEST(ThreadPool, RunsNothingForNoParts) {
  ThreadPool pool(2);
  pool.Run(0, [](int32_t) { FAIL() << "called without a part"; });
}

// Plain memory written by parts must be visible when Run returns, and the bodies of many short
// regions must never be mixed up; the thread sanitizer checks the first, the sums the second.
TEST(ThreadPool, ManyShortRegionsSeeTheirOwnBodyAndPublishTheirWrites) {
  ThreadPool pool(4);
  std::vector<int64_t> out(16);
  for (int64_t region = 0; region < 2000; ++region) {
    const auto parts = static_cast<int32_t>(1 + region % 16);
    std::fill(out.begin(), out.end(), 0);
    pool.Run(parts, [&out, region](int32_t part) { out[static_cast<size_t>(part)] = region; });
    ASSERT_EQ(std::accumulate(out.begin(), out.end(), int64_t{0}), region * parts);
  }
}

TEST(ThreadPool, WakesWorkersThatSleep) {
  ThreadPool pool(3);
  EXPECT_EQ(CountCalls(pool, 5), std::vector<int>(5, 1));
  // Computing for far longer than the workers poll puts them to sleep.
  double sink = 0;
  for (int i = 1; i < 30'000'000; ++i) {
    sink += 1.0 / i;
  }
  EXPECT_GT(sink, 0);
  EXPECT_EQ(CountCalls(pool, 5), std::vector<int>(5, 1));
}

TEST(ThreadPool, DestructionWithoutUseEnds) { ThreadPool pool(4); }

}  // namespace
}  // namespace millrace::kernels
