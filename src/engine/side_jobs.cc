#include "engine/side_jobs.h"

#include <utility>

namespace millrace::engine {

SideJobs::SideJobs(size_t thread_count, std::function<void(scheduler::RequestId)> on_done)
    : on_done_(std::move(on_done)), pool_(thread_count) {}

void SideJobs::Begin(scheduler::RequestId id, const std::string& tenant,
                     std::move_only_function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    ++pending_[id].job_count;
    ++awaited_count_;
  }
  pool_.Post(tenant, [this, id, job = std::move(job)]() mutable {
    job();
    job = nullptr;  // before anybody is told that it is done
    End(id);
  });
}

std::set<scheduler::RequestId> SideJobs::Wait(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  all_done_.wait_for(lock, patience, [this] { return awaited_count_ == 0; });
  std::set<scheduler::RequestId> late;
  for (auto& [id, pending] : pending_) {
    if (!std::exchange(pending.late, true)) {
      late.insert(id);
    }
  }
  awaited_count_ = 0;
  return late;
}

void SideJobs::End(scheduler::RequestId id) {
  bool was_late = false;
  {
    const std::lock_guard lock(mutex_);
    const auto pending = pending_.find(id);
    was_late = pending->second.late;
    awaited_count_ -= was_late ? 0 : 1;
    if (awaited_count_ == 0) {
      all_done_.notify_all();
    }
    if (--pending->second.job_count > 0) {
      return;
    }
    pending_.erase(pending);
  }
  if (was_late) {
    on_done_(id);
  }
}

}  // namespace millrace::engine
