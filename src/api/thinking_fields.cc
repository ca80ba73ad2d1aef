#include "api/thinking_fields.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "api/header_text.h"

namespace millrace::api {
namespace {

using json::FieldReader;

// In the order of EffortField.
constexpr std::array<std::string_view, 7> kEffortNames = {"none", "minimal", "low", "medium",
                                                          "high", "xhigh",   "max"};
constexpr std::array<std::string_view, 3> kThinkingTypes = {"enabled", "disabled", "adaptive"};

bool IsAgent(std::string_view user_agent, const ApiOptions& options) {
  return std::ranges::any_of(options.agent_user_agents, [&](const std::string& prefix) {
    return StartsWithIgnoringCase(user_agent, prefix);
  });
}

chat::ReasoningEffort DecideEffort(std::optional<EffortField> effort, bool agent) {
  if (!effort) {
    return agent ? chat::ReasoningEffort::kMax : chat::ReasoningEffort::kHigh;
  }
  switch (*effort) {
    case EffortField::kXHigh:
    case EffortField::kMax:
      return chat::ReasoningEffort::kMax;
    case EffortField::kNone:
    case EffortField::kMinimal:
    case EffortField::kLow:
    case EffortField::kMedium:
    case EffortField::kHigh:
      return chat::ReasoningEffort::kHigh;
  }
  std::unreachable();
}

bool DecideSwitch(const ThinkingFields& fields, const chat::ModelRecord& record) {
  switch (record.thinking) {
    case chat::ThinkingClass::kNever:
      return false;
    case chat::ThinkingClass::kAlways:
      return true;
    case chat::ThinkingClass::kHybrid:
      break;
  }
  for (const std::optional<bool>& given :
       {fields.enable_thinking, fields.aliases.thinking_type, fields.aliases.template_switch}) {
    if (given) {
      return *given;
    }
  }
  if (record.effort && fields.effort == EffortField::kNone) {
    return false;
  }
  return record.thinking_default_on;
}

}  // namespace

WireResult<std::optional<int64_t>> ReadThinkingBudget(const FieldReader& body) {
  return TRY(body.OptionalInteger("thinking_budget",
                                  {.min = kThinkingBudgetMin, .max = kThinkingBudgetMax}));
}

WireResult<std::optional<EffortField>> ReadEffort(const FieldReader& body) {
  const auto name = TRY(body.OptionalEnum("reasoning_effort", kEffortNames));
  if (!name) {
    return std::optional<EffortField>();
  }
  const auto index = std::ranges::find(kEffortNames, *name) - kEffortNames.begin();
  return std::optional(static_cast<EffortField>(index));
}

WireStatus ReadThinkingObject(const FieldReader& body, ThinkingAliases& aliases) {
  const boost::json::object* thinking = TRY(body.OptionalObject("thinking"));
  if (thinking == nullptr) {
    return {};
  }
  const FieldReader fields(*thinking, body.PathOf("thinking"));
  const auto type = TRY(fields.OptionalEnum("type", kThinkingTypes));
  if (type == "enabled") {
    aliases.thinking_type = true;
  } else if (type == "disabled") {
    aliases.thinking_type = false;
  }
  // Other clients send budgets of their own services here: one out of range says nothing.
  const auto budget = fields.OptionalInteger(
      "budget_tokens", {.min = kThinkingBudgetMin, .max = kThinkingBudgetMax});
  if (budget.has_value()) {
    aliases.thinking_budget = *budget;
  }
  return {};
}

WireResult<std::optional<bool>> ReadTemplateSwitch(const FieldReader& body) {
  std::optional<bool> found;
  for (const std::string_view key : {"chat_template_kwargs", "chat_template_args"}) {
    const boost::json::object* object = TRY(body.OptionalObject(key));
    if (object == nullptr) {
      continue;
    }
    const FieldReader fields(*object, body.PathOf(key));
    for (const std::string_view name : {"enable_thinking", "thinking"}) {
      const std::optional<bool> value = TRY(fields.OptionalBool(name));
      found = found ? found : value;
    }
  }
  return found;
}

ThinkingPlan DecideThinking(const ThinkingFields& fields, std::string_view user_agent,
                            const ReadContext& context) {
  ThinkingPlan plan;
  plan.enabled = DecideSwitch(fields, context.record);
  plan.reasoning_tokens_max = context.record.reasoning_tokens_max;
  const auto budget = fields.budget ? fields.budget : fields.aliases.thinking_budget;
  if (budget) {
    plan.reasoning_tokens_max = static_cast<int32_t>(*budget);
  }
  if (plan.enabled && context.record.effort) {
    plan.effort = DecideEffort(fields.effort, IsAgent(user_agent, context.options));
  }
  return plan;
}

}  // namespace millrace::api
