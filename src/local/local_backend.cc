#include "local/local_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <variant>

#include "local/history.h"
#include "local/local_stream.h"
#include "local/model_facts.h"
#include "local/prompt_encoder.h"
#include "local/reasoning.h"
#include "model/model.h"
#include "tokenizer/tokenizer.h"

namespace millrace::local {
namespace {

constexpr int64_t kMillisPerSecond = 1000;
constexpr int32_t kCallsMax = 128;  // a history may hold no more

using chat_template::PromptPiece;

struct Prompt {
  std::vector<base::TokenId> tokens;
  bool ends_inside_reasoning = false;
};

std::string TextOf(const tokenizer::Tokenizer& tokenizer, std::optional<base::TokenId> id) {
  return id ? std::string(tokenizer.Bytes(*id)) : std::string();
}

// The parts of a backend, in the order they are made.
struct Parts {
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer;
  ChatFormat format;
  std::unique_ptr<engine::Engine> engine;
  chat::ModelRecord record;
};

// A prompt that is known to fit, and how its answer will be read.
class LocalPrepared final : public chat::PreparedChat {
 public:
  // `engine` and `random` are borrowed.
  LocalPrepared(LocalStreamOptions options, engine::GenerationRequest generation,
                engine::Engine* engine, base::RandomSource* random)
      : options_(std::move(options)),
        generation_(std::move(generation)),
        engine_(engine),
        random_(random) {}

  int64_t prompt_tokens() const override { return options_.prompt_tokens; }

  base::Result<std::unique_ptr<chat::ChatStream>> Start() override {
    std::unique_ptr<engine::GenerationHandle> handle = TRY(engine_->Submit(std::move(generation_)));
    return std::unique_ptr<chat::ChatStream>(
        std::make_unique<LocalStream>(std::move(options_), std::move(handle), random_));
  }

 private:
  LocalStreamOptions options_;
  engine::GenerationRequest generation_;
  engine::Engine* engine_;
  base::RandomSource* random_;
};

class LocalBackendImpl final : public LocalBackend {
 public:
  LocalBackendImpl(Parts parts, const base::Clock* clock, base::RandomSource* random)
      : tokenizer_(std::move(parts.tokenizer)),
        format_(std::move(parts.format)),
        record_(std::move(parts.record)),
        clock_(clock),
        random_(random),
        encoder_(tokenizer_),
        reasoning_(record_.thinking == chat::ThinkingClass::kNever
                       ? std::nullopt
                       : MakeReasoningSyntax(*tokenizer_, *format_.syntax)),
        engine_(std::move(parts.engine)) {}

  const chat::ModelRecord& record() const override { return record_; }
  engine::EngineStats stats() const override { return engine_->stats(); }
  void FailRunning(base::Error error) override { engine_->FailAll(std::move(error)); }

  base::Result<std::unique_ptr<chat::PreparedChat>> Prepare(chat::ChatRequest request) override;

 private:
  base::Status CheckSupported(const chat::ChatRequest& request) const;
  base::Result<std::vector<PromptPiece>> Render(const chat::ChatRequest& request) const;
  base::Result<Prompt> MakePrompt(const chat::ChatRequest& request) const;
  engine::GenerationRequest MakeGeneration(const chat::ChatRequest& request, Prompt prompt) const;
  AnswerSyntax MakeAnswerSyntax(const chat::ChatRequest& request, bool starts_in_reasoning) const;

  const std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;
  const ChatFormat format_;
  const chat::ModelRecord record_;
  const base::Clock* clock_;
  base::RandomSource* random_;
  const PromptEncoder encoder_;
  const std::optional<engine::ReasoningSyntax> reasoning_;
  const std::unique_ptr<engine::Engine> engine_;
};

base::Result<std::unique_ptr<chat::PreparedChat>> LocalBackendImpl::Prepare(
    chat::ChatRequest request) {
  TRY(CheckSupported(request));
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
  return std::unique_ptr<chat::PreparedChat>(std::make_unique<LocalPrepared>(
      std::move(options), MakeGeneration(request, std::move(prompt)), engine_.get(), random_));
}

// The record says so already; a caller that did not look is refused rather than misunderstood.
base::Status LocalBackendImpl::CheckSupported(const chat::ChatRequest& request) const {
  if (!std::holds_alternative<chat::TextFormat>(request.response_format)) {
    return base::Unsupported("response_format: this model cannot be held to a format");
  }
  if (std::holds_alternative<chat::ToolChoiceRequired>(request.tool_choice) ||
      std::holds_alternative<chat::ToolChoiceNamed>(request.tool_choice)) {
    return base::Unsupported("tool_choice: this model cannot be forced to call a tool");
  }
  return {};
}

base::Result<std::vector<PromptPiece>> LocalBackendImpl::Render(
    const chat::ChatRequest& request) const {
  chat_template::RenderInput input;
  input.messages = ForgetReasoning(request.messages, *format_.syntax);
  input.tools = request.tools;
  input.enable_thinking = request.enable_thinking;
  input.bos_token = TextOf(*tokenizer_, tokenizer_->bos());
  input.eos_token = TextOf(*tokenizer_, tokenizer_->eos());
  input.unix_seconds = clock_->UnixMillis() / kMillisPerSecond;
  auto rendered = format_.chat_template->Render(input);
  if (rendered.has_value()) {
    return *std::move(rendered);
  }
  input.messages = Alternate(std::move(input.messages));
  auto adapted = format_.chat_template->Render(input);
  if (adapted.has_value()) {
    return *std::move(adapted);
  }
  return base::InvalidArgument(
      "messages: the chat template of this model refused them: " + rendered.error().message,
      "messages");
}

base::Result<Prompt> LocalBackendImpl::MakePrompt(const chat::ChatRequest& request) const {
  std::vector<PromptPiece> pieces = TRY(Render(request));
  bool inside = EndsInsideReasoning(pieces, *format_.syntax);
  if (request.answer_prefix) {
    if (inside) {
      pieces.push_back({.text = std::string(format_.syntax->forced_close)});
      inside = false;
    }
    pieces.push_back({.text = *request.answer_prefix, .from_template = false});
  }
  Prompt prompt{.tokens = encoder_.Encode(pieces), .ends_inside_reasoning = inside};
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
                         .logit_bias = {}};
  for (const auto& [token, bias] : sampling.logit_bias) {
    generation.sampling.logit_bias.emplace_back(base::TokenId{token}, bias);
  }
  generation.seed = request.seed;
  generation.end_tokens.assign(tokenizer_->end_tokens().begin(), tokenizer_->end_tokens().end());
  generation.answer_tokens_max = request.answer_tokens_max;
  generation.completion_tokens_max = request.completion_tokens_max;
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
                 .calls_max = request.parallel_tool_calls ? kCallsMax : 1},
      .stops = request.stop};
  for (const chat::ToolSpec& tool : request.tools) {
    answer.parser.tool_names.push_back(tool.name);
    answer.parser.tool_parameters_json.push_back(tool.parameters_json);
  }
  return answer;
}

}  // namespace

base::Result<std::unique_ptr<LocalBackend>> LocalBackend::Create(
    std::shared_ptr<const gguf::File> file, const std::string& name, LocalBackendOptions options,
    const base::Clock* clock, base::RandomSource* random, metrics::Registry* metrics) {
  auto tokenizer = TRY(tokenizer::Tokenizer::FromGguf(*file));
  ChatFormat format = TRY(ReadChatFormat(*file));
  std::unique_ptr<model::Model> model = TRY(model::Load(file));
  auto engine = TRY(engine::Engine::Create(std::move(model), options.engine, clock, metrics));
  chat::ModelRecord record = TRY(MakeRecord(*file, name, format, *engine, options));
  return std::unique_ptr<LocalBackend>(
      std::make_unique<LocalBackendImpl>(Parts{.tokenizer = std::move(tokenizer),
                                               .format = std::move(format),
                                               .engine = std::move(engine),
                                               .record = std::move(record)},
                                         clock, random));
}

base::Result<std::unique_ptr<LocalBackend>> LocalBackend::Open(const std::string& path,
                                                               LocalBackendOptions options,
                                                               const base::Clock* clock,
                                                               base::RandomSource* random,
                                                               metrics::Registry* metrics) {
  auto file = TRY(gguf::File::Open(path));
  const std::string name = std::filesystem::path(path).stem().string();
  return Create(std::move(file), name, std::move(options), clock, random, metrics);
}

}  // namespace millrace::local
