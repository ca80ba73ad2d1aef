#include "accounts/sliding_sum.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace millrace::accounts {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

base::TimePoint At(base::Duration since_start) { return base::TimePoint(since_start); }

TEST(SlidingSum, AnAmountCountsForExactlyOneWindow) {
  SlidingSum sum{seconds(60)};
  sum.Add(At(seconds(5)), 3);
  EXPECT_EQ(sum.Sum(At(seconds(5))), 3);
  EXPECT_EQ(sum.Sum(At(seconds(65) - nanoseconds(1))), 3);
  EXPECT_EQ(sum.Sum(At(seconds(65))), 0);
}

TEST(SlidingSum, TellsWhenItFallsToASmallerSum) {
  SlidingSum sum{seconds(60)};
  sum.Add(At(seconds(1)), 10);
  sum.Add(At(seconds(2)), 20);
  sum.Add(At(seconds(4)), 30);
  const base::TimePoint now = At(seconds(10));
  EXPECT_EQ(sum.FallsTo(60, now), now);
  EXPECT_EQ(sum.FallsTo(59, now), At(seconds(61)));
  EXPECT_EQ(sum.FallsTo(50, now), At(seconds(61)));
  EXPECT_EQ(sum.FallsTo(49, now), At(seconds(62)));
  EXPECT_EQ(sum.FallsTo(0, now), At(seconds(64)));
  EXPECT_EQ(sum.Sum(now), 60);
}

TEST(SlidingSum, TakesBackWhatStillCounts) {
  SlidingSum sum{seconds(60)};
  sum.Add(At(seconds(1)), 10);
  sum.Add(At(seconds(2)), 20);
  sum.TakeBack(At(seconds(2)), At(seconds(3)), 20);
  EXPECT_EQ(sum.Sum(At(seconds(3))), 10);
  EXPECT_EQ(sum.FallsTo(0, At(seconds(3))), At(seconds(61)));
  // The first has left by itself and must not be subtracted again.
  sum.Add(At(seconds(30)), 7);
  sum.TakeBack(At(seconds(1)), At(seconds(61)), 10);
  EXPECT_EQ(sum.Sum(At(seconds(61))), 7);
  sum.TakeBack(At(seconds(30)), At(seconds(62)), 7);
  EXPECT_EQ(sum.entry_count(), 0U);
}

TEST(SlidingSum, AgreesWithAPlainListOnRandomTimes) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 50; ++round) {
    SlidingSum sum{seconds(60)};
    std::deque<std::pair<base::TimePoint, int64_t>> plain;
    base::TimePoint now = At(seconds(0));
    for (int i = 0; i < 500; ++i) {
      now += milliseconds(random() % 2000);
      const auto amount = static_cast<int64_t>(random() % 5);
      sum.Add(now, amount);
      plain.emplace_back(now, amount);
      int64_t expected = 0;
      for (const auto& [time, value] : plain) {
        expected += time + seconds(60) > now ? value : 0;
      }
      ASSERT_EQ(sum.Sum(now), expected) << "round " << round << " step " << i;
    }
  }
}

TEST(SlidingSum, IsExactUpToItsBound) {
  SlidingSum sum{seconds(60)};
  for (size_t i = 0; i < SlidingSum::kEntriesMax; ++i) {
    sum.Add(At(milliseconds(i)), 1);
  }
  EXPECT_EQ(sum.entry_count(), SlidingSum::kEntriesMax);
  for (size_t i = 0; i < SlidingSum::kEntriesMax; ++i) {
    const auto left = static_cast<int64_t>(SlidingSum::kEntriesMax - i);
    ASSERT_EQ(sum.Sum(At(seconds(60) + milliseconds(i) - nanoseconds(1))), left);
  }
}

TEST(SlidingSum, MergingNeverCountsTooShortAndLessThanACellTooLong) {
  for (const seconds window : {seconds(60), seconds(3600)}) {
    const base::Duration cell = base::Duration(window) / SlidingSum::kCells;
    SlidingSum sum{window};
    std::deque<base::TimePoint> plain;
    base::TimePoint now = At(seconds(0));
    for (int i = 0; i < 300'000; ++i) {
      now += base::Duration(window) / 100'000;
      sum.Add(now, 1);
      plain.push_back(now);
      if (i % 1000 != 0) {
        continue;
      }
      const auto within = [&](base::Duration longer) {
        while (!plain.empty() && plain.front() + window + cell <= now) {
          plain.pop_front();
        }
        return std::count_if(plain.begin(), plain.end(),
                             [&](base::TimePoint time) { return time + window + longer > now; });
      };
      ASSERT_GE(sum.Sum(now), within({}));
      ASSERT_LE(sum.Sum(now), within(cell));
    }
  }
}

TEST(SlidingSum, MillionsOfAmountsTakeBoundedSpace) {
  SlidingSum sum{seconds(3600)};
  base::TimePoint now = At(seconds(0));
  for (int i = 0; i < 3'000'000; ++i) {
    now += milliseconds(2);
    sum.Add(now, 1);
    ASSERT_LE(sum.entry_count(), SlidingSum::kEntriesMax);
  }
  EXPECT_LE(sum.capacity(), 4 * SlidingSum::kEntriesMax);
  EXPECT_NEAR(static_cast<double>(sum.Sum(now)), 1'800'000, 450);
}

TEST(SlidingSum, TakesBackFromMergedEntries) {
  SlidingSum sum{seconds(60)};
  base::TimePoint now = At(seconds(0));
  const base::TimePoint wanted = At(milliseconds(2));
  for (int i = 0; i < 20'000; ++i) {
    now += milliseconds(1);
    sum.Add(now, 1);
  }
  sum.TakeBack(wanted, now, 1);
  EXPECT_EQ(sum.Sum(now), 19'999);
}

TEST(SlidingSum, AnEmptyOneHoldsNoMemory) {
  SlidingSum sum{seconds(60)};
  for (int i = 0; i < 1000; ++i) {
    sum.Add(At(milliseconds(i)), 1);
  }
  EXPECT_EQ(sum.Sum(At(seconds(100))), 0);
  EXPECT_EQ(sum.capacity(), 0U);
}

}  // namespace
}  // namespace millrace::accounts
