#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace millrace::base {
namespace {

TEST(BoundedQueue, FullQueueLeavesTheItemWithTheCaller) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  auto first = std::make_unique<int>(1);
  auto second = std::make_unique<int>(2);
  EXPECT_TRUE(queue.TryPush(first));
  EXPECT_FALSE(queue.TryPush(second));
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(**queue.TryPop(), 1);
  EXPECT_TRUE(queue.TryPush(second));
}

TEST(BoundedQueue, CloseWakesWaitersAfterTheLastItem) {
  BoundedQueue<int> queue(4);
  std::vector<int> seen;
  std::thread consumer([&] {
    while (std::optional<int> item = queue.Pop()) {
      seen.push_back(*item);
    }
  });
  for (int i = 0; i < 100; ++i) {
    int item = i;
    while (!queue.TryPush(item)) {
      std::this_thread::yield();
    }
  }
  queue.Close();
  consumer.join();
  ASSERT_EQ(seen.size(), 100U);
  EXPECT_EQ(seen.back(), 99);
  int late = 1;
  EXPECT_FALSE(queue.TryPush(late));
}

}  // namespace
}  // namespace millrace::base
