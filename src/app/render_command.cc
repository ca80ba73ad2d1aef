#include <fmt/format.h>

#include <istream>
#include <ostream>
#include <utility>
#include <vector>

#include "api/chat_request_parser.h"
#include "api/error_table.h"
#include "app/commands.h"
#include "app/format_commands.h"
#include "app/render_source.h"
#include "app/text_file.h"
#include "base/clock.h"
#include "json/json.h"
#include "local/chat_prompt.h"
#include "local/fim_prompt.h"
#include "local/prompt_encoder.h"

namespace millrace::app {
namespace {

constexpr int64_t kMillisPerSecond = 1000;

// Takes every request the record can express, and answers none.
class FormatBackend final : public chat::ChatBackend {
 public:
  explicit FormatBackend(chat::ModelRecord record) : record_(std::move(record)) {
    record_.hidden = false;  // who renders may see it
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
  explicit OneBackend(chat::ModelRecord record)
      : backend_(std::make_shared<FormatBackend>(std::move(record))) {}
  std::shared_ptr<chat::ChatBackend> Resolve(std::string_view) const override { return backend_; }
  std::vector<std::shared_ptr<chat::ChatBackend>> All() const override { return {backend_}; }

 private:
  std::shared_ptr<chat::ChatBackend> backend_;
};

struct Rendered {
  std::string text;
  std::vector<base::TokenId> tokens;  // where there is a tokenizer
};

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

base::Result<chat::ChatRequest> ReadRequest(const RenderOptions& options,
                                            const RenderSource& source, std::string body) {
  const OneBackend backends(source.made.record);
  api::RequestOrigin origin;
  origin.user_agent = options.user_agent;
  auto parsed = api::ParseChatRequest(WithModel(std::move(body)), origin, backends, source.api);
  if (!parsed.has_value()) {
    return base::InvalidArgument(std::string(api::MessageOf(parsed.error())));
  }
  if (parsed->media.any()) {
    return base::Unsupported("prompts with media are not rendered");
  }
  return std::move(parsed->request);
}

std::string TokenText(const RenderSource& source, std::optional<base::TokenId> token) {
  return token ? std::string(source.tokenizer->Bytes(*token)) : std::string();
}

local::ChatPromptOptions PromptOptions(const RenderOptions& options, const RenderSource& source) {
  local::ChatPromptOptions prompt;
  if (source.tokenizer != nullptr) {
    prompt.bos_token = TokenText(source, source.tokenizer->bos());
    prompt.eos_token = TokenText(source, source.tokenizer->eos());
  }
  prompt.bos_token = options.bos_token.value_or(prompt.bos_token);
  prompt.eos_token = options.eos_token.value_or(prompt.eos_token);
  prompt.unix_seconds =
      options.unix_seconds.value_or(base::SystemClock().UnixMillis() / kMillisPerSecond);
  prompt.always_thinks = source.made.always_thinks;
  prompt.as_given = options.as_given;
  return prompt;
}

base::Result<Rendered> Render(const RenderOptions& options, const RenderSource& source,
                              std::string body) {
  const chat::ChatRequest request = TRY(ReadRequest(options, source, std::move(body)));
  Rendered rendered;
  if (request.answer_suffix) {
    rendered.tokens = local::MakeFimPrompt(*source.tokenizer, request);
    for (const base::TokenId token : rendered.tokens) {
      rendered.text += source.tokenizer->Bytes(token);
    }
    return rendered;
  }
  const local::ChatPrompt prompt =
      TRY(local::MakeChatPrompt(source.format, request, PromptOptions(options, source)));
  for (const chat_template::PromptPiece& piece : prompt.pieces) {
    rendered.text += piece.text;
  }
  if (options.tokens) {
    rendered.tokens = local::PromptEncoder(source.tokenizer).Encode(prompt.pieces);
  }
  return rendered;
}

void PrintTokens(const RenderSource& source, const std::vector<base::TokenId>& tokens,
                 std::ostream& out) {
  std::string line;
  for (const base::TokenId id : tokens) {
    line += fmt::format("{}{}:", line.empty() ? "" : " ", base::ToIndex(id));
    json::AppendQuoted(source.tokenizer->Bytes(id), line);
  }
  out << line << '\n';
}

}  // namespace

int RunRender(const RenderOptions& options, std::istream& in, std::ostream& out,
              std::ostream& err) {
  const base::Result<RenderSource> source = OpenRenderSource(options);
  if (!source.has_value()) {
    err << source.error().message << '\n';
    return kExitFailed;
  }
  if (options.tokens && source->tokenizer == nullptr) {
    err << "--tokens needs a GGUF file with a vocabulary\n";
    return kExitUsage;
  }
  for (const local::RecordConflict& conflict : source->made.conflicts) {
    err << "warning: " << conflict.key << ": " << conflict.problem << '\n';
  }
  base::Result<std::string> body = ReadInput(in);
  if (!body.has_value()) {
    err << body.error().message << '\n';
    return kExitFailed;
  }
  const base::Result<Rendered> rendered = Render(options, *source, *std::move(body));
  if (!rendered.has_value()) {
    err << rendered.error().message << '\n';
    return kExitFailed;
  }
  if (options.tokens) {
    PrintTokens(*source, rendered->tokens, out);
    return kExitOk;
  }
  out << rendered->text;
  out.flush();
  return kExitOk;
}

}  // namespace millrace::app
