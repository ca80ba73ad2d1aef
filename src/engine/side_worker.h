// A thread that does one piece of work while its owner does another.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace millrace::engine {

// Used by one thread. The second thread is made when the first work comes.
class SideWorker {
 public:
  SideWorker() = default;
  // Waits for the work that was begun.
  ~SideWorker();
  SideWorker(const SideWorker&) = delete;
  SideWorker& operator=(const SideWorker&) = delete;

  // Begins `work`, which throws nothing. What was begun before must have been waited for.
  void Begin(std::function<void()> work);
  // Returns when the work is done; at once when there is none.
  void Wait();

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> work_;  // empty: none to be done
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace millrace::engine
