#include "api/wakeup.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace millrace::api {

namespace asio = boost::asio;

std::move_only_function<void()> Wakeup::Ringer() {
  return [self = shared_from_this()] {
    asio::post(self->timer_.get_executor(), [self] { self->Ring(); });
  };
}

void Wakeup::Ring() {
  rung_ = true;
  timer_.cancel();
}

asio::awaitable<void> Wakeup::Wait(std::chrono::steady_clock::time_point deadline) {
  if (!rung_) {
    timer_.expires_at(deadline);
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  rung_ = false;
}

}  // namespace millrace::api
