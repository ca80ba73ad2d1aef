#include "engine/side_worker.h"

#include <utility>

#include "base/check.h"

namespace millrace::engine {

SideWorker::~SideWorker() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void SideWorker::Begin(std::function<void()> work) {
  if (!thread_.joinable()) {
    thread_ = std::thread([this] { Run(); });
  }
  {
    const std::lock_guard lock(mutex_);
    MILLRACE_CHECK(!work_);
    work_ = std::move(work);
  }
  changed_.notify_all();
}

void SideWorker::Wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !work_; });
}

void SideWorker::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stop_ || work_; });
    if (!work_) {
      return;
    }
    lock.unlock();
    work_();
    lock.lock();
    work_ = nullptr;
    changed_.notify_all();
  }
}

}  // namespace millrace::engine
