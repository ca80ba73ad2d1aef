#include "engine/side_worker.h"

#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <thread>

namespace millrace::engine {
namespace {

TEST(SideWorker, WorksWhileItsOwnerDoes) {
  SideWorker worker;
  std::latch owner_went_on(1);
  std::thread::id where;
  worker.Begin([&] {
    owner_went_on.wait();
    where = std::this_thread::get_id();
  });
  owner_went_on.count_down();  // never reached if Begin did the work itself
  worker.Wait();
  EXPECT_NE(where, std::thread::id());
  EXPECT_NE(where, std::this_thread::get_id());
}

TEST(SideWorker, DoesOneWorkAfterAnother) {
  SideWorker worker;
  worker.Wait();
  int count = 0;
  for (int i = 0; i < 1000; ++i) {
    worker.Begin([&count] { ++count; });
    worker.Wait();
    ASSERT_EQ(count, i + 1);
  }
}

TEST(SideWorker, FinishesItsWorkBeforeItGoes) {
  bool done = false;
  {
    SideWorker worker;
    worker.Begin([&done] { done = true; });
  }
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace millrace::engine
