#include "local/local_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "local/answer_constraints.h"
#include "local/chat_prompt.h"
#include "local/fim_prompt.h"
#include "local/local_stream.h"
#include "local/model_facts.h"
#include "local/reasoning.h"
#include "tokenizer/tokenizer.h"

namespace millrace::local {
namespace {

constexpr int64_t kMillisPerSecond = 1000;
constexpr int32_t kCallsMax = 128;  // a history may hold no more

struct Prompt {
  std::vector<base::TokenId> tokens;
  bool ends_inside_reasoning = false;
};

std::string TextOf(const tokenizer::Tokenizer& tokenizer, std::optional<base::TokenId> id) {
  return id ? std::string(tokenizer.Bytes(*id)) : std::string();
}

// A prompt that is known to fit, and how its answer will be read.
class LocalPrepared final : public chat::PreparedChat {
 public:
  // `model` and `random` are borrowed.
  LocalPrepared(LocalStreamOptions options, engine::GenerationRequest generation,
                const LoadedModel* model, base::RandomSource* random)
      : options_(std::move(options)),
        generation_(std::move(generation)),
        model_(model),
        random_(random) {}

  int64_t prompt_tokens() const override { return options_.prompt_tokens; }

  base::Result<std::unique_ptr<chat::ChatStream>> Start() override {
    engine::Engine* engine = model_->engine();
    if (engine == nullptr) {
      return base::Error{base::ErrorKind::kUnavailable, "the model is still loading"};
    }
    std::unique_ptr<engine::GenerationHandle> handle = TRY(engine->Submit(std::move(generation_)));
    return std::unique_ptr<chat::ChatStream>(
        std::make_unique<LocalStream>(std::move(options_), std::move(handle), random_));
  }

 private:
  LocalStreamOptions options_;
  engine::GenerationRequest generation_;
  const LoadedModel* model_;
  base::RandomSource* random_;
};

class LocalBackendImpl final : public LocalBackend {
 public:
  LocalBackendImpl(std::shared_ptr<LoadedModel> model, ChatFormat format, MadeRecord made,
                   const RecordSettings& settings, const base::Clock* clock,
                   base::RandomSource* random)
      : model_(std::move(model)),
        tokenizer_(model_->facts().tokenizer),
        format_(std::move(format)),
        record_(std::move(made.record)),
        conflicts_(std::move(made.conflicts)),
        always_thinks_(made.always_thinks),
        clock_(clock),
        random_(random),
        // A model that could reason and must not is watched for it, too.
        reasoning_(record_.thinking == chat::ThinkingClass::kNever &&
                           format_.thinking == chat::ThinkingClass::kNever
                       ? std::nullopt
                       : MakeReasoningSyntax(*tokenizer_, *format_.syntax)),
        constraints_(tokenizer_, format_.syntax, model_->facts().info.vocabulary_size,
                     settings.json_spacing.value_or(grammar::Whitespace::kSingleSpace), clock) {}

  const chat::ModelRecord& record() const override { return record_; }
  bool ready() const override { return model_->engine() != nullptr; }
  const std::vector<RecordConflict>& conflicts() const override { return conflicts_; }
  const std::shared_ptr<LoadedModel>& model() const override { return model_; }
  engine::EngineStats stats() const override {
    const engine::Engine* engine = model_->engine();
    return engine == nullptr ? engine::EngineStats() : engine->stats();
  }
  void FailRunning(base::Error error) override {
    if (engine::Engine* engine = model_->engine()) {
      engine->FailAll(std::move(error));
    }
  }

  base::Result<std::unique_ptr<chat::PreparedChat>> Prepare(
      chat::ChatRequest request, const std::function<bool()>& interrupted) override;

 private:
  void ObeyRecord(chat::ChatRequest& request) const;
  base::Status CheckSupported(const chat::ChatRequest& request) const;
  base::Result<Prompt> MakePrompt(const chat::ChatRequest& request) const;
  engine::GenerationRequest MakeGeneration(const chat::ChatRequest& request, Prompt prompt) const;
  AnswerSyntax MakeAnswerSyntax(const chat::ChatRequest& request, bool starts_in_reasoning) const;

  const std::shared_ptr<LoadedModel> model_;
  const std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;
  const ChatFormat format_;
  const chat::ModelRecord record_;
  const std::vector<RecordConflict> conflicts_;
  const bool always_thinks_;  // whatever the template does
  const base::Clock* clock_;
  base::RandomSource* random_;
  const std::optional<engine::ReasoningSyntax> reasoning_;
  AnswerConstraints constraints_;
};

base::Result<std::unique_ptr<chat::PreparedChat>> LocalBackendImpl::Prepare(
    chat::ChatRequest request, const std::function<bool()>& interrupted) {
  TRY(CheckSupported(request));
  ObeyRecord(request);
  Prompt prompt = TRY(MakePrompt(request));
  const auto prompt_tokens = static_cast<int64_t>(prompt.tokens.size());
  if (prompt_tokens >= record_.prompt_tokens_max) {
    return base::Error{
        base::ErrorKind::kContextOverflow,
        fmt::format("number of input tokens ({}) has exceeded max_prompt_tokens ({}) limit. This "
                    "model's maximum context length is {} tokens.",
                    prompt_tokens, record_.prompt_tokens_max, record_.context_tokens),
        "messages"};
  }
  LocalStreamOptions options{
      .answer = MakeAnswerSyntax(request, prompt.ends_inside_reasoning),
      .choice_count = request.n,
      .prompt_tokens = prompt_tokens,
      .thinking = request.enable_thinking,
  };
  engine::GenerationRequest generation = MakeGeneration(request, std::move(prompt));
  if (chat::IsConstrained(request)) {
    generation.make_constraint = TRY(constraints_.MakerFor(request, interrupted));
  }
  return std::unique_ptr<chat::PreparedChat>(std::make_unique<LocalPrepared>(
      std::move(options), std::move(generation), model_.get(), random_));
}

// A record that never or always reasons is so for every caller.
void LocalBackendImpl::ObeyRecord(chat::ChatRequest& request) const {
  if (record_.thinking == chat::ThinkingClass::kNever) {
    request.enable_thinking = false;
  } else if (record_.thinking == chat::ThinkingClass::kAlways && !request.answer_prefix) {
    request.enable_thinking = true;
  }
}

// The record says so already; a caller that did not look is refused rather than misunderstood.
base::Status LocalBackendImpl::CheckSupported(const chat::ChatRequest& request) const {
  const bool wants_json = !std::holds_alternative<chat::TextFormat>(request.response_format);
  if (wants_json && !record_.json_mode) {
    return base::Unsupported("response_format: this model cannot be held to a format");
  }
  if (chat::IsConstrained(request) && !wants_json && !record_.constrained_tools) {
    return base::Unsupported("tool_choice: this model cannot be held to calls");
  }
  if (request.answer_suffix && (!record_.fim || !request.answer_prefix)) {
    return base::Unsupported("suffix: this model cannot fill in the middle");
  }
  return {};
}

base::Result<Prompt> LocalBackendImpl::MakePrompt(const chat::ChatRequest& request) const {
  if (request.answer_suffix) {
    return Prompt{.tokens = MakeFimPrompt(*tokenizer_, request), .ends_inside_reasoning = false};
  }
  const ChatPrompt text =
      TRY(MakeChatPrompt(format_, request,
                         {.bos_token = TextOf(*tokenizer_, tokenizer_->bos()),
                          .eos_token = TextOf(*tokenizer_, tokenizer_->eos()),
                          .unix_seconds = clock_->UnixMillis() / kMillisPerSecond,
                          .always_thinks = always_thinks_}));
  Prompt prompt{.tokens = model_->encoder().Encode(text.pieces),
                .ends_inside_reasoning = text.ends_inside_reasoning};
  if (prompt.tokens.empty()) {
    return base::InvalidArgument("messages: they make an empty prompt", "messages");
  }
  return prompt;
}

engine::GenerationRequest LocalBackendImpl::MakeGeneration(const chat::ChatRequest& request,
                                                           Prompt prompt) const {
  engine::GenerationRequest generation;
  generation.prompt = std::move(prompt.tokens);
  generation.choice_count = request.n;
  const chat::SamplingOptions& sampling = request.sampling;
  generation.sampling = {.temperature = sampling.temperature,
                         .top_p = sampling.top_p,
                         .top_k = sampling.top_k,
                         .min_p = sampling.min_p,
                         .frequency_penalty = sampling.frequency_penalty,
                         .presence_penalty = sampling.presence_penalty,
                         .repetition_penalty = sampling.repetition_penalty,
                         .logit_bias = {},
                         .top_logprobs = request.top_logprobs};
  for (const auto& [token, bias] : sampling.logit_bias) {
    generation.sampling.logit_bias.emplace_back(base::TokenId{token}, bias);
  }
  generation.seed = request.seed;
  generation.end_tokens.assign(tokenizer_->end_tokens().begin(), tokenizer_->end_tokens().end());
  if (request.answer_suffix) {
    const std::vector<base::TokenId>& ends = tokenizer_->fim_tokens()->ends;
    generation.end_tokens.insert(generation.end_tokens.end(), ends.begin(), ends.end());
  }
  generation.answer_tokens_max = request.answer_tokens_max;
  // The record may allow less than the engine, which others use too.
  const int32_t room = record_.context_tokens - static_cast<int32_t>(generation.prompt.size());
  generation.completion_tokens_max = std::min(request.completion_tokens_max.value_or(room), room);
  generation.tenant = request.tenant;
  if (reasoning_ && !request.answer_prefix) {
    generation.reasoning = reasoning_;
    generation.reasoning->starts_inside = prompt.ends_inside_reasoning;
    // A model that was told not to reason and opens a block nevertheless has it closed at once.
    generation.reasoning_tokens_max = request.enable_thinking ? request.reasoning_tokens_max : 0;
  }
  return generation;
}

AnswerSyntax LocalBackendImpl::MakeAnswerSyntax(const chat::ChatRequest& request,
                                                bool starts_in_reasoning) const {
  AnswerSyntax answer{
      .tokenizer = tokenizer_,
      .syntax = format_.syntax,
      .parser = {.reasoning_possible = reasoning_.has_value() && !request.answer_prefix,
                 .starts_in_reasoning = starts_in_reasoning,
                 .tool_names = {},
                 .tool_parameters_json = {},
                 .json_content = !std::holds_alternative<chat::TextFormat>(request.response_format),
                 .calls_max = request.parallel_tool_calls ? kCallsMax : 1},
      .stops = request.stop,
      .calls_only = chat::ForcesCall(request),
      .logprobs = request.top_logprobs.has_value()};
  if (request.answer_suffix) {
    return answer;  // calls are no part of what stands between two texts
  }
  for (const chat::ToolSpec& tool : request.tools) {
    answer.parser.tool_names.push_back(tool.name);
    answer.parser.tool_parameters_json.push_back(tool.parameters_json);
  }
  return answer;
}

}  // namespace

base::Result<std::unique_ptr<LocalBackend>> LocalBackend::Create(std::shared_ptr<LoadedModel> model,
                                                                 const ServedAs& served,
                                                                 const base::Clock* clock,
                                                                 base::RandomSource* random) {
  const RecordSettings& settings = served.settings;
  ChatFormat format =
      TRY(ReadChatFormat(model->file(), {.prompt = settings.prompt.value_or(std::string()),
                                         .syntax = settings.syntax.value_or(std::string())}));
  MadeRecord made = MakeRecord(model->facts(), format, model->context_tokens(), served);
  return std::make_unique<LocalBackendImpl>(std::move(model), std::move(format), std::move(made),
                                            settings, clock, random);
}

}  // namespace millrace::local
