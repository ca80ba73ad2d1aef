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
  // The next complete event's data; an event whose data is empty is skipped. Call until it returns
  // nothing before adding more.
  std::optional<std::string> Next();
  // True when an event grew over the limit: the stream cannot be read further.
  bool overflowed() const { return overflowed_; }

 private:
  // The next complete line without its end, valid until the buffer changes.
  std::optional<std::string_view> NextLine();
  void TakeField(std::string_view line);

  size_t event_bytes_max_;
  std::string buffer_;
  size_t position_ = 0;  // start of the next line in `buffer_`
  size_t scanned_ = 0;   // no line ends before this
  std::string data_;
  bool has_data_ = false;
  bool started_ = false;  // the first line, which may begin with a byte order mark, is behind
  bool skip_line_feed_ = false;
  bool overflowed_ = false;
};

}  // namespace millrace::http
