// A chat request that is valid by construction: `api` makes it, every backend may trust it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "chat/message.h"

namespace millrace::chat {

struct SamplingOptions {
  double temperature = 0.7;  // 0 = greedy
  double top_p = 1.0;        // 0..1; 0 acts as the single best token
  int32_t top_k = 0;         // 0 = off
  double min_p = 0.0;        // 0 = off
  double frequency_penalty = 0.0;
  double presence_penalty = 0.0;
  double repetition_penalty = 1.0;
  std::vector<std::pair<int32_t, float>> logit_bias;  // token index, bias
};

// What the answer text must look like. Only records with `json_mode` get anything but plain text.
struct TextFormat {};
struct JsonObjectFormat {};
struct JsonSchemaFormat {
  std::string name;
  std::string schema_json;
};
using ResponseFormat = std::variant<TextFormat, JsonObjectFormat, JsonSchemaFormat>;

enum class ReasoningEffort { kHigh, kMax };

struct ChatRequest {
  std::vector<Message> messages;
  // Empty when tool_choice is none: they are then not shown to the model.
  std::vector<ToolSpec> tools;
  ToolChoice tool_choice = ToolChoiceAuto{};
  bool parallel_tool_calls = true;
  ResponseFormat response_format = TextFormat{};
  // The answer continues this text and does not repeat it. Only for records with `prefix`.
  std::optional<std::string> answer_prefix;
  // Fill in the middle: the answer stands between `answer_prefix` and this. Only for records with
  // `fim`, and never without `answer_prefix`.
  std::optional<std::string> answer_suffix;
  // Report log probabilities of answer tokens with this many alternatives each (0 … 20).
  std::optional<int32_t> top_logprobs;

  SamplingOptions sampling;
  uint64_t seed = 0;  // always set; choice i draws from seed + i
  int32_t n = 1;
  std::vector<std::string> stop;  // at most 4, none empty; matched on answer text only

  // Limits per choice. The answer is everything that is not reasoning.
  int32_t answer_tokens_max = 0;                 // > 0
  std::optional<int32_t> completion_tokens_max;  // reasoning and answer together
  bool enable_thinking = false;
  std::optional<ReasoningEffort> effort;  // while thinking, for records with `effort`
  int32_t reasoning_tokens_max = 0;       // enforced while thinking, > 0

  // Isolates cached prefixes: requests of different tenants never share computed blocks.
  std::string tenant;
};

// The answer is at least one call and has no content.
inline bool ForcesCall(const ChatRequest& request) {
  return std::holds_alternative<ToolChoiceRequired>(request.tool_choice) ||
         std::holds_alternative<ToolChoiceNamed>(request.tool_choice);
}

// Whether the answer is held to something: JSON of some form, a forced call, or a strict tool. Such
// a request may take long to prepare, since its schemas are compiled.
inline bool IsConstrained(const ChatRequest& request) {
  return !std::holds_alternative<TextFormat>(request.response_format) || ForcesCall(request) ||
         std::ranges::any_of(request.tools, &ToolSpec::strict);
}

}  // namespace millrace::chat
