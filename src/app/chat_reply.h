// Reads what a server sends back to the chat client.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/sse.h"

namespace millrace::app {

// A piece of a streamed answer.
struct ReplyPiece {
  std::string reasoning;
  std::string content;
};

// Turns the bytes of one response into pieces of its answer. A response that is no stream (an
// error) is kept, up to 64 KiB, for ErrorText.
class ReplyReader {
 public:
  std::vector<ReplyPiece> Add(std::string_view bytes);

  bool done() const { return done_; }  // `[DONE]` was read
  const std::string& finish_reason() const { return finish_reason_; }
  // What went wrong inside the stream: an error event, or an event that is no JSON.
  const std::optional<std::string>& error() const { return error_; }
  // The body as it came, as long as it was no stream.
  const std::string& raw() const { return raw_; }

 private:
  void ReadEvent(std::string_view data, std::vector<ReplyPiece>& pieces);

  http::SseReader events_;
  std::string raw_;
  std::string finish_reason_;
  std::optional<std::string> error_;
  bool streams_ = false;
  bool done_ = false;
};

// The words for people in an error body: a JSON string, {"message"}, {"error": {"message"}}, or the
// beginning of plain text. Empty when there are none.
std::string ErrorText(std::string_view body);

// The ids in the body of GET /models; nullopt when it is not of that form.
std::optional<std::vector<std::string>> ModelIds(std::string_view body);

}  // namespace millrace::app
