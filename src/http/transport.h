// One accepted socket with deadlines: reads, writes, and word that the client has gone.
//
// Everything runs on the socket's executor, which runs one thing at a time. Operations never
// throw; what they report is in their results.
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/read_buffer.h"

namespace millrace::http {

enum class IoState {
  kOk,
  kEnd,       // the client shut its side
  kTimedOut,  // the deadline passed
  kFailed,    // reset, closed or cancelled
};

// What one write gathers: head and body, or the three parts of a chunk. The memory must stay until
// the write ends.
using WriteParts = std::array<boost::asio::const_buffer, 3>;

class Transport : public std::enable_shared_from_this<Transport> {
 public:
  using Duration = std::chrono::milliseconds;

  explicit Transport(boost::asio::ip::tcp::socket socket);

  std::string remote_address() const;
  ReadBuffer& received() { return received_; }
  // True after a write failed, the client reset, or it was seen to close while watched.
  bool gone() const { return gone_; }

  // Sets the time by which the operations that follow must be done.
  void SetDeadline(Duration from_now);
  void ClearDeadline();

  // Waits until there is something to read, taking no memory for it.
  boost::asio::awaitable<IoState> WaitReadable();
  // Appends at least one and at most `count` bytes to `received`.
  boost::asio::awaitable<IoState> ReadMore(size_t count);
  // Sends all bytes. `stall` bounds the time without progress, not the whole.
  boost::asio::awaitable<IoState> Write(WriteParts parts, Duration stall);
  // Ends a connection whose last answer must arrive although the client may still be sending: shuts
  // our side and throws away what comes, for a bounded time and amount, until the client closes. A
  // plain close would make the kernel reset the connection and could destroy the answer on its way.
  boost::asio::awaitable<void> Linger();

  // Calls `on_gone` once when the client resets or shuts its side, which counts as leaving while
  // an answer is being made. Early bytes of a next request are kept in `received`, up to a limit;
  // behind more than that an orderly close goes unseen until a write fails.
  void Watch(std::move_only_function<void()> on_gone);
  void StopWatching();
  // Looks once, without waiting, whether the client has left. Bytes not yet read hide a close.
  bool PeekGone() const;
  // Whether bytes wait in the kernel.
  bool HasPendingBytes() const;

  // Fails the operation in progress.
  void Cancel();
  void Close();

 private:
  void SetTcpOption(int name, int value);
  // Bytes thrown away now; nothing when the client has closed.
  std::optional<size_t> ThrowAwayPending();
  void ArmTimer();
  void OnTimer();
  IoState StateOf(const boost::system::error_code& ec) const;
  void MarkGone();
  void WatchReadable();
  void WatchErrors();
  // Takes what is there without waiting; false when the client is seen to have left.
  bool TakePending();

  static constexpr auto kNoDeadline = std::chrono::steady_clock::time_point::max();

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  ReadBuffer received_;
  std::chrono::steady_clock::time_point deadline_ = kNoDeadline;
  std::chrono::steady_clock::time_point timer_due_ = kNoDeadline;  // when the wait in flight ends
  bool timed_out_ = false;
  bool gone_ = false;
  uint64_t watch_generation_ = 0;  // rises when watching starts or stops: old callbacks are void
  std::move_only_function<void()> on_gone_;
};

}  // namespace millrace::http
