// A small HTTP/1.1 client for one request at a time (terminal client, later upstreams).
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "http/name_resolver.h"

namespace millrace::http {

struct ClientRequest {
  std::string method = "GET";
  std::string url = {};  // http://host[:port]/path or https://…
  HeaderList headers = {};
  std::string body = {};
  // To resolve the name, connect and agree on TLS.
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  // Without a byte sent or received.
  std::chrono::milliseconds idle_timeout = std::chrono::seconds(600);
  // More certificates to trust, PEM; empty for the system's alone. A server whose certificate does
  // not verify is refused.
  std::string ca_file = {};
  // For everything together; zero for no such limit.
  std::chrono::milliseconds total_timeout = {};
  // Asked for each address ("192.0.2.1", "2001:db8::1") that the host is or resolves to, once;
  // those it refuses are not connected to. A name is resolved once a request, so the address that
  // was asked about is the one that is used. Empty permits all.
  std::function<bool(const std::string& address)> permit_address = {};
  // Called with the status and headers before the first of the body; false stops there, which is
  // no error.
  std::function<bool(const Response&)> on_head = {};
  // Borrowed; shared by requests so that it can bound their look-ups together. Null for one of its
  // own.
  const NameResolver* resolver = nullptr;
};

// Sends the request and calls `on_body` with each piece of the body as it arrives; returning false
// from it stops and closes the connection, which is no error. Blocks the calling thread;
// `interrupted`, when given, is asked every 100 ms and ends the call with kCancelled. The returned
// response has status and headers, its body is empty. Redirects are not followed.
//
// Errors: kInvalidArgument (URL), kIo (no connection, or it ended too early), kDeadlineExceeded,
// kCancelled, kCorruptData (the answer is not HTTP), kPermissionDenied (every address was refused),
// kResourceExhausted (see NameResolver). Each names the host. The time limits hold while a name
// resolves too; the look-up itself may go on alone, see NameResolver.
base::Result<Response> Fetch(const ClientRequest& request,
                             const std::function<bool(std::string_view)>& on_body,
                             const std::function<bool()>& interrupted = {});

}  // namespace millrace::http
