// The end of a server: politely, then with errors, at last by closing.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <functional>

#include "app/logger.h"
#include "http/server.h"

namespace millrace::app {

// 1. New requests are refused (503), on connections that are still accepted; running ones have the
//    grace period to end.
// 2. What still runs is failed: a stream gets its error event, a whole answer is a 503. No
//    connection is accepted any more, and clients have two seconds to take what was said to them.
// 3. Every connection is closed, and `ended` is called.
//
// A step begins as soon as the one before has nothing to wait for. On the server's thread.
class Shutdown {
 public:
  struct Actions {
    std::function<void()> refuse_new;
    std::function<size_t()> running;  // requests being answered
    std::function<void()> fail_running;
    std::function<void()> ended;  // nothing of the server is pending any more after this
  };

  // All are borrowed.
  Shutdown(boost::asio::io_context* io, http::Server* http, Log* log, Actions actions);

  bool begun() const { return phase_ != Phase::kServing; }
  void Begin(std::chrono::seconds grace);
  // Goes on to the second step now.
  void Hasten();

 private:
  enum class Phase { kServing, kGrace, kFailing, kEnded };

  void FailWhatRuns();
  void Look();
  void End();

  http::Server* http_;
  Log* log_;
  const Actions actions_;
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point deadline_;  // of the phase
  Phase phase_ = Phase::kServing;
};

}  // namespace millrace::app
