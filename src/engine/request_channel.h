// The events of one request on their way from the engine thread to the edge.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>

#include "base/error.h"
#include "engine/engine.h"

namespace millrace::engine {

// Shared by the engine thread, which pushes, and one reader. The queue is bounded by its users:
// when Push answers kFull the engine stops drawing tokens for the request, so a queue exceeds
// `limit` by at most the events of one step.
//
// Thread-safe. Callbacks run outside the queue's lock but inside one of their own, so that Close
// can promise that none runs after it. A callback may call back into the channel.
class RequestChannel {
 public:
  // `limit` > 0.
  explicit RequestChannel(size_t limit) : limit_(limit) {}

  enum class Room { kFree, kFull };

  // Engine side: adds events and wakes the reader.
  Room Push(std::span<const TokenEvent> events, int32_t cached_token_count);
  void Fail(base::Error error);

  struct Taken {
    std::optional<TokenEvent> event;
    bool drained = false;  // the queue was full before and has room again: the request may resume
  };
  Taken TryNext();
  void NotifyWhenReady(std::move_only_function<void()> on_ready);
  std::optional<base::Error> failure() const;
  int32_t cached_token_count() const;
  // No callback runs or will run once this returns, except one that is calling it.
  void Close();

 private:
  bool ReadyLocked() const { return !events_.empty() || failure_.has_value(); }
  void Notify();

  const size_t limit_;
  std::recursive_mutex notify_mutex_;  // held while a callback runs; taken before `mutex_`
  mutable std::mutex mutex_;
  std::deque<TokenEvent> events_;
  std::optional<base::Error> failure_;
  std::move_only_function<void()> on_ready_;
  int32_t cached_token_count_ = 0;
  bool full_ = false;
};

}  // namespace millrace::engine
