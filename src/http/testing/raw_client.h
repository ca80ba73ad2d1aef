// A blocking TCP client for tests: sends any bytes, reads whatever comes, leaves in any manner.
//
// Every wait ends after ten seconds, so that a test of a server that does not answer fails instead
// of hanging.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

namespace millrace::http {

class RawClient {
 public:
  explicit RawClient(uint16_t port, const std::string& host = "127.0.0.1");
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return socket_ >= 0; }
  // False when the peer is gone.
  bool Send(std::string_view bytes);
  // Everything up to and with `end`; what came when the peer closed or the wait ended.
  std::string ReadUntil(std::string_view end);
  std::string ReadToEnd();
  // One whole response with its body decoded; status 0 when none came.
  Response ReadResponse(bool head_request = false);
  // True when the peer closes without sending more.
  bool AtEnd();

  void ShutdownWrite();
  void Reset();  // leaves with RST
  void Close();
  // Takes at most this many bytes into the kernel; call before anything is received.
  void SetReceiveBuffer(int bytes);

 private:
  bool Receive();

  int socket_ = -1;
  std::string pending_;
};

}  // namespace millrace::http
