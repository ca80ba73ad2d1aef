// Server-sent events: frames out, frames in. Source: WHATWG HTML, "Server-sent events".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace millrace::http {

// "data: <line>\n\n". `data` holds no line breaks.
std::string SseData(std::string_view data);
// ": <text>\n\n"; readers skip it.
std::string SseComment(std::string_view text);

// Cuts a byte stream into the data of its events; comments and other fields are skipped.
class SseReader {
 public:
  explicit SseReader(size_t event_bytes_max = 16U << 20) : event_bytes_max_(event_bytes_max) {}
  void Add(std::string_view bytes);
  // The next complete event's data.
  std::optional<std::string> Next();
  // True when an event grew over the limit: the stream cannot be read further.
  bool overflowed() const { return overflowed_; }

 private:
  size_t event_bytes_max_;
  std::string buffer_;
  std::string data_;
  bool has_data_ = false;
  bool overflowed_ = false;
};

}  // namespace millrace::http
