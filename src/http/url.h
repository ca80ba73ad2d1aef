// The parts of an http URL that a client needs. Source: RFC 3986, RFC 9110 section 4.2.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::http {

struct Url {
  bool tls = false;
  std::string host;       // without the brackets of an IPv6 literal
  uint16_t port = 80;     // of the scheme when none is written
  std::string authority;  // for the Host header: as written, "host" or "host:port"
  std::string target;     // "/path?query", "/" at least
};

// Errors (kInvalidArgument): a scheme other than http and https, user information, no host, a port
// out of range, white space or control characters.
base::Result<Url> ParseUrl(std::string_view text);

}  // namespace millrace::http
