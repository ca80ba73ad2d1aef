// Lets a coroutine sleep until something happens elsewhere or a time comes.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>

namespace millrace::api {

// Owned by the waiting coroutine and by the callbacks it hands out. Belongs to one executor:
// everything but calling a Ringer happens there.
class Wakeup : public std::enable_shared_from_this<Wakeup> {
 public:
  explicit Wakeup(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  // A function that wakes the coroutine; callable once, from any thread, also after the coroutine
  // has ended.
  std::move_only_function<void()> Ringer();

  // Returns when a Ringer was called since the last Wait, or at `deadline`.
  boost::asio::awaitable<void> Wait(std::chrono::steady_clock::time_point deadline);

 private:
  void Ring();

  boost::asio::steady_timer timer_;
  bool rung_ = false;
};

}  // namespace millrace::api
