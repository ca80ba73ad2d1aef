#include "http/head_scanner.h"

#include <algorithm>

namespace millrace::http {

HeadState HeadScanner::Scan(std::string_view bytes) {
  const size_t end = std::min<size_t>(bytes.size(), limits_.bytes_max);
  while (position_ < end) {
    const HeadState state = Step(bytes[position_++]);
    if (state != HeadState::kNeedMore) {
      return state;
    }
  }
  return bytes.size() >= limits_.bytes_max ? HeadState::kTooLarge : HeadState::kNeedMore;
}

HeadState HeadScanner::Step(char c) {
  if (after_cr_ != (c == '\n')) {
    return HeadState::kMalformed;
  }
  if (c == '\r') {
    after_cr_ = true;
    return HeadState::kNeedMore;
  }
  if (c == '\n') {
    after_cr_ = false;
    if (line_length_ == 0) {
      return lines_ == 0 ? HeadState::kMalformed : HeadState::kComplete;
    }
    line_length_ = 0;
    ++lines_;
    return lines_ > limits_.lines_max + 1 ? HeadState::kTooLarge : HeadState::kNeedMore;
  }
  const auto byte = static_cast<unsigned char>(c);
  if ((byte < 0x20 && c != '\t') || byte == 0x7F) {
    return HeadState::kMalformed;
  }
  // A line that begins with white space continues the one before (obsolete folding): refused, as
  // RFC 9112 section 5.2 allows.
  if (line_length_ == 0 && (c == ' ' || c == '\t')) {
    return HeadState::kMalformed;
  }
  ++line_length_;
  return HeadState::kNeedMore;
}

}  // namespace millrace::http
