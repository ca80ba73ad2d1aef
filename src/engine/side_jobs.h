// Work of requests that is done beside the engine thread and may take longer than a step.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/fair_pool.h"
#include "scheduler/state.h"

namespace millrace::engine {

// Everything is the engine thread's to call. Tenants take turns. A job's end needs no memory.
class SideJobs {
 public:
  // `on_done` is called when there is more for TakeDone, on a thread of the jobs.
  SideJobs(size_t thread_count, std::function<void()> on_done);
  // Drops jobs that have not begun and waits for the others.
  ~SideJobs() { pool_.Stop(); }
  SideJobs(const SideJobs&) = delete;
  SideJobs& operator=(const SideJobs&) = delete;

  // `job` throws nothing. Not for a request that Wait gave up on and that is not done. When this
  // throws (no memory), there is no such job.
  void Begin(scheduler::RequestId id, const std::string& tenant,
             std::move_only_function<void()> job);

  // Returns when every job is done, or when this takes longer than `patience`: then with the
  // requests whose jobs are not.
  std::set<scheduler::RequestId> Wait(std::chrono::milliseconds patience);

  // The requests that Wait gave up on and all of whose jobs have ended since the last call.
  std::vector<scheduler::RequestId> TakeDone();

 private:
  struct Pending {
    size_t job_count = 0;
    bool late = false;
  };

  void End(scheduler::RequestId id);

  const std::function<void()> on_done_;
  std::mutex mutex_;
  std::condition_variable all_done_;
  std::map<scheduler::RequestId, Pending> pending_;
  size_t awaited_count_ = 0;                // jobs of requests that are not late
  std::vector<scheduler::RequestId> done_;  // has room for every late one
  base::FairPool pool_;                     // goes first: its threads use everything else
};

}  // namespace millrace::engine
