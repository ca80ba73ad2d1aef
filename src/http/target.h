// The request target: the second word of the request line.
// Source: RFC 9112 section 3.2.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::http {

struct Target {
  std::string
      path;  // decoded, runs of '/' collapsed, one trailing '/' dropped; "/" or "*" at least
  std::string query;  // after '?', undecoded
};

// Understands "/path?query", "http://host/path?query" and "*". The whole path is decoded first, so
// "%2F" separates like '/'. Errors (kInvalidArgument): any other form, an incomplete escape, a
// control character, also escaped, a fragment.
base::Result<Target> ParseTarget(std::string_view text);

}  // namespace millrace::http
