// A small HTTP/1.1 client for one request at a time (terminal client, later upstreams).
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace millrace::http {

struct ClientRequest {
  std::string method = "GET";
  std::string url;  // http://host[:port]/path or https://…
  HeaderList headers;
  std::string body;
  std::chrono::seconds connect_timeout{10};
  std::chrono::seconds idle_timeout{600};  // without a byte from the server
};

// Sends the request and calls `on_body` with each piece of the body as it arrives; returning false
// from it stops and closes the connection. Blocks the calling thread; `interrupted`, when given, is
// asked every 100 ms and ends the call with kCancelled. The returned response has status and
// headers, its body is empty.
base::Result<Response> Fetch(const ClientRequest& request,
                             const std::function<bool(std::string_view)>& on_body,
                             const std::function<bool()>& interrupted = {});

}  // namespace millrace::http
