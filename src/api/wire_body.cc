#include "api/wire_body.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "api/format_fields.h"
#include "api/sampling_fields.h"

namespace millrace::api {
namespace {

using json::FieldReader;

constexpr double kTemperatureMax = 2.0;
constexpr double kPenaltyMax = 2.0;
constexpr double kRepetitionMax = 2.0;
constexpr int64_t kTopLogprobsMax = 20;
constexpr std::array<std::string_view, 1> kTextModality = {"text"};

// The fields of the documented request page, in its order.
WireStatus ReadPageFields(const FieldReader& body, const ReadContext& context, WireBody& out) {
  out.stream = TRY(body.OptionalBool("stream")).value_or(false);
  out.max_tokens = TRY(body.OptionalInteger("max_tokens", {.min = 1}));
  out.thinking.enable_thinking = TRY(body.OptionalBool("enable_thinking"));
  out.thinking.budget = TRY(ReadThinkingBudget(body));
  out.thinking.effort = TRY(ReadEffort(body));
  out.min_p = TRY(body.OptionalNumber("min_p", {.min = 0.0, .max = 1.0}));
  out.stop = TRY(ReadStop(body, context));
  out.temperature = TRY(body.OptionalNumber("temperature", {.min = 0.0, .max = kTemperatureMax}));
  out.top_p = TRY(body.OptionalNumber("top_p", {.min = 0.0, .max = 1.0}));
  out.top_k = TRY(ReadTopK(body));
  out.frequency_penalty =
      TRY(body.OptionalNumber("frequency_penalty", {.min = -kPenaltyMax, .max = kPenaltyMax}));
  out.n = TRY(ReadChoiceCount(body, context));
  out.response_format = TRY(ReadResponseFormat(body, context));
  out.tools = TRY(ReadTools(body, context));
  return {};
}

WireStatus ReadStreamOptions(const FieldReader& body, WireBody& out) {
  const boost::json::object* options = TRY(body.OptionalObject("stream_options"));
  if (options == nullptr) {
    return {};
  }
  const FieldReader fields(*options, body.PathOf("stream_options"));
  const bool include = TRY(fields.OptionalBool("include_usage")).value_or(false);
  out.stream_options = include ? IncludeUsage::kYes : IncludeUsage::kNo;
  return {};
}

// Text is all this server writes; a list that asks for nothing of it cannot be served.
WireStatus CheckModalities(const FieldReader& body) {
  const boost::json::array* modalities = TRY(body.OptionalArray("modalities"));
  if (modalities == nullptr) {
    return {};
  }
  const bool text = std::ranges::any_of(*modalities, [](const boost::json::value& value) {
    return value.is_string() && value.get_string() == "text";
  });
  if (!text) {
    return json::NotOneOf(body.PathOf("modalities"), kTextModality);
  }
  return {};
}

// The old names of the tool fields count only where the new ones are absent.
WireStatus ReadLegacyTools(const FieldReader& body, const ReadContext& context, WireBody& out) {
  if (body.Has("tools") || body.Has("tool_choice")) {
    return {};
  }
  out.tools = TRY(ReadFunctions(body, context));
  out.tool_choice = TRY(ReadFunctionCallChoice(body));
  return {};
}

WireStatus ReadGap(const FieldReader& body, WireBody& out) {
  const auto prefix = TRY(body.OptionalString("prefix"));
  if (prefix) {
    if (prefix->empty()) {
      return InvalidField(body.PathOf("prefix"), "String should have at least 1 character");
    }
    out.prefix = std::string(*prefix);
  }
  if (const auto suffix = TRY(body.OptionalString("suffix"))) {
    out.suffix = std::string(*suffix);
  }
  if (out.suffix && !out.prefix) {
    return json::MissingField(body.PathOf("prefix"));
  }
  return {};
}

// The fields other clients of this kind of API send, in the order of the contract's table.
WireStatus ReadEcosystemFields(const FieldReader& body, const ReadContext& context, WireBody& out) {
  out.tool_choice = TRY(ReadToolChoice(body));
  out.parallel_tool_calls = TRY(body.OptionalBool("parallel_tool_calls")).value_or(true);
  TRY(ReadStreamOptions(body, out));
  out.max_completion_tokens = TRY(body.OptionalInteger("max_completion_tokens", {.min = 1}));
  out.presence_penalty =
      TRY(body.OptionalNumber("presence_penalty", {.min = -kPenaltyMax, .max = kPenaltyMax}));
  out.repetition_penalty =
      TRY(body.OptionalNumber("repetition_penalty", {.max = kRepetitionMax, .above = 0.0}));
  out.seed = TRY(body.OptionalInteger("seed"));
  out.logprobs = TRY(body.OptionalBool("logprobs")).value_or(false);
  out.top_logprobs =
      TRY(body.OptionalInteger("top_logprobs", {.min = 0, .max = kTopLogprobsMax})).value_or(0);
  out.logit_bias = TRY(ReadLogitBias(body, context));
  TRY(CheckModalities(body));
  TRY(ReadLegacyTools(body, context, out));
  TRY(ReadGap(body, out));
  TRY(ReadThinkingObject(body, out.thinking.aliases));
  out.thinking.aliases.template_switch = TRY(ReadTemplateSwitch(body));
  return {};
}

}  // namespace

WireResult<WireBody> ReadWireBody(const FieldReader& body, const ReadContext& context) {
  WireBody out;
  out.messages = TRY(ReadMessages(body, context));
  TRY(ReadPageFields(body, context, out));
  TRY(ReadEcosystemFields(body, context, out));
  return out;
}

}  // namespace millrace::api
