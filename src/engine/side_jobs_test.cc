#include "engine/side_jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <thread>

namespace millrace::engine {
namespace {

using scheduler::RequestId;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr milliseconds kLong = std::chrono::minutes(1);

TEST(SideJobs, RunBesideTheirOwner) {
  SideJobs jobs(2, [](RequestId) { FAIL() << "nobody was given up on"; });
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
  SideJobs jobs(2, [](RequestId) { FAIL() << "nobody was given up on"; });
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
  std::promise<RequestId> told;
  SideJobs jobs(2, [&told](RequestId id) {
    if (id == RequestId{7}) {
      told.set_value(id);
    }
  });
  std::latch release(1);
  std::atomic<int> count = 0;
  for (int i = 0; i < 2; ++i) {
    jobs.Begin(RequestId{7}, "slow", [&] {
      release.wait();
      ++count;
    });
  }
  jobs.Begin(RequestId{8}, "quick", [] {});
  auto late = jobs.Wait(milliseconds(1));
  late.erase(RequestId{8});  // one millisecond may be too short for anything
  EXPECT_THAT(late, ElementsAre(RequestId{7}));
  // Others are not waited for any longer because of it.
  jobs.Begin(RequestId{9}, "quick", [] {});
  EXPECT_THAT(jobs.Wait(kLong), IsEmpty());
  release.count_down();
  EXPECT_EQ(told.get_future().get(), RequestId{7});
  EXPECT_EQ(count, 2);
  // It may have jobs again.
  jobs.Begin(RequestId{7}, "slow", [&count] { ++count; });
  EXPECT_THAT(jobs.Wait(kLong), IsEmpty());
  EXPECT_EQ(count, 3);
}

TEST(SideJobs, ThatRunAreFinishedBeforeTheyGo) {
  std::latch running(1);
  bool done = false;
  {
    SideJobs jobs(2, [](RequestId) {});
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
