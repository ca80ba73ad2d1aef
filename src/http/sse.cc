#include "http/sse.h"

#include <algorithm>
#include <utility>

namespace millrace::http {

std::string SseData(std::string_view data) {
  std::string out = "data: ";
  out += data;
  out += "\n\n";
  return out;
}

std::string SseComment(std::string_view text) {
  std::string out = ": ";
  out += text;
  out += "\n\n";
  return out;
}

void SseReader::Add(std::string_view bytes) {
  if (overflowed_) {
    return;
  }
  buffer_.append(bytes);
}

std::optional<std::string_view> SseReader::NextLine() {
  // The line feed of a CR LF whose halves came apart.
  if (skip_line_feed_ && position_ < buffer_.size()) {
    position_ += buffer_[position_] == '\n' ? 1 : 0;
    scanned_ = std::max(scanned_, position_);
    skip_line_feed_ = false;
  }
  const size_t end = buffer_.find_first_of("\r\n", scanned_);
  if (end == std::string::npos) {
    scanned_ = buffer_.size();
    overflowed_ = overflowed_ || buffer_.size() - position_ > event_bytes_max_;
    return std::nullopt;
  }
  const std::string_view line = std::string_view(buffer_).substr(position_, end - position_);
  skip_line_feed_ = buffer_[end] == '\r';
  position_ = scanned_ = end + 1;
  return line;
}

void SseReader::TakeField(std::string_view line) {
  if (!std::exchange(started_, true) && line.starts_with("\xEF\xBB\xBF")) {
    line.remove_prefix(3);
  }
  const size_t colon = line.find(':');
  if (line.substr(0, colon) != "data") {
    return;
  }
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) {
    value.remove_prefix(1);
  }
  if (has_data_) {
    data_ += '\n';
  }
  data_ += value;
  has_data_ = true;
  overflowed_ = overflowed_ || data_.size() > event_bytes_max_;
}

std::optional<std::string> SseReader::Next() {
  while (!overflowed_) {
    const std::optional<std::string_view> line = NextLine();
    if (!line) {
      break;
    }
    if (!line->empty()) {
      TakeField(*line);
      continue;
    }
    started_ = true;
    has_data_ = false;
    if (!data_.empty()) {
      return std::exchange(data_, {});
    }
  }
  // All complete lines are used: drop them at once rather than one by one.
  buffer_.erase(0, position_);
  scanned_ -= position_;
  position_ = 0;
  return std::nullopt;
}

}  // namespace millrace::http
