// Reads the thinking switches and decides what they mean together (api-contract 2.9).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "api/read_context.h"
#include "api/wire_error.h"
#include "chat/chat_request.h"
#include "json/field_reader.h"

namespace millrace::api {

inline constexpr int64_t kThinkingBudgetMin = 128;
inline constexpr int64_t kThinkingBudgetMax = 32768;

// `reasoning_effort` as written.
enum class EffortField { kNone, kMinimal, kLow, kMedium, kHigh, kXHigh, kMax };

WireResult<std::optional<int64_t>> ReadThinkingBudget(const json::FieldReader& body);
WireResult<std::optional<EffortField>> ReadEffort(const json::FieldReader& body);

// `thinking`, `chat_template_kwargs` and `chat_template_args`.
struct ThinkingAliases {
  std::optional<bool> thinking_type;
  std::optional<int64_t> thinking_budget;
  std::optional<bool> template_switch;
};
WireResult<std::optional<bool>> ReadTemplateSwitch(const json::FieldReader& body);
// Fills the first two members of `aliases`.
WireStatus ReadThinkingObject(const json::FieldReader& body, ThinkingAliases& aliases);

// Every field that speaks of thinking.
struct ThinkingFields {
  std::optional<bool> enable_thinking;
  std::optional<int64_t> budget;
  std::optional<EffortField> effort;
  ThinkingAliases aliases;
};

struct ThinkingPlan {
  bool enabled = false;
  int32_t reasoning_tokens_max = 0;
  std::optional<chat::ReasoningEffort> effort;
};

// `user_agent` decides the default effort. Never fails: whether `enable_thinking` may be given at
// all is a capability check of the caller.
ThinkingPlan DecideThinking(const ThinkingFields& fields, std::string_view user_agent,
                            const ReadContext& context);

}  // namespace millrace::api
