#include "http/transport.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <optional>
#include <utility>

namespace millrace::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Early bytes of following requests kept while one is being answered.
constexpr size_t kEarlyBytesMax = 64 * 1024;
// What the kernel may hold for a slow reader beyond what is in flight.
constexpr int kUnsentBytesMax = 256 * 1024;
constexpr auto kLingerTotal = std::chrono::seconds(10);
constexpr auto kLingerIdle = std::chrono::milliseconds(2000);
constexpr size_t kLingerBytesMax = size_t{256} << 20;

}  // namespace

Transport::Transport(asio::ip::tcp::socket socket)
    : socket_(std::move(socket)), timer_(socket_.get_executor()) {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.native_non_blocking(true, ignored);
  // A peer that vanished without a word (power, cable) is noticed within a minute.
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  SetTcpOption(TCP_KEEPIDLE, 30);
  SetTcpOption(TCP_KEEPINTVL, 10);
  SetTcpOption(TCP_KEEPCNT, 3);
  SetTcpOption(TCP_NOTSENT_LOWAT, kUnsentBytesMax);
}

void Transport::SetTcpOption(int name, int value) {
  // Tuning alone: a kernel that refuses still serves.
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, name, &value, sizeof(value));
}

std::string Transport::remote_address() const {
  error_code ec;
  const asio::ip::tcp::endpoint remote = socket_.remote_endpoint(ec);
  if (ec) {
    return {};
  }
  const asio::ip::address address = remote.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

void Transport::SetDeadline(Duration from_now) {
  timed_out_ = false;
  deadline_ = std::chrono::steady_clock::now() + from_now;
  // A wait that ends earlier looks at the deadline again when it fires, so that moving the deadline
  // back, the usual case, costs nothing.
  if (deadline_ < timer_due_) {
    ArmTimer();
  }
}

void Transport::ClearDeadline() {
  timed_out_ = false;
  deadline_ = kNoDeadline;
}

void Transport::ArmTimer() {
  timer_due_ = deadline_;
  timer_.expires_at(deadline_);
  timer_.async_wait([weak = weak_from_this()](const error_code& ec) {
    const std::shared_ptr<Transport> self = weak.lock();
    if (!ec && self) {
      self->OnTimer();
    }
  });
}

void Transport::OnTimer() {
  // An earlier wait that had already fired when it was replaced is void.
  if (std::chrono::steady_clock::now() < timer_due_) {
    return;
  }
  timer_due_ = kNoDeadline;
  if (deadline_ == kNoDeadline) {
    return;
  }
  if (deadline_ > std::chrono::steady_clock::now()) {
    ArmTimer();
    return;
  }
  timed_out_ = true;
  deadline_ = kNoDeadline;
  Cancel();
}

IoState Transport::StateOf(const error_code& ec) const {
  if (!ec) {
    return IoState::kOk;
  }
  if (ec == asio::error::eof) {
    return IoState::kEnd;
  }
  return timed_out_ ? IoState::kTimedOut : IoState::kFailed;
}

asio::awaitable<IoState> Transport::WaitReadable() {
  error_code ec;
  co_await socket_.async_wait(asio::ip::tcp::socket::wait_read,
                              asio::redirect_error(asio::use_awaitable, ec));
  co_return StateOf(ec);
}

asio::awaitable<IoState> Transport::ReadMore(size_t count) {
  error_code ec;
  const std::span<char> room = received_.Prepare(count);
  const size_t got = co_await socket_.async_read_some(
      asio::buffer(room.data(), count), asio::redirect_error(asio::use_awaitable, ec));
  received_.Commit(got);
  co_return StateOf(ec);
}

asio::awaitable<IoState> Transport::Write(WriteParts parts, Duration stall) {
  size_t total = asio::buffer_size(parts);
  while (total > 0) {
    error_code ec;
    SetDeadline(stall);
    size_t sent =
        co_await socket_.async_write_some(parts, asio::redirect_error(asio::use_awaitable, ec));
    if (ec) {
      const IoState state = StateOf(ec);
      MarkGone();
      co_return state;
    }
    total -= sent;
    for (asio::const_buffer& part : parts) {
      const size_t done = std::min(sent, part.size());
      part += done;
      sent -= done;
    }
  }
  ClearDeadline();
  co_return IoState::kOk;
}

asio::awaitable<void> Transport::Linger() {
  error_code ec;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ec);
  const auto end = std::chrono::steady_clock::now() + kLingerTotal;
  size_t thrown_away = 0;
  while (!ec && thrown_away < kLingerBytesMax && std::chrono::steady_clock::now() < end) {
    SetDeadline(kLingerIdle);
    co_await socket_.async_wait(asio::ip::tcp::socket::wait_read,
                                asio::redirect_error(asio::use_awaitable, ec));
    const std::optional<size_t> got = ec ? std::nullopt : ThrowAwayPending();
    if (!got) {
      break;
    }
    thrown_away += *got;
  }
  Close();
}

std::optional<size_t> Transport::ThrowAwayPending() {
  std::array<char, 64 * 1024> scrap;
  const ssize_t got = ::recv(socket_.native_handle(), scrap.data(), scrap.size(), MSG_DONTWAIT);
  if (got > 0) {
    return static_cast<size_t>(got);
  }
  const bool again = got < 0 && (errno == EAGAIN || errno == EINTR);
  return again ? std::optional<size_t>(0) : std::nullopt;
}

void Transport::Watch(std::move_only_function<void()> on_gone) {
  ++watch_generation_;
  on_gone_ = std::move(on_gone);
  if (TakePending()) {
    WatchReadable();
  } else {
    MarkGone();
  }
}

void Transport::StopWatching() {
  ++watch_generation_;
  if (on_gone_) {
    on_gone_ = nullptr;
    Cancel();
  }
}

void Transport::WatchReadable() {
  if (received_.size() >= kEarlyBytesMax) {
    WatchErrors();
    return;
  }
  socket_.async_wait(
      asio::ip::tcp::socket::wait_read,
      [self = shared_from_this(), generation = watch_generation_](const error_code& ec) {
        if (generation != self->watch_generation_) {
          return;
        }
        if (ec || !self->TakePending()) {
          self->MarkGone();
        } else {
          self->WatchReadable();
        }
      });
}

void Transport::WatchErrors() {
  socket_.async_wait(
      asio::ip::tcp::socket::wait_error,
      [self = shared_from_this(), generation = watch_generation_](const error_code&) {
        if (generation == self->watch_generation_) {
          self->MarkGone();
        }
      });
}

bool Transport::TakePending() {
  // Usually there is nothing, so memory is taken only for what has arrived.
  std::array<char, 4096> piece;
  while (received_.size() < kEarlyBytesMax) {
    const size_t room = std::min(piece.size(), kEarlyBytesMax - received_.size());
    const ssize_t got = ::recv(socket_.native_handle(), piece.data(), room, MSG_DONTWAIT);
    if (got <= 0) {
      return got < 0 && (errno == EAGAIN || errno == EINTR);
    }
    const auto count = static_cast<size_t>(got);
    std::copy_n(piece.data(), count, received_.Prepare(count).data());
    received_.Commit(count);
  }
  return true;
}

bool Transport::PeekGone() const {
  if (gone_) {
    return true;
  }
  char byte = 0;
  // Asio's native_handle is not const although reading it changes nothing.
  const int handle = const_cast<asio::ip::tcp::socket&>(socket_).native_handle();
  const ssize_t got = ::recv(handle, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

bool Transport::HasPendingBytes() const {
  char byte = 0;
  const int handle = const_cast<asio::ip::tcp::socket&>(socket_).native_handle();
  return ::recv(handle, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void Transport::MarkGone() {
  gone_ = true;
  ++watch_generation_;
  if (std::move_only_function<void()> on_gone = std::exchange(on_gone_, nullptr)) {
    on_gone();
  }
}

void Transport::Cancel() {
  error_code ignored;
  socket_.cancel(ignored);
}

void Transport::Close() {
  error_code ignored;
  timer_.cancel();
  timer_due_ = kNoDeadline;
  socket_.close(ignored);
}

}  // namespace millrace::http
