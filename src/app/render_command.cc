#include <fmt/format.h>

#include <fstream>
#include <istream>
#include <iterator>
#include <ostream>
#include <utility>
#include <vector>

#include "api/chat_request_parser.h"
#include "api/error_table.h"
#include "app/commands.h"
#include "app/format_commands.h"
#include "base/clock.h"
#include "gguf/reader.h"
#include "json/json.h"
#include "local/history.h"
#include "local/model_facts.h"
#include "local/prompt_encoder.h"
#include "local/reasoning.h"

namespace millrace::app {
namespace {

constexpr int32_t kContextTokens = 1 << 24;

// Takes every request the prompt format can express, and answers none.
class FormatBackend final : public chat::ChatBackend {
 public:
  explicit FormatBackend(const local::ChatFormat& format) {
    record_.id = "render";
    record_.context_tokens = kContextTokens;
    record_.prompt_tokens_max = kContextTokens;
    record_.output_tokens_max = kContextTokens;
    record_.reasoning_tokens_max = kContextTokens;
    record_.thinking = format.thinking;
    record_.thinking_default_on = format.thinking_default_on;
    record_.effort = format.chat_template->has_effort();
    record_.tools = format.chat_template->has_tools();
    record_.constrained_tools = record_.tools;
    record_.json_mode = true;
    record_.prefix = true;
  }

  const chat::ModelRecord& record() const override { return record_; }
  base::Result<std::unique_ptr<chat::PreparedChat>> Prepare(chat::ChatRequest,
                                                            const std::function<bool()>&) override {
    return base::Unsupported("nothing is computed here");
  }

 private:
  chat::ModelRecord record_;
};

class OneBackend final : public api::BackendResolver {
 public:
  explicit OneBackend(const local::ChatFormat& format)
      : backend_(std::make_shared<FormatBackend>(format)) {}
  std::shared_ptr<chat::ChatBackend> Resolve(std::string_view) const override { return backend_; }
  std::vector<std::shared_ptr<chat::ChatBackend>> All() const override { return {backend_}; }

 private:
  std::shared_ptr<chat::ChatBackend> backend_;
};

// Where prompts come from.
struct Source {
  local::ChatFormat format;
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer;  // of a GGUF file
};

bool IsGguf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char magic[4] = {};
  return file.read(magic, sizeof(magic)) && std::string_view(magic, 4) == "GGUF";
}

base::Result<Source> Open(const RenderOptions& options) {
  if (IsGguf(options.source)) {
    const auto file = TRY(gguf::File::Open(options.source));
    return Source{.format = TRY(local::ReadChatFormat(*file, {.prompt = options.prompt})),
                  .tokenizer = TRY(tokenizer::Tokenizer::FromGguf(*file))};
  }
  std::ifstream file(options.source, std::ios::binary);
  if (!file) {
    if (const chat_template::Encoder* encoder = chat_template::FindEncoder(options.source)) {
      return Source{.format = local::FormatOfEncoder(*encoder), .tokenizer = nullptr};
    }
    return base::InvalidArgument("neither a file nor the name of a prompt encoder");
  }
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return Source{.format = TRY(local::FormatOfTemplate(text)), .tokenizer = nullptr};
}

// The body with a model's name, which only a server needs.
std::string WithModel(std::string body) {
  const base::Result<boost::json::value> value = json::Parse(body);
  const bool lacks_model =
      value.has_value() && value->is_object() && !value->get_object().contains("model");
  if (lacks_model) {
    const bool empty = value->get_object().empty();
    body.insert(body.find('{') + 1, empty ? "\"model\":\"render\"" : "\"model\":\"render\",");
  }
  return body;
}

base::Result<chat::ChatRequest> ReadRequest(std::string body, const local::ChatFormat& format) {
  const OneBackend backends(format);
  api::ApiOptions options;
  options.inapplicable_thinking = api::InapplicableThinking::kIgnore;
  auto parsed = api::ParseChatRequest(WithModel(std::move(body)), {}, backends, options);
  if (!parsed.has_value()) {
    return base::InvalidArgument(std::string(api::MessageOf(parsed.error())));
  }
  return std::move(parsed->request);
}

std::string TokenText(const Source& source, std::optional<base::TokenId> token) {
  return token ? std::string(source.tokenizer->Bytes(*token)) : std::string();
}

chat_template::RenderInput InputOf(const RenderOptions& options, const Source& source,
                                   chat::ChatRequest& request) {
  chat_template::RenderInput input;
  const local::ChatFormat& format = source.format;
  const auto old = local::OldReasoningOf(*format.chat_template, !request.tools.empty());
  input.messages = options.as_given
                       ? std::move(request.messages)
                       : local::ForgetReasoning(std::move(request.messages), *format.syntax, old);
  input.tools = std::move(request.tools);
  input.enable_thinking = request.enable_thinking;
  input.reasoning_effort = request.effort;
  if (source.tokenizer != nullptr) {
    input.bos_token = TokenText(source, source.tokenizer->bos());
    input.eos_token = TokenText(source, source.tokenizer->eos());
  }
  input.bos_token = options.bos_token.value_or(input.bos_token);
  input.eos_token = options.eos_token.value_or(input.eos_token);
  input.unix_seconds = options.unix_seconds.value_or(base::SystemClock().UnixMillis() / 1000);
  return input;
}

base::Result<std::vector<chat_template::PromptPiece>> Render(const RenderOptions& options,
                                                             const Source& source,
                                                             std::string body) {
  chat::ChatRequest request = TRY(ReadRequest(std::move(body), source.format));
  chat_template::RenderInput input = InputOf(options, source, request);
  const chat_template::Template& chat_template = *source.format.chat_template;
  auto rendered = options.as_given ? chat_template.Render(input)
                                   : local::RenderAdapting(chat_template, std::move(input));
  if (!rendered.has_value() || !request.answer_prefix) {
    return rendered;
  }
  if (local::EndsInsideReasoning(*rendered, *source.format.syntax)) {
    rendered->push_back({.text = std::string(source.format.syntax->forced_close)});
  }
  rendered->push_back({.text = *std::move(request.answer_prefix), .from_template = false});
  return rendered;
}

void PrintTokens(const Source& source, const std::vector<chat_template::PromptPiece>& pieces,
                 std::ostream& out) {
  std::string line;
  for (const base::TokenId id : local::PromptEncoder(source.tokenizer).Encode(pieces)) {
    line += fmt::format("{}{}:", line.empty() ? "" : " ", base::ToIndex(id));
    json::AppendQuoted(source.tokenizer->Bytes(id), line);
  }
  out << line << '\n';
}

}  // namespace

int RunRender(const RenderOptions& options, std::istream& in, std::ostream& out,
              std::ostream& err) {
  const base::Result<Source> source = Open(options);
  if (!source.has_value()) {
    const std::string& message = source.error().message;
    err << (message.starts_with(options.source) ? "" : options.source + ": ") << message << '\n';
    return kExitFailed;
  }
  if (options.tokens && source->tokenizer == nullptr) {
    err << "--tokens needs a GGUF file with a vocabulary\n";
    return kExitUsage;
  }
  if (!source->format.warning.empty()) {
    err << "warning: " << source->format.warning << '\n';
  }
  const auto pieces = Render(
      options, *source, {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()});
  if (!pieces.has_value()) {
    err << pieces.error().message << '\n';
    return kExitFailed;
  }
  if (options.tokens) {
    PrintTokens(*source, *pieces, out);
    return kExitOk;
  }
  for (const chat_template::PromptPiece& piece : *pieces) {
    out << piece.text;
  }
  out.flush();
  return kExitOk;
}

}  // namespace millrace::app
