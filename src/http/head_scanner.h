// Finds the end of a request head and refuses early what can never become one.
//
// It looks at line ends and control characters alone, so that a TLS hello, a bare line feed or a
// zero byte is answered at once instead of at the head timeout. The parser does the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace::http {

struct HeadLimits {
  uint32_t bytes_max;
  uint32_t lines_max;  // header lines, without the request line
};

enum class HeadState { kNeedMore, kComplete, kMalformed, kTooLarge };

class HeadScanner {
 public:
  explicit HeadScanner(const HeadLimits& limits) : limits_(limits) {}

  // `bytes` is everything received of this head so far, and only grows between calls. Each byte is
  // looked at once. After kComplete, `length` is where the body begins.
  HeadState Scan(std::string_view bytes);
  size_t length() const { return position_; }

 private:
  HeadState Step(char c);

  HeadLimits limits_;
  size_t position_ = 0;
  size_t line_length_ = 0;  // bytes of the current line before its end
  uint32_t lines_ = 0;      // finished lines
  bool after_cr_ = false;
};

}  // namespace millrace::http
