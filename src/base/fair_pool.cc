#include "base/fair_pool.h"

#include <algorithm>
#include <utility>

namespace millrace::base {

FairPool::FairPool(size_t threads) : threads_of_one_(std::max<size_t>(threads - 1, 1)) {
  try {
    for (size_t i = 0; i < threads; ++i) {
      threads_.emplace_back([this] { Run(); });
    }
  } catch (...) {  // the system gives no more threads: those that run must end first
    Stop();
    throw;
  }
}

FairPool::~FairPool() { Stop(); }

// All memory is taken here: a thread that had none would have nobody to tell.
void FairPool::Post(const std::string& caller, std::move_only_function<void()> work) {
  std::list<Work> piece;
  piece.push_back(std::move(work));
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) {
      return;
    }
    last_.reserve(caller.size());
    std::list<Work>& waiting = callers_[caller].waiting;
    waiting.splice(waiting.end(), piece);
  }
  changed_.notify_all();
}

void FairPool::Stop() {
  {
    std::list<Work> dropped;  // goes outside of the lock: what work holds may do anything then
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    for (auto& [name, caller] : callers_) {
      dropped.splice(dropped.end(), caller.waiting);
    }
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) {
      thread.join();
    }
  }
}

FairPool::Callers::iterator FairPool::Next() {
  auto at = callers_.upper_bound(last_);
  for (size_t i = 0; i < callers_.size(); ++i) {
    if (at == callers_.end()) {
      at = callers_.begin();
    }
    if (!at->second.waiting.empty() && at->second.running < threads_of_one_) {
      return at;
    }
    ++at;
  }
  return callers_.end();
}

void FairPool::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    auto turn = callers_.end();
    changed_.wait(lock, [&] { return stopped_ || (turn = Next()) != callers_.end(); });
    if (stopped_) {
      return;
    }
    last_ = turn->first;
    Work work = std::move(turn->second.waiting.front());
    turn->second.waiting.pop_front();
    ++turn->second.running;
    lock.unlock();
    work();
    work = nullptr;  // what it holds goes outside of the lock, too
    lock.lock();
    --turn->second.running;
    if (turn->second.running == 0 && turn->second.waiting.empty()) {
      callers_.erase(turn);
    }
    changed_.notify_all();
  }
}

}  // namespace millrace::base
