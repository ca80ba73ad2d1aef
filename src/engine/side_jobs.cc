#include "engine/side_jobs.h"

#include <utility>

namespace millrace::engine {

SideJobs::SideJobs(size_t thread_count, std::function<void()> on_done)
    : on_done_(std::move(on_done)), pool_(thread_count) {}

void SideJobs::Begin(scheduler::RequestId id, const std::string& tenant,
                     std::move_only_function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    ++pending_[id].job_count;
    ++awaited_count_;
  }
  try {
    pool_.Post(tenant, [this, id, job = std::move(job)]() mutable {
      job();
      job = nullptr;  // before anybody is told that it is done
      End(id);
    });
  } catch (...) {
    End(id);
    throw;
  }
}

std::set<scheduler::RequestId> SideJobs::Wait(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  all_done_.wait_for(lock, patience, [this] { return awaited_count_ == 0; });
  std::set<scheduler::RequestId> late;
  for (const auto& [id, pending] : pending_) {
    if (!pending.late) {
      late.insert(id);
    }
  }
  done_.reserve(done_.size() + pending_.size());
  for (scheduler::RequestId id : late) {
    pending_.find(id)->second.late = true;
  }
  awaited_count_ = 0;
  return late;
}

std::vector<scheduler::RequestId> SideJobs::TakeDone() {
  const std::lock_guard lock(mutex_);
  std::vector<scheduler::RequestId> done = done_;
  done_.clear();  // keeps its memory
  return done;
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
    if (was_late) {
      done_.push_back(id);
    }
  }
  if (was_late) {
    on_done_();
  }
}

}  // namespace millrace::engine
