// A few threads that many callers share in turn.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace millrace::base {

// Work of one caller is begun in the order it came; between callers the turn goes round, so that
// one who posts a hundred pieces holds up another for one piece at most. With more than one
// thread, a caller never has all of them: somebody new finds a thread free even while long pieces
// run. Thread-safe. As many pieces wait as were posted: who posts has to be bounded.
class FairPool {
 public:
  // Throws std::system_error when the system has not so many threads.
  explicit FairPool(size_t threads);
  // As Stop.
  ~FairPool();
  FairPool(const FairPool&) = delete;
  FairPool& operator=(const FairPool&) = delete;

  // `work` throws nothing. After Stop it is dropped.
  void Post(const std::string& caller, std::move_only_function<void()> work);
  // Drops what waits and returns when what runs has ended. Not from one of the threads.
  void Stop();

 private:
  using Work = std::move_only_function<void()>;
  struct Caller {
    std::list<Work> waiting;
    size_t running = 0;
  };
  using Callers = std::map<std::string, Caller>;

  void Run();
  // Whose turn it is: the next in the circle behind `last_` who waits and may have another thread.
  Callers::iterator Next();

  const size_t threads_of_one_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Callers callers_;   // those with anything waiting or running
  std::string last_;  // who was served last
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace millrace::base
