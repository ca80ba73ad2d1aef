// The body of a chat request as written: every field checked by itself, nothing decided yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/message_fields.h"
#include "api/read_context.h"
#include "api/thinking_fields.h"
#include "api/tool_fields.h"
#include "api/wire_error.h"
#include "chat/chat_request.h"
#include "json/field_reader.h"

namespace millrace::api {

enum class IncludeUsage { kYes, kNo };

// An empty optional is an absent field. Texts are copies: nothing points into the JSON.
struct WireBody {
  MessagesField messages;
  bool stream = false;
  std::optional<int64_t> max_tokens;
  ThinkingFields thinking;
  std::optional<double> min_p;
  std::vector<std::string> stop;
  std::optional<double> temperature;
  std::optional<double> top_p;
  std::optional<int32_t> top_k;  // 0 = off
  std::optional<double> frequency_penalty;
  int32_t n = 1;
  chat::ResponseFormat response_format = chat::TextFormat{};
  ToolsField tools;
  std::optional<ToolChoiceField> tool_choice;
  bool parallel_tool_calls = true;
  std::optional<IncludeUsage> stream_options;
  std::optional<int64_t> max_completion_tokens;
  std::optional<double> presence_penalty;
  std::optional<double> repetition_penalty;
  std::optional<int64_t> seed;
  bool logprobs = false;
  int64_t top_logprobs = 0;
  std::vector<std::pair<int32_t, float>> logit_bias;
  std::optional<std::string> prefix;
  std::optional<std::string> suffix;
};

// Reads `messages`, then every other field in the documented order; the first bad one is the error.
WireResult<WireBody> ReadWireBody(const json::FieldReader& body, const ReadContext& context);

}  // namespace millrace::api
