#include "engine/request_channel.h"

#include <iterator>
#include <utility>

namespace millrace::engine {

RequestChannel::Room RequestChannel::Push(std::vector<TokenEvent>& events,
                                          int32_t cached_token_count) {
  Room room = Room::kFree;
  {
    const std::lock_guard lock(mutex_);
    cached_token_count_ = cached_token_count;
    events_.insert(events_.end(), std::move_iterator(events.begin()),
                   std::move_iterator(events.end()));
    full_ = events_.size() > full_above_;
    room = full_ ? Room::kFull : Room::kFree;
  }
  events.clear();
  Notify();
  return room;
}

void RequestChannel::NoteAdmitted(base::TimePoint now) {
  const std::lock_guard lock(mutex_);
  admitted_at_ = admitted_at_.value_or(now);
}

std::optional<base::TimePoint> RequestChannel::admitted_at() const {
  const std::lock_guard lock(mutex_);
  return admitted_at_;
}

void RequestChannel::Fail(std::shared_ptr<const base::Error> error) {
  {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(error);
  }
  Notify();
}

RequestChannel::Taken RequestChannel::TryNext() {
  const std::lock_guard lock(mutex_);
  Taken taken;
  if (!events_.empty()) {
    taken.event = std::move(events_.front());
    events_.pop_front();
  }
  // Half empty, so that a reader that is always a little behind does not resume for each event.
  if (full_ && events_.size() <= full_above_ / 2) {
    full_ = false;
    taken.drained = true;
  }
  return taken;
}

void RequestChannel::NotifyWhenReady(std::move_only_function<void()> on_ready) {
  {
    const std::lock_guard lock(mutex_);
    std::swap(on_ready_, on_ready);
  }
  Notify();
}

std::optional<base::Error> RequestChannel::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_ != nullptr ? std::optional(*failure_) : std::nullopt;
}

int32_t RequestChannel::cached_token_count() const {
  const std::lock_guard lock(mutex_);
  return cached_token_count_;
}

void RequestChannel::Close() {
  const std::lock_guard notify_lock(notify_mutex_);
  std::move_only_function<void()> dropped;
  const std::lock_guard lock(mutex_);
  dropped = std::exchange(on_ready_, nullptr);
}

void RequestChannel::Notify() {
  const std::lock_guard notify_lock(notify_mutex_);
  std::move_only_function<void()> callback;
  {
    const std::lock_guard lock(mutex_);
    if (ReadyLocked()) {
      callback = std::exchange(on_ready_, nullptr);
    }
  }
  if (callback) {
    callback();
  }
}

}  // namespace millrace::engine
