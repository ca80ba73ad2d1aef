// What the edge wants from the engine thread, collected until the next step.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/request_channel.h"
#include "scheduler/state.h"

namespace millrace::engine {

// A request on its way to the engine thread.
struct Submission {
  scheduler::RequestId id{};
  std::unique_ptr<GenerationRequest> request;
  std::vector<sampling::Sampler> samplers;                    // one a choice
  std::vector<std::unique_ptr<TokenConstraint>> constraints;  // one a choice, or none
  std::shared_ptr<RequestChannel> channel;
};

// Bounded by `waiting_max` requests that were submitted and have not started; everything else in it
// belongs to one of them or to a running one. Thread-safe. Outlives the engine, because handles do.
class Inbox {
 public:
  explicit Inbox(int32_t waiting_max) : waiting_max_(waiting_max) {}

  struct Mail {
    std::vector<Submission> submitted;  // in order of arrival
    std::vector<scheduler::RequestId> cancelled;
    std::vector<scheduler::RequestId> resumed;
    std::vector<scheduler::SequenceKey> stopped;
    std::shared_ptr<const base::Error> failure;  // of everything up to `failed_up_to`
    scheduler::RequestId failed_up_to{};
    bool drop_cache = false;
    bool stop = false;
  };

  // Gives the request its id and queues it. Errors: kResourceExhausted, kUnavailable.
  base::Result<scheduler::RequestId> Submit(Submission submission);
  void Cancel(scheduler::RequestId id);
  void Resume(scheduler::RequestId id);
  void StopChoice(scheduler::SequenceKey choice);
  void FailAll(base::Error error);
  void DropCache();
  void Stop();
  // There is something to do that came another way: Take returns.
  void Wake();

  enum class WhenEmpty { kReturn, kWait };
  // Engine thread: takes everything.
  Mail Take(WhenEmpty when_empty);
  // Engine thread: so many requests started, or were cancelled before they did.
  void LeaveQueue(int32_t count);

  int32_t waiting_count() const;

 private:
  const int32_t waiting_max_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  Mail mail_;
  bool has_mail_ = false;
  bool stopped_ = false;
  int32_t waiting_count_ = 0;
  int64_t last_id_ = 0;
};

}  // namespace millrace::engine
