#include "app/shutdown.h"

#include <utility>

namespace millrace::app {
namespace {

constexpr std::chrono::seconds kLastWords{2};
constexpr std::chrono::milliseconds kPoll{20};

}  // namespace

Shutdown::Shutdown(boost::asio::io_context* io, http::Server* http, Log* log, Actions actions)
    : http_(http), log_(log), actions_(std::move(actions)), timer_(*io) {}

void Shutdown::Begin(std::chrono::seconds grace) {
  phase_ = Phase::kGrace;
  deadline_ = std::chrono::steady_clock::now() + grace;
  actions_.refuse_new();
  (*log_)->info("stopping: {} requests have {} s to end; a second signal ends them now",
                actions_.running(), grace.count());
  Look();
}

void Shutdown::Hasten() {
  if (phase_ == Phase::kGrace) {
    FailWhatRuns();
    Look();
  }
}

void Shutdown::FailWhatRuns() {
  phase_ = Phase::kFailing;
  deadline_ = std::chrono::steady_clock::now() + kLastWords;
  if (const size_t running = actions_.running(); running > 0) {
    (*log_)->warn("ending {} requests with an error", running);
  }
  http_->Drain();
}

void Shutdown::Look() {
  const auto now = std::chrono::steady_clock::now();
  if (phase_ == Phase::kGrace && (actions_.running() == 0 || now >= deadline_)) {
    FailWhatRuns();
  }
  if (phase_ == Phase::kFailing) {
    // Again and again: a request that was still being read may have begun to run since.
    actions_.fail_running();
    if (http_->connection_count() == 0 || now >= deadline_) {
      End();
    }
  }
  if (phase_ == Phase::kEnded) {
    return;
  }
  timer_.expires_after(kPoll);
  timer_.async_wait([this](const boost::system::error_code& failure) {
    if (!failure) {
      Look();
    }
  });
}

void Shutdown::End() {
  phase_ = Phase::kEnded;
  timer_.cancel();
  http_->Abort();
  actions_.ended();
}

}  // namespace millrace::app
