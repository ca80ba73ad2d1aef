#include "local/model_facts.h"

#include <algorithm>
#include <string_view>

namespace millrace::local {

base::Result<ChatFormat> ReadChatFormat(const gguf::File& file) {
  std::string_view source = TRY(file.StringOr("tokenizer.chat_template", ""));
  if (source.empty()) {
    source = chat_template::ChatMlSource();
  }
  auto compiled = chat_template::Template::Compile(source);
  if (!compiled.has_value()) {
    base::Error error = std::move(compiled).error();
    error.message = "tokenizer.chat_template: " + error.message;
    return error;
  }
  ChatFormat format{.chat_template = *std::move(compiled),
                    .syntax = &output_parser::DetectSyntax(source),
                    .thinking = chat::ThinkingClass::kNever,
                    .thinking_default_on = false};
  if (format.chat_template->has_thinking_switch()) {
    format.thinking = chat::ThinkingClass::kHybrid;
    // Templates whose switch is named `thinking` take it as off when nothing is said.
    format.thinking_default_on = source.find("enable_thinking") != std::string_view::npos;
  } else if (!format.syntax->think_close.empty() &&
             source.find(format.syntax->think_close) != std::string_view::npos) {
    format.thinking = chat::ThinkingClass::kAlways;
  }
  return format;
}

base::Result<chat::ModelRecord> MakeRecord(const gguf::File& file, const std::string& name,
                                           const ChatFormat& format, const engine::Engine& engine,
                                           const LocalBackendOptions& options) {
  chat::ModelRecord record;
  record.id = options.id;
  if (record.id.empty()) {
    record.id = TRY(file.StringOr("general.name", ""));
  }
  if (record.id.empty()) {
    record.id = name;
  }
  record.aliases = options.aliases;
  record.owned_by = TRY(file.StringOr("general.organization", ""));
  record.context_tokens = engine.context_tokens();
  record.prompt_tokens_max = record.context_tokens;
  record.output_tokens_max =
      std::min(options.output_tokens_max.value_or(record.output_tokens_max), record.context_tokens);
  record.reasoning_tokens_max = options.reasoning_tokens_max.value_or(record.reasoning_tokens_max);
  record.thinking = format.thinking;
  record.thinking_default_on = format.thinking == chat::ThinkingClass::kHybrid &&
                               options.thinking_default.value_or(format.thinking_default_on);
  record.tools = format.chat_template->has_tools();
  record.prefix = true;
  record.n_max = options.n_max.value_or(record.n_max);
  record.vocabulary_size = engine.model_info().vocabulary_size;
  record.sampling = options.sampling.value_or(record.sampling);
  return record;
}

}  // namespace millrace::local
