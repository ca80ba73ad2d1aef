#include "engine/inbox.h"

#include <utility>

namespace millrace::engine {

base::Result<scheduler::RequestId> Inbox::Submit(Submission submission) {
  scheduler::RequestId id{};
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) {
      return base::Error{base::ErrorKind::kUnavailable, "The engine is shutting down."};
    }
    if (waiting_count_ >= waiting_max_) {
      return base::Error{base::ErrorKind::kResourceExhausted,
                         "The request queue is full. Please try again later."};
    }
    ++waiting_count_;
    id = scheduler::RequestId{++last_id_};
    submission.id = id;
    mail_.submitted.push_back(std::move(submission));
    has_mail_ = true;
  }
  arrived_.notify_one();
  return id;
}

void Inbox::Cancel(scheduler::RequestId id) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) {
      return;
    }
    mail_.cancelled.push_back(id);
    has_mail_ = true;
  }
  arrived_.notify_one();
}

void Inbox::Resume(scheduler::RequestId id) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) {
      return;
    }
    mail_.resumed.push_back(id);
    has_mail_ = true;
  }
  arrived_.notify_one();
}

void Inbox::StopChoice(scheduler::SequenceKey choice) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) {
      return;
    }
    mail_.stopped.push_back(choice);
    has_mail_ = true;
  }
  arrived_.notify_one();
}

void Inbox::FailAll(base::Error error) {
  auto failure = std::make_shared<const base::Error>(std::move(error));
  {
    const std::lock_guard lock(mutex_);
    mail_.failure = std::move(failure);
    mail_.failed_up_to = scheduler::RequestId{last_id_};
    has_mail_ = true;
  }
  arrived_.notify_one();
}

void Inbox::DropCache() {
  {
    const std::lock_guard lock(mutex_);
    mail_.drop_cache = true;
    has_mail_ = true;
  }
  arrived_.notify_one();
}

void Inbox::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    mail_.stop = true;
    has_mail_ = true;
  }
  arrived_.notify_one();
}

void Inbox::Wake() {
  {
    const std::lock_guard lock(mutex_);
    has_mail_ = true;
  }
  arrived_.notify_one();
}

Inbox::Mail Inbox::Take(WhenEmpty when_empty) {
  std::unique_lock lock(mutex_);
  if (when_empty == WhenEmpty::kWait) {
    arrived_.wait(lock, [this] { return has_mail_; });
  }
  has_mail_ = false;
  return std::exchange(mail_, {});
}

void Inbox::LeaveQueue(int32_t count) {
  const std::lock_guard lock(mutex_);
  waiting_count_ -= count;
}

int32_t Inbox::waiting_count() const {
  const std::lock_guard lock(mutex_);
  return waiting_count_;
}

}  // namespace millrace::engine
