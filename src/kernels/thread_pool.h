// A fixed pool of worker threads for the kernels of one engine.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace millrace::kernels {

// `thread_count` threads including the caller's: a pool of 1 starts none. Workers spin briefly
// between parallel regions of a step and then sleep, so an idle server uses no CPU.
//
// One thread (the engine's) calls Run at a time.
class ThreadPool {
 public:
  explicit ThreadPool(int32_t thread_count);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int32_t thread_count() const;

  // Calls `body(part)` once for each part in [0, part_count), spread over the threads, and returns
  // when all are done. Parts are handed out dynamically; results must not depend on which thread
  // runs a part.
  void Run(int32_t part_count, const std::function<void(int32_t part)>& body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::kernels
