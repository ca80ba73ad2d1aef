// Collects the events of one request into a whole reply (api-contract 3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/reply_format.h"
#include "chat/chat_event.h"
#include "chat/message.h"

namespace millrace::api {

// Feed it every event up to Finished, then take the JSON. Not thread-safe.
class ResponseBuilder {
 public:
  explicit ResponseBuilder(int32_t choice_count, Logprobs logprobs = Logprobs::kLeftOut);

  // Any event but Failed.
  void Add(const chat::ChatEvent& event);

  std::string Json(const ReplyHeader& header) const;

 private:
  struct Choice {
    std::string content;
    std::optional<std::string> reasoning;
    std::string logprobs_json;  // entries, when they are reported
    std::vector<chat::ToolCall> calls;
    chat::FinishReason finish_reason = chat::FinishReason::kStop;
  };
  void AppendChoice(const Choice& choice, size_t index, std::string& out) const;

  const Logprobs logprobs_;
  std::vector<Choice> choices_;
  chat::Usage usage_;
};

}  // namespace millrace::api
