// What a backend answers with: a sequence of small values, one choice's events in order.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"

namespace millrace::chat {

enum class FinishReason { kStop, kLength, kToolCalls, kContentFilter };

// Token counts of a whole request, all choices together. Cumulative while a request runs.
// Invariants: reasoning <= completion; cached <= prompt.
struct Usage {
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;  // end tokens excluded, tokens dropped by a stop string included
  int64_t reasoning_tokens = 0;   // delimiters excluded
  int64_t cached_tokens = 0;      // prompt tokens taken from the prefix cache
};

// The first token of a choice is known. First event of each choice; choices may start in any order.
struct ChoiceStarted {
  bool reasoning = false;  // the choice begins inside reasoning
};
struct ReasoningDelta {
  std::string text;  // never empty, whole UTF-8 characters
};
// One token and how likely the model found it.
struct TokenLogprob {
  std::string bytes;  // as the vocabulary has them: may be a part of a UTF-8 character
  float logprob = 0;  // natural log, raw model distribution
};
struct ContentLogprob {
  TokenLogprob token;             // the one that was chosen
  std::vector<TokenLogprob> top;  // the likeliest, falling; as many as the request asked for
};
struct ContentDelta {
  std::string text;  // never empty, whole UTF-8 characters
  // When the request asked for them: one entry for each token whose first shown byte, or the
  // character it is part of, is in `text`. All deltas of a choice together hold one entry a token
  // of its content.
  std::vector<ContentLogprob> logprobs = {};
};
// A call begins; its arguments follow as deltas and end when another event of the choice comes.
struct ToolCallStarted {
  int32_t call_index = 0;  // 0, 1, … in each choice
  std::string id;
  std::string name;
};
struct ToolArgumentsDelta {
  int32_t call_index = 0;
  std::string json_text;
};
struct ChoiceFinished {
  FinishReason reason = FinishReason::kStop;
};
// Last event of a request that went well; comes after every ChoiceFinished.
struct Finished {};
// Last event of a request that failed.
struct Failed {
  base::Error error;
};

struct ChatEvent {
  int32_t choice = 0;  // 0 … n-1; meaningless for Finished and Failed
  std::variant<ChoiceStarted, ReasoningDelta, ContentDelta, ToolCallStarted, ToolArgumentsDelta,
               ChoiceFinished, Finished, Failed>
      what;
  Usage usage;  // as of this event
};

}  // namespace millrace::chat
