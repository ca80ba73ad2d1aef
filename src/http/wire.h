// Response heads as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace millrace::http {

// "Not Found" for 404; "Status" for a code without a well-known phrase.
std::string_view ReasonPhrase(int status);

// How the end of a response's body is told.
enum class BodyFraming { kLength, kChunked, kUntilClose };

struct HeadFacts {
  int status = 200;
  BodyFraming framing = BodyFraming::kLength;
  uint64_t body_bytes = 0;  // for kLength
  bool close = false;       // the connection ends after this response
};

// The head with its empty line. Adds Server, Date, Connection and the body's framing; a status
// that cannot have a body (1xx, 204, 304) gets no framing. Control characters in header values
// become spaces, so that no value can begin another header.
std::string FormatHead(const HeadFacts& facts, const HeaderList& headers,
                       std::string_view server_name, int64_t unix_seconds);

// Whether a response with this status may carry a body.
bool StatusHasBody(int status);

// "Sun, 06 Nov 1994 08:49:37 GMT". Source: RFC 9110 section 5.6.7.
std::string HttpDate(int64_t unix_seconds);

// "1a\r\n": what goes before the bytes of a chunk.
std::string ChunkHeader(size_t byte_count);

}  // namespace millrace::http
