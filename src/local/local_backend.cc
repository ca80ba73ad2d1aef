#include "local/local_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "chat_template/template.h"
#include "gguf/reader.h"
#include "local/answer_reader.h"
#include "local/local_stream.h"
#include "local/prompt_encoder.h"
#include "model/model.h"
#include "output_parser/parser.h"
#include "tokenizer/tokenizer.h"

namespace millrace::local {
namespace {

using base::TokenId;
using chat_template::PromptPiece;
using tokenizer::SpecialTokens;

constexpr int64_t kMillisPerSecond = 1000;
constexpr std::string_view kWhiteSpace = " \t\r\n";

// Whether the prompt ends inside reasoning: the template's last words open it.
bool EndsInReasoning(std::span<const PromptPiece> pieces, std::string_view think_open) {
  if (pieces.empty() || !pieces.back().from_template) {
    return false;
  }
  std::string_view text = pieces.back().text;
  const size_t end = text.find_last_not_of(kWhiteSpace);
  return end != std::string_view::npos && text.substr(0, end + 1).ends_with(think_open);
}

chat::ThinkingClass ThinkingOf(const chat_template::Template& chat, std::string_view source,
                               const output_parser::Syntax& syntax) {
  if (chat.has_thinking_switch()) {
    return chat::ThinkingClass::kHybrid;
  }
  return source.find(syntax.think_open) != std::string_view::npos ? chat::ThinkingClass::kAlways
                                                                  : chat::ThinkingClass::kNever;
}

sampling::SamplerOptions SamplerOptionsOf(const chat::SamplingOptions& wanted) {
  sampling::SamplerOptions options;
  options.temperature = wanted.temperature;
  options.top_p = wanted.top_p;
  options.top_k = wanted.top_k;
  options.min_p = wanted.min_p;
  options.frequency_penalty = wanted.frequency_penalty;
  options.presence_penalty = wanted.presence_penalty;
  options.repetition_penalty = wanted.repetition_penalty;
  for (const auto& [index, bias] : wanted.logit_bias) {
    options.logit_bias.emplace_back(TokenId{index}, bias);
  }
  return options;
}

class LocalBackendImpl final : public LocalBackend {
 public:
  struct Parts {
    chat::ModelRecord record;
    std::shared_ptr<const tokenizer::Tokenizer> tokenizer;
    std::shared_ptr<const chat_template::Template> chat;
    const output_parser::Syntax* syntax = nullptr;
    std::unique_ptr<engine::Engine> engine;
    const base::Clock* clock = nullptr;
    base::RandomSource* random = nullptr;
  };

  explicit LocalBackendImpl(Parts parts)
      : parts_(std::move(parts)), encoder_(parts_.tokenizer), reasoning_(MakeReasoningSyntax()) {}

  const chat::ModelRecord& record() const override { return parts_.record; }
  engine::Engine& engine() override { return *parts_.engine; }

  base::Result<std::unique_ptr<chat::ChatStream>> Start(chat::ChatRequest request) override {
    const std::vector<PromptPiece> pieces = TRY(Render(request));
    engine::GenerationRequest generation;
    generation.prompt = encoder_.Encode(pieces);
    const auto prompt_count = static_cast<int32_t>(generation.prompt.size());
    TRY(CheckLength(generation.prompt.size()));

    const bool starts_inside = EndsInReasoning(pieces, parts_.syntax->think_open);
    const bool reasons = request.enable_thinking || starts_inside;
    if (reasons) {
      generation.reasoning = reasoning_;
      generation.reasoning->starts_inside = starts_inside;
      generation.reasoning_tokens_max = request.reasoning_tokens_max;
    }
    generation.choice_count = request.n;
    generation.sampling = SamplerOptionsOf(request.sampling);
    generation.seed = request.seed;
    generation.end_tokens.assign(parts_.tokenizer->end_tokens().begin(),
                                 parts_.tokenizer->end_tokens().end());
    generation.answer_tokens_max = request.answer_tokens_max;
    generation.completion_tokens_max = request.completion_tokens_max;
    generation.tenant = request.tenant;

    std::vector<AnswerReader> readers = MakeReaders(request, reasons, starts_inside);
    std::unique_ptr<engine::GenerationHandle> handle =
        TRY(parts_.engine->Submit(std::move(generation)));
    return std::unique_ptr<chat::ChatStream>(
        std::make_unique<LocalStream>(std::move(handle), std::move(readers), prompt_count));
  }

 private:
  base::Result<std::vector<PromptPiece>> Render(const chat::ChatRequest& request) const {
    chat_template::RenderInput input;
    input.messages = request.messages;
    input.tools = request.tools;
    input.enable_thinking = request.enable_thinking;
    input.unix_seconds = parts_.clock->UnixMillis() / kMillisPerSecond;
    if (const auto bos = parts_.tokenizer->bos()) {
      input.bos_token = parts_.tokenizer->Bytes(*bos);
    }
    if (const auto eos = parts_.tokenizer->eos()) {
      input.eos_token = parts_.tokenizer->Bytes(*eos);
    }
    return parts_.chat->Render(input);
  }

  base::Status CheckLength(size_t prompt_count) const {
    const auto limit = static_cast<size_t>(parts_.record.prompt_tokens_max);
    if (prompt_count < limit) {
      return {};
    }
    return base::Error{
        base::ErrorKind::kContextOverflow,
        fmt::format("number of input tokens ({}) has exceeded max_prompt_tokens ({}) limit. "
                    "This model's maximum context length is {} tokens.",
                    prompt_count, limit, parts_.record.context_tokens)};
  }

  std::vector<AnswerReader> MakeReaders(const chat::ChatRequest& request, bool reasons,
                                        bool starts_inside) const {
    AnswerReader::Options options;
    options.stop = request.stop;
    options.parser.reasoning_possible = reasons;
    options.parser.starts_in_reasoning = starts_inside;
    for (const chat::ToolSpec& tool : request.tools) {
      options.parser.tool_names.push_back(tool.name);
      options.parser.tool_parameters_json.push_back(tool.parameters_json);
    }
    if (!request.parallel_tool_calls) {
      options.parser.calls_max = 1;
    }
    std::vector<AnswerReader> readers;
    for (int32_t choice = 0; choice < request.n; ++choice) {
      options.choice = choice;
      readers.emplace_back(parts_.tokenizer, parts_.syntax, options, parts_.random);
    }
    return readers;
  }

  // The marks of reasoning as the vocabulary spells them, and every token that is white space.
  engine::ReasoningSyntax MakeReasoningSyntax() const {
    const auto encode = [this](std::string_view text) {
      std::vector<TokenId> ids;
      parts_.tokenizer->Encode(text, SpecialTokens::kAll, ids);
      return ids;
    };
    engine::ReasoningSyntax syntax;
    syntax.open = encode(parts_.syntax->think_open);
    syntax.close = encode(parts_.syntax->think_close);
    syntax.forced_close = encode(parts_.syntax->forced_close);
    for (int32_t index = 0; index < parts_.tokenizer->size(); ++index) {
      const std::string_view bytes = parts_.tokenizer->Bytes(TokenId{index});
      if (!bytes.empty() && bytes.find_first_not_of(kWhiteSpace) == std::string_view::npos) {
        syntax.blank.push_back(TokenId{index});
      }
    }
    return syntax;
  }

  const Parts parts_;
  const PromptEncoder encoder_;
  const engine::ReasoningSyntax reasoning_;
};

chat::ModelRecord RecordOf(const LocalBackendOptions& options, const engine::Engine& engine,
                           chat::ThinkingClass thinking, bool tools) {
  chat::ModelRecord record;
  record.id = options.id;
  record.aliases = options.aliases;
  record.context_tokens = engine.context_tokens();
  record.prompt_tokens_max = record.context_tokens;
  record.thinking = thinking;
  record.thinking_default_on =
      thinking != chat::ThinkingClass::kNever && options.thinking_default.value_or(true);
  record.tools = tools;
  record.vocabulary_size = engine.model_info().vocabulary_size;
  return record;
}

}  // namespace

base::Result<std::shared_ptr<LocalBackend>> LocalBackend::Open(const std::string& path,
                                                               LocalBackendOptions options,
                                                               const base::Clock* clock,
                                                               base::RandomSource* random,
                                                               metrics::Registry* metrics) {
  const auto in_file = [&path](base::Error error) {
    if (!error.message.starts_with(path)) {
      error.message = fmt::format("{}: {}", path, error.message);
    }
    return error;
  };
  const std::shared_ptr<const gguf::File> file = TRY(gguf::File::Open(path));
  auto model = model::Load(file);
  if (!model.has_value()) {
    return in_file(std::move(model).error());
  }
  auto tokenizer = tokenizer::Tokenizer::FromGguf(*file);
  if (!tokenizer.has_value()) {
    return in_file(std::move(tokenizer).error());
  }
  const auto source = file->StringOr("tokenizer.chat_template", chat_template::ChatMlSource());
  auto chat = source.has_value()
                  ? chat_template::Template::Compile(*source)
                  : base::Result<std::shared_ptr<const chat_template::Template>>(source.error());
  if (!chat.has_value()) {
    return in_file(std::move(chat).error());
  }
  const output_parser::Syntax& syntax = output_parser::DetectSyntax(*source);
  std::unique_ptr<engine::Engine> engine =
      TRY(engine::Engine::Create(*std::move(model), options.engine, clock, metrics));

  LocalBackendImpl::Parts parts;
  parts.record =
      RecordOf(options, *engine, ThinkingOf(**chat, *source, syntax), (*chat)->has_tools());
  parts.tokenizer = *std::move(tokenizer);
  parts.chat = *std::move(chat);
  parts.syntax = &syntax;
  parts.engine = std::move(engine);
  parts.clock = clock;
  parts.random = random;
  return std::shared_ptr<LocalBackend>(std::make_shared<LocalBackendImpl>(std::move(parts)));
}

}  // namespace millrace::local
