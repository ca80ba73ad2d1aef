#include "local/model_facts.h"

#include <filesystem>
#include <string_view>
#include <utility>

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

base::Result<ModelFacts> ReadModelFacts(const gguf::File& file) {
  model::ModelInfo info = TRY(model::ReadInfo(file));
  ModelFacts facts{.name = info.name,
                   .organization = std::string(TRY(file.StringOr("general.organization", ""))),
                   .tokenizer = TRY(tokenizer::Tokenizer::FromGguf(file)),
                   .format = TRY(ReadChatFormat(file)),
                   .info = std::move(info)};
  if (facts.name.empty()) {
    facts.name = std::filesystem::path(file.path()).stem().string();
  }
  return facts;
}

}  // namespace millrace::local
