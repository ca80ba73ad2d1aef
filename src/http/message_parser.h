// HTTP/1.1 messages from bytes: Boost.Beast's parser behind plain data.
//
// The head is given whole; the body in pieces of any size. No sockets here, so every cut of the
// bytes can be tried in a test. Source: RFC 9112; what it leaves to choice is refused when it
// could be read in two ways.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace millrace::http {

enum class BodyState { kNeedMore, kComplete, kTooLarge, kMalformed };

struct BodyProgress {
  size_t used = 0;  // bytes taken from the front of the input
  BodyState state = BodyState::kNeedMore;
};

// One request. Give the head once, then body bytes until the state is not kNeedMore.
class RequestParser {
 public:
  RequestParser();
  ~RequestParser();

  // Reads a head that ends with its empty line. Errors (kInvalidArgument): anything malformed,
  // both Content-Length and Transfer-Encoding, an encoding other than "chunked", a version other
  // than 1.0 and 1.1. `head` holds what could be read, also after an error; its remote address is
  // left alone, and so are its path and query: they come from `target()` by ParseTarget.
  base::Status ParseHead(std::string_view bytes, RequestHead& head);

  std::string_view target() const;
  bool http11() const;      // HTTP/1.1 rather than 1.0
  bool keep_alive() const;  // the client lets the connection be used again
  bool has_body() const;    // a body of at least one byte, or a chunked one, follows
  bool is_chunked() const;
  bool expects_continue() const;

  // Appends what `bytes` holds of the body to `out`. A chunked body larger than `bytes_max` is
  // kTooLarge before its bytes are taken; a declared length is the caller's to check.
  void set_body_limit(uint64_t bytes_max);
  BodyProgress FeedBody(std::string_view bytes, std::string& out);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// One response.
class ResponseParser {
 public:
  // `bodiless`: the answer to HEAD, which has no body whatever its headers say.
  explicit ResponseParser(bool bodiless = false);
  ~ResponseParser();

  base::Status ParseHead(std::string_view bytes, Response& response);
  // The body of a response without a length ends with the connection.
  bool ends_with_connection() const;
  BodyProgress FeedBody(std::string_view bytes, std::string& out);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millrace::http
