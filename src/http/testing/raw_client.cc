#include "http/testing/raw_client.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "http/message_parser.h"

namespace millrace::http {

RawClient::RawClient(uint16_t port, const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    return;
  }
  socket_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int no_delay = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof(no_delay));
  const timeval timeout{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
  if (::connect(socket_, found->ai_addr, found->ai_addrlen) != 0) {
    Close();
  }
  ::freeaddrinfo(found);
}

RawClient::RawClient(RawClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), pending_(std::move(other.pending_)) {}

RawClient::~RawClient() { Close(); }

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RawClient::Receive() {
  std::array<char, 16 * 1024> buffer;
  const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
  if (got <= 0) {
    return false;
  }
  pending_.append(buffer.data(), static_cast<size_t>(got));
  return true;
}

std::string RawClient::ReadUntil(std::string_view end) {
  size_t at = pending_.find(end);
  while (at == std::string::npos) {
    if (!Receive()) {
      return std::exchange(pending_, {});
    }
    at = pending_.find(end);
  }
  std::string out = pending_.substr(0, at + end.size());
  pending_.erase(0, at + end.size());
  return out;
}

std::string RawClient::ReadToEnd() {
  while (Receive()) {
  }
  return std::exchange(pending_, {});
}

Response RawClient::ReadResponse(bool head_request) {
  Response response;
  response.status = 0;
  ResponseParser parser(head_request);
  const std::string head = ReadUntil("\r\n\r\n");
  if (!parser.ParseHead(head, response).has_value()) {
    response.status = 0;
    return response;
  }
  for (;;) {
    const BodyProgress progress = parser.FeedBody(pending_, response.body);
    pending_.erase(0, progress.used);
    if (progress.state != BodyState::kNeedMore || !Receive()) {
      return response;
    }
  }
}

bool RawClient::AtEnd() { return pending_.empty() && !Receive(); }

void RawClient::ShutdownWrite() { ::shutdown(socket_, SHUT_WR); }

void RawClient::Reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  Close();
}

void RawClient::Close() {
  if (socket_ >= 0) {
    ::close(std::exchange(socket_, -1));
  }
}

void RawClient::SetReceiveBuffer(int bytes) {
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

}  // namespace millrace::http
