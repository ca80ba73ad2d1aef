// The request target: the second word of the request line.
// Source: RFC 9112 section 3.2.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::http {

struct Target {
  // Runs of '/' collapsed, one trailing '/' dropped; "/" or "*" at least. Escapes stay as they are,
  // but every one of them is whole and stands for no control character.
  std::string path;
  std::string query;  // after '?', undecoded
};

// Understands "/path?query", "http://host/path?query" and "*". Errors (kInvalidArgument): any other
// form, an incomplete escape, a control character, also escaped, a fragment.
base::Result<Target> ParseTarget(std::string_view text);

// Resolves "%41" and its like. Errors (kInvalidArgument): an incomplete escape, a control
// character.
base::Result<std::string> DecodePercent(std::string_view text);

}  // namespace millrace::http
