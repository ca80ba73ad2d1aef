#include "base/fair_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <memory>
#include <mutex>

namespace millrace::base {
namespace {

using ::testing::ElementsAre;

// What ran, in order.
class Record {
 public:
  std::move_only_function<void()> Piece(std::string name, std::latch* done) {
    return [this, name = std::move(name), done] {
      {
        const std::lock_guard lock(mutex_);
        names_.push_back(name);
      }
      done->count_down();
    };
  }
  std::vector<std::string> names() {
    const std::lock_guard lock(mutex_);
    return names_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> names_;
};

// Returns when a piece of the caller runs, which goes on until it is released.
void Occupy(FairPool& pool, const std::string& caller, std::latch& release) {
  const auto running = std::make_shared<std::latch>(1);
  pool.Post(caller, [running, release = &release] {
    running->count_down();
    release->wait();
  });
  running->wait();
}

TEST(FairPool, ServesCallersInTurn) {
  std::latch release(1);
  FairPool pool(1);
  Record record;
  std::latch done(6);
  Occupy(pool, "greedy", release);
  for (const char* name : {"greedy 1", "greedy 2", "greedy 3", "greedy 4"}) {
    pool.Post("greedy", record.Piece(name, &done));
  }
  pool.Post("modest", record.Piece("modest", &done));
  pool.Post("another", record.Piece("another", &done));
  release.count_down();
  done.wait();
  // The circle goes by name, from the one who was served last.
  EXPECT_THAT(record.names(),
              ElementsAre("modest", "another", "greedy 1", "greedy 2", "greedy 3", "greedy 4"));
}

TEST(FairPool, LeavesAThreadToOthers) {
  FairPool pool(3);
  std::latch release(1);
  std::latch both_run(2);
  for (int i = 0; i < 3; ++i) {
    pool.Post("greedy", [&] {
      if (!both_run.try_wait()) {
        both_run.count_down();
      }
      release.wait();
    });
  }
  both_run.wait();
  std::promise<void> modest_ran;
  pool.Post("modest", [&modest_ran] { modest_ran.set_value(); });
  modest_ran.get_future().wait();
  release.count_down();
}

TEST(FairPool, DropsWhatWaitsWhenItStops) {
  std::latch release(1);
  FairPool pool(1);
  Occupy(pool, "one", release);
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> watched = held;
  bool ran = false;
  pool.Post("one", [&ran, held = std::move(held)] { ran = true; });
  std::thread stopping([&pool] { pool.Stop(); });
  while (!watched.expired()) {
    std::this_thread::yield();
  }
  release.count_down();
  stopping.join();
  pool.Post("one", [&ran] { ran = true; });
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace millrace::base
