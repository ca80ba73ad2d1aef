// Reads a ChatStream to its end and puts the pieces of each choice together.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "base/error.h"
#include "chat/chat_backend.h"
#include "chat/message.h"

namespace millrace::chat {

struct CollectedChoice {
  bool started_reasoning = false;
  std::string content;
  std::string reasoning;
  std::vector<ContentLogprob> logprobs;  // not compared
  std::vector<ToolCall> calls;           // ids are left out: they are random
  std::optional<FinishReason> finish;
  friend bool operator==(const CollectedChoice& a, const CollectedChoice& b);
};
void PrintTo(const CollectedChoice& choice, std::ostream* out);

struct CollectedAnswer {
  std::vector<CollectedChoice> choices;
  Usage usage;
  std::optional<base::Error> failure;
  std::vector<ChatEvent> events;
};

// Blocks until Finished or Failed. Aborts when the events of a choice break the rules of
// chat_event.h.
CollectedAnswer Collect(ChatStream& stream, int32_t choice_count = 1);

// The next event, waiting for it.
ChatEvent WaitForEvent(ChatStream& stream);

}  // namespace millrace::chat
