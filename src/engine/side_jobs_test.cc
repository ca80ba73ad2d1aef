#include "engine/side_jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <semaphore>
#include <thread>
#include <vector>

namespace millrace::engine {
namespace {

using scheduler::RequestId;
using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::IsEmpty;

constexpr milliseconds kLong = std::chrono::minutes(1);

TEST(SideJobs, RunBesideTheirOwner) {
  SideJobs jobs(2, [] { FAIL() << "nobody was given up on"; });
  std::latch owner_went_on(1);
  std::thread::id where;
  jobs.Begin(RequestId{1}, "a", [&] {
    owner_went_on.wait();
    where = std::this_thread::get_id();
  });
  owner_went_on.count_down();  // never reached if Begin did the work itself
  EXPECT_THAT(jobs.Wait(kLong), IsEmpty());
  EXPECT_NE(where, std::thread::id());
  EXPECT_NE(where, std::this_thread::get_id());
}

TEST(SideJobs, AreWaitedForEachTime) {
  SideJobs jobs(2, [] { FAIL() << "nobody was given up on"; });
  EXPECT_THAT(jobs.Wait(kLong), IsEmpty());
  std::atomic<int> count = 0;
  for (int i = 1; i <= 500; ++i) {
    jobs.Begin(RequestId{1}, "a", [&count] { ++count; });
    jobs.Begin(RequestId{2}, "b", [&count] { ++count; });
    EXPECT_THAT(jobs.Wait(kLong), IsEmpty());
    ASSERT_EQ(count, 2 * i);
  }
}

TEST(SideJobs, ThatTakeTooLongAreToldOfWhenTheyAreDone) {
  std::counting_semaphore<> told(0);
  SideJobs jobs(2, [&told] { told.release(); });
  std::latch release(1);
  std::atomic<int> count = 0;
  for (int i = 0; i < 2; ++i) {
    jobs.Begin(RequestId{7}, "slow", [&] {
      release.wait();
      ++count;
    });
  }
  jobs.Begin(RequestId{8}, "quick", [] {});
  EXPECT_THAT(jobs.Wait(milliseconds(1)), Contains(RequestId{7}));
  // Others are not waited for any longer because of it.
  jobs.Begin(RequestId{9}, "quick", [] {});
  EXPECT_THAT(jobs.Wait(kLong), IsEmpty());
  release.count_down();
  // One millisecond may have been too short for the other one, too.
  std::vector<RequestId> done;
  while (std::ranges::find(done, RequestId{7}) == done.end()) {
    told.acquire();
    done = jobs.TakeDone();
  }
  EXPECT_EQ(count, 2);
  EXPECT_THAT(jobs.TakeDone(), IsEmpty());
  // It may have jobs again.
  jobs.Begin(RequestId{7}, "slow", [&count] { ++count; });
  EXPECT_THAT(jobs.Wait(kLong), IsEmpty());
  EXPECT_EQ(count, 3);
}

TEST(SideJobs, ThatRunAreFinishedBeforeTheyGo) {
  std::latch running(1);
  bool done = false;
  {
    SideJobs jobs(2, [] {});
    jobs.Begin(RequestId{1}, "a", [&] {
      running.count_down();
      done = true;
    });
    running.wait();
  }
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace millrace::engine
