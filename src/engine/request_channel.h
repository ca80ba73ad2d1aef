// The events of one request on their way from the engine thread to the edge.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "engine/engine.h"

namespace millrace::engine {

// Shared by the engine thread, which pushes, and one reader. When Push answers kFull the engine
// stops drawing tokens for the request until the reader has made room, so the queue never holds
// more than the larger of its limit and the events of one step.
//
// Thread-safe. Callbacks run outside the queue's lock but inside one of their own, so that Close
// can promise that none runs after it. A callback may call back into the channel.
class RequestChannel {
 public:
  struct Bounds {
    size_t limit = 1;            // of the queue
    size_t step_events_max = 1;  // no Push brings more
  };
  explicit RequestChannel(Bounds bounds)
      : full_above_(bounds.limit - std::min(bounds.limit, bounds.step_events_max)) {}

  enum class Room { kFree, kFull };

  // Engine side: takes the events, leaving `events` empty, and wakes the reader.
  Room Push(std::vector<TokenEvent>& events, int32_t cached_token_count);
  // Engine side: the request has left the queue. The first time counts.
  void NoteAdmitted(base::TimePoint now);
  // Engine side; never throws.
  void Fail(std::shared_ptr<const base::Error> error);

  struct Taken {
    std::optional<TokenEvent> event;
    bool drained = false;  // the queue was full before and has room again: the request may resume
  };
  Taken TryNext();
  void NotifyWhenReady(std::move_only_function<void()> on_ready);
  std::optional<base::Error> failure() const;
  std::optional<base::TimePoint> admitted_at() const;
  int32_t cached_token_count() const;
  // No callback runs or will run once this returns, except one that is calling it.
  void Close();

 private:
  bool ReadyLocked() const { return !events_.empty() || failure_ != nullptr; }
  void Notify();

  const size_t full_above_;            // with more events there is no room for another step's
  std::recursive_mutex notify_mutex_;  // held while a callback runs; taken before `mutex_`
  mutable std::mutex mutex_;
  std::deque<TokenEvent> events_;
  std::shared_ptr<const base::Error> failure_;
  std::move_only_function<void()> on_ready_;
  std::optional<base::TimePoint> admitted_at_;
  int32_t cached_token_count_ = 0;
  bool full_ = false;
};

}  // namespace millrace::engine
