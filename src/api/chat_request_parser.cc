#include "api/chat_request_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <variant>

#include "api/read_context.h"
#include "api/wire_body.h"
#include "json/field_reader.h"
#include "json/json.h"

namespace millrace::api {
namespace {

using json::FieldReader;

WireResult<boost::json::value> ParseObject(std::string_view body, const ApiOptions& options) {
  auto parsed =
      json::Parse(body, {.depth_max = options.limits.json_depth_max,
                         .bytes_max = static_cast<size_t>(options.limits.body_bytes_max)});
  if (!parsed.has_value() || !parsed->is_object()) {
    return WireError{Failure::kInvalidParameter};
  }
  return *std::move(parsed);
}

WireResult<std::shared_ptr<chat::ChatBackend>> FindBackend(const FieldReader& body,
                                                           const accounts::Principal& principal,
                                                           const BackendResolver& backends) {
  const std::string_view model = TRY(body.RequiredString("model"));
  if (model.empty()) {
    return WireError{Failure::kInvalidParameter, {}, "model"};
  }
  std::shared_ptr<chat::ChatBackend> backend = backends.Resolve(model);
  if (backend == nullptr) {
    return WireError{Failure::kModelNotFound, {}, "model"};
  }
  if (const chat::ModelRecord& record = backend->record(); !principal.MayUse(record.id)) {
    return WireError{record.hidden ? Failure::kModelNotFound : Failure::kForbidden, {}, "model"};
  }
  return backend;
}

bool WantsJson(const WireBody& body) {
  return !std::holds_alternative<chat::TextFormat>(body.response_format);
}

bool WantsPrefix(const WireBody& body) {
  return !body.suffix && (body.prefix || body.messages.continued_answer);
}

WireStatus CheckMediaKinds(const MediaFound& media, const chat::ModelRecord& record) {
  if (media.image_count > 0 && !record.image_input) {
    return WireError{Failure::kImagesUnsupported, {}, "messages"};
  }
  if (!media.video_path.empty() && !record.video_input) {
    return InvalidField(media.video_path, "video input is not supported by this model");
  }
  if (!media.audio_path.empty() && !record.audio_input) {
    return InvalidField(media.audio_path, "audio input is not supported by this model");
  }
  return {};
}

// Step 13: what this model can do.
WireStatus CheckCapabilities(const WireBody& body, const ReadContext& context) {
  const chat::ModelRecord& record = context.record;
  TRY(CheckMediaKinds(body.messages.media, record));
  if (!body.tools.tools.empty() && !record.tools) {
    return WireError{Failure::kToolsUnsupported, {}, "tools"};
  }
  if (WantsJson(body) && !record.json_mode) {
    return WireError{Failure::kJsonModeUnsupported, {}, "response_format"};
  }
  if (WantsPrefix(body) && !record.prefix) {
    return WireError{Failure::kPrefixUnsupported, {}, "prefix"};
  }
  // With JSON mode it is the combination that is refused, whatever the model can do.
  if (body.suffix && !record.fim && !WantsJson(body)) {
    return WireError{Failure::kSuffixUnsupported, {}, "suffix"};
  }
  if (body.thinking.enable_thinking && record.thinking != chat::ThinkingClass::kHybrid &&
      context.options.inapplicable_thinking == InapplicableThinking::kReject) {
    return InvalidParameter(
        "Value error, current model does not support parameter `enable_thinking`.",
        "enable_thinking");
  }
  return {};
}

// Step 14: fields that do not go together.
WireResult<ToolPlan> CheckCombinations(WireBody& body, const ReadContext& context) {
  if (WantsJson(body) && WantsPrefix(body)) {
    return WireError{Failure::kPrefixWithJsonMode, {}, "prefix"};
  }
  if (WantsJson(body) && body.suffix) {
    return WireError{Failure::kSuffixWithJsonMode, {}, "suffix"};
  }
  if (body.prefix && body.messages.continued_answer) {
    return InvalidField("prefix", "the last message asks to be continued already");
  }
  ToolPlan plan = TRY(CombineTools(std::move(body.tools), body.tool_choice, context));
  if (body.top_logprobs > 0 && !body.logprobs) {
    return InvalidField("top_logprobs", "logprobs must be true");
  }
  TRY(CheckSequence(body.messages.messages, context));
  return plan;
}

WireStatus CheckTokenLimits(const WireBody& body, const chat::ModelRecord& record) {
  for (const auto& [name, value] :
       {std::pair("max_tokens", body.max_tokens),
        std::pair("max_completion_tokens", body.max_completion_tokens)}) {
    if (value && *value >= record.context_tokens) {
      return InvalidParameter(fmt::format("max_tokens ({}) have exceeded max_seq_len ({}) limit.",
                                          *value, record.context_tokens),
                              name);
    }
  }
  return {};
}

chat::SamplingOptions DecideSampling(WireBody& body, const chat::ModelRecord& record) {
  const chat::SamplingDefaults& defaults = record.sampling;
  return {
      .temperature = body.temperature.value_or(defaults.temperature),
      .top_p = body.top_p.value_or(defaults.top_p),
      .top_k = body.top_k.value_or(defaults.top_k),
      .min_p = record.honours_min_p ? body.min_p.value_or(defaults.min_p) : defaults.min_p,
      .frequency_penalty = body.frequency_penalty.value_or(defaults.frequency_penalty),
      .presence_penalty = body.presence_penalty.value_or(defaults.presence_penalty),
      .repetition_penalty = body.repetition_penalty.value_or(defaults.repetition_penalty),
      .logit_bias = std::move(body.logit_bias),
  };
}

// Values are below the context length by now, so they fit.
void DecideLimits(const WireBody& body, const ReadContext& context, chat::ChatRequest& request) {
  request.answer_tokens_max =
      body.max_tokens ? static_cast<int32_t>(*body.max_tokens) : context.record.output_tokens_max;
  std::optional<int64_t> total = body.max_completion_tokens;
  if (context.options.max_tokens_scope == MaxTokensScope::kTotal && body.max_tokens) {
    total = std::min(total.value_or(*body.max_tokens), *body.max_tokens);
  }
  if (total) {
    request.completion_tokens_max = static_cast<int32_t>(*total);
  }
}

chat::ChatRequest Assemble(WireBody body, ToolPlan tools, const RequestOrigin& origin,
                           const ReadContext& context) {
  chat::ChatRequest request;
  request.messages = std::move(body.messages.messages);
  request.tools = std::move(tools.tools);
  request.tool_choice = std::move(tools.choice);
  request.parallel_tool_calls = body.parallel_tool_calls;
  request.response_format = std::move(body.response_format);
  request.answer_prefix =
      body.prefix ? std::move(body.prefix) : std::move(body.messages.continued_answer);
  request.answer_suffix = std::move(body.suffix);
  if (body.logprobs) {
    request.top_logprobs = static_cast<int32_t>(body.top_logprobs);
  }
  request.sampling = DecideSampling(body, context.record);
  request.seed = body.seed ? static_cast<uint64_t>(*body.seed) : origin.fallback_seed;
  request.n = body.n;
  request.stop = std::move(body.stop);
  DecideLimits(body, context, request);
  const ThinkingPlan thinking = DecideThinking(body.thinking, origin.user_agent, context);
  request.enable_thinking = thinking.enabled && !request.answer_prefix;
  request.effort = request.enable_thinking ? thinking.effort : std::nullopt;
  request.reasoning_tokens_max = thinking.reasoning_tokens_max;
  request.tenant = origin.principal.account_id;
  return request;
}

// What the client's own limits allow a choice to generate; nothing when it gave none. Reasoning
// counts as far as the client limited it; `open` is what may come besides.
struct ClientLimits {
  std::optional<int64_t> tokens;
  int64_t open = 0;
};

ClientLimits LimitsOf(const WireBody& body, const ApiOptions& options, const ThinkingPlan& plan) {
  ClientLimits limits{.tokens = body.max_completion_tokens};
  if (!body.max_tokens) {
    return limits;
  }
  const bool reasoning_extra = plan.enabled && options.max_tokens_scope == MaxTokensScope::kAnswer;
  const bool budgeted = body.thinking.budget || body.thinking.aliases.thinking_budget;
  const int64_t reasoning = reasoning_extra ? plan.reasoning_tokens_max : 0;
  const int64_t own = *body.max_tokens + (budgeted ? reasoning : 0);
  const int64_t whole = *body.max_tokens + reasoning;
  limits.tokens = std::min(body.max_completion_tokens.value_or(own), own);
  limits.open = std::min(body.max_completion_tokens.value_or(whole), whole) - *limits.tokens;
  return limits;
}

StreamUsage DecideStreamUsage(const WireBody& body, const ApiOptions& options) {
  if (body.stream_options) {
    return *body.stream_options == IncludeUsage::kYes ? StreamUsage::kOwnChunk : StreamUsage::kNone;
  }
  switch (options.stream_usage) {
    case StreamUsageDefault::kSiliconFlow:
      return StreamUsage::kEveryChunk;
    case StreamUsageDefault::kOpenAi:
      return StreamUsage::kNone;
    case StreamUsageDefault::kFinal:
      return StreamUsage::kLastFinish;
  }
  std::unreachable();
}

}  // namespace

WireResult<ParsedChat> ParseChatRequest(std::string_view body, const RequestOrigin& origin,
                                        const BackendResolver& backends,
                                        const ApiOptions& options) {
  const boost::json::value document = TRY(ParseObject(body, options));
  const FieldReader fields(document.get_object());
  ParsedChat parsed;
  parsed.backend = TRY(FindBackend(fields, origin.principal, backends));
  const ReadContext context{.record = parsed.backend->record(), .options = options};
  WireBody wire = TRY(ReadWireBody(fields, context));
  TRY(CheckCapabilities(wire, context));
  ToolPlan tools = TRY(CheckCombinations(wire, context));
  TRY(CheckTokenLimits(wire, context.record));
  parsed.reply = {.model = std::string(*fields.OptionalString("model").value()),
                  .stream = wire.stream,
                  .stream_usage = DecideStreamUsage(wire, options),
                  .n = wire.n,
                  .logprobs = wire.logprobs ? Logprobs::kReported : Logprobs::kLeftOut};
  parsed.media = wire.messages.media;
  const ClientLimits limits =
      LimitsOf(wire, options, DecideThinking(wire.thinking, origin.user_agent, context));
  parsed.choice_tokens_max = limits.tokens;
  parsed.choice_tokens_open = limits.open;
  parsed.request = Assemble(std::move(wire), std::move(tools), origin, context);
  return parsed;
}

}  // namespace millrace::api
