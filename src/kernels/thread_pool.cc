#include "kernels/thread_pool.h"

#include <atomic>
#include <thread>
#include <vector>

#include "base/check.h"

namespace millrace::kernels {
namespace {

// One word says everything about the region that runs: which parts are left and how many there are.
// A thread takes a part by adding one to it, so a worker that wakes late reads either a part that
// still has to be done or none. Layout: parts in the high half, next part in the low half. The low
// half overshoots by at most one a thread and region, since a thread leaves at its first part
// beyond the end.
constexpr int kCountShift = 32;
constexpr uint64_t kNextMask = (uint64_t{1} << kCountShift) - 1;

// Rounds of polling before a thread sleeps. Each is a pause instruction (about 40 to 140 cycles on
// current x86): some 50 microseconds in all, longer than the serial stretches of a step, shorter
// than anyone notices when idle.
constexpr int kSpinRounds = 2000;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

struct ThreadPool::State {
  alignas(64) std::atomic<uint64_t> parts{0};
  alignas(64) std::atomic<uint32_t> done{0};    // parts finished in this region
  alignas(64) std::atomic<uint32_t> region{0};  // counts regions; workers sleep on it
  std::atomic<bool> stopping{false};
  const std::function<void(int32_t)>* body =
      nullptr;  // valid while `parts` has parts left or parts run
  int32_t thread_count = 1;
  int spin_rounds = kSpinRounds;
  std::vector<std::thread> workers;

  void TakeParts();
  void Work();
  void WaitForParts(uint32_t part_count);
  // Ends and joins every worker that was started.
  void Stop();
};

void ThreadPool::State::Stop() {
  stopping.store(true, std::memory_order_release);
  region.fetch_add(1, std::memory_order_release);
  region.notify_all();
  for (std::thread& worker : workers) {
    worker.join();
  }
}

// Runs parts until none is left. `body` is read only after a part was taken: Run cannot return
// before that part is done, so the pointer is the one that belongs to it.
void ThreadPool::State::TakeParts() {
  for (;;) {
    const uint64_t ticket = parts.fetch_add(1, std::memory_order_acq_rel);
    const uint64_t part = ticket & kNextMask;
    if (part >= (ticket >> kCountShift)) {
      return;
    }
    (*body)(static_cast<int32_t>(part));
    done.fetch_add(1, std::memory_order_release);
    done.notify_one();
  }
}

void ThreadPool::State::Work() {
  uint32_t seen = 0;
  for (;;) {
    for (int round = 0; round < spin_rounds; ++round) {
      if (region.load(std::memory_order_acquire) != seen) {
        break;
      }
      Pause();
    }
    region.wait(seen, std::memory_order_acquire);
    seen = region.load(std::memory_order_acquire);
    if (stopping.load(std::memory_order_acquire)) {
      return;
    }
    TakeParts();
  }
}

void ThreadPool::State::WaitForParts(uint32_t part_count) {
  for (int round = 0; round < spin_rounds; ++round) {
    if (done.load(std::memory_order_acquire) == part_count) {
      return;
    }
    Pause();
  }
  for (;;) {
    const uint32_t finished = done.load(std::memory_order_acquire);
    if (finished == part_count) {
      return;
    }
    done.wait(finished, std::memory_order_acquire);
  }
}

ThreadPool::ThreadPool(int32_t thread_count) : state_(std::make_unique<State>()) {
  MILLRACE_CHECK(thread_count >= 1);
  state_->thread_count = thread_count;
  const auto cores = static_cast<int32_t>(std::thread::hardware_concurrency());
  // With more threads than cores a spinning thread holds the core that the one it waits for needs.
  if (cores > 0 && thread_count > cores) {
    state_->spin_rounds = 0;
  }
  state_->workers.reserve(static_cast<size_t>(thread_count - 1));
  try {
    for (int32_t i = 1; i < thread_count; ++i) {
      state_->workers.emplace_back([state = state_.get()] { state->Work(); });
    }
  } catch (...) {  // the system gives no more threads: those that run must end first
    state_->Stop();
    throw;
  }
}

ThreadPool::~ThreadPool() { state_->Stop(); }

int32_t ThreadPool::thread_count() const { return state_->thread_count; }

void ThreadPool::Run(int32_t part_count, const std::function<void(int32_t part)>& body) {
  if (part_count <= 0) {
    return;
  }
  if (part_count == 1 || state_->workers.empty()) {
    for (int32_t part = 0; part < part_count; ++part) {
      body(part);
    }
    return;
  }
  State& state = *state_;
  state.body = &body;
  state.done.store(0, std::memory_order_relaxed);
  state.parts.store(static_cast<uint64_t>(part_count) << kCountShift, std::memory_order_release);
  state.region.fetch_add(1, std::memory_order_release);
  state.region.notify_all();
  state.TakeParts();
  state.WaitForParts(static_cast<uint32_t>(part_count));
}

}  // namespace millrace::kernels
