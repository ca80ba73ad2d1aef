// A chat request that is valid by construction: `api` makes it, every backend may trust it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
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

struct ChatRequest {
  std::vector<Message> messages;
  std::vector<ToolSpec> tools;  // empty when tool_choice is none: they are then not shown to the model
  ToolChoice tool_choice = ToolChoiceAuto{};
  bool parallel_tool_calls = true;

  SamplingOptions sampling;
  uint64_t seed = 0;  // always set; choice i draws from seed + i
  int32_t n = 1;
  std::vector<std::string> stop;  // at most 4, none empty; matched on answer text only

  // Limits per choice. The answer is everything that is not reasoning.
  int32_t answer_tokens_max = 0;                 // > 0
  std::optional<int32_t> completion_tokens_max;  // reasoning and answer together
  bool enable_thinking = false;
  int32_t reasoning_tokens_max = 0;              // enforced while thinking, > 0

  // Isolates cached prefixes: requests of different tenants never share computed blocks.
  std::string tenant;
};

}  // namespace millrace::chat
