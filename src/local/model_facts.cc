#include "local/model_facts.h"

#include <filesystem>
#include <string_view>
#include <utility>

namespace millrace::local {

ChatFormat FormatOfEncoder(const chat_template::Encoder& encoder) {
  ChatFormat format{.chat_template = encoder.make(),
                    .syntax = output_parser::FindSyntax(encoder.syntax),
                    .thinking = chat::ThinkingClass::kHybrid,
                    .thinking_default_on = false};
  format.thinking_default_on = format.chat_template->thinks_by_default();
  return format;
}

base::Result<ChatFormat> FormatOfTemplate(std::string_view source) {
  ChatFormat format{.chat_template = TRY(chat_template::Template::Compile(source)),
                    .syntax = &output_parser::DetectSyntax(source),
                    .thinking = chat::ThinkingClass::kNever,
                    .thinking_default_on = false};
  if (format.chat_template->has_thinking_switch()) {
    format.thinking = chat::ThinkingClass::kHybrid;
    format.thinking_default_on = format.chat_template->thinks_by_default();
  } else if (!format.syntax->think_close.empty() &&
             source.find(format.syntax->think_close) != std::string_view::npos) {
    format.thinking = chat::ThinkingClass::kAlways;
  }
  return format;
}

namespace {

// `named` is the syntax that was chosen for the model, if any.
base::Result<ChatFormat> FormatOfFileTemplate(std::string_view source, std::string_view named) {
  base::Result<ChatFormat> format = FormatOfTemplate(source);
  if (!format.has_value()) {
    base::Error error = std::move(format).error();
    error.message = "tokenizer.chat_template: " + error.message;
    return error;
  }
  const output_parser::Syntax& syntax = *format->syntax;
  if (named.empty() && format->chat_template->has_tools() &&
      source.find(syntax.call_open) == std::string_view::npos) {
    format->warning =
        "the chat template offers tools and shows calls of no known form: answers "
        "are read as " +
        std::string(syntax.name) + ", unless syntax names another";
  }
  return format;
}

base::Result<ChatFormat> FormatOfPrompt(const gguf::File& file, const ChatFormatChoice& choice) {
  const std::string_view prompt = choice.prompt;
  const std::string_view source = TRY(file.StringOr("tokenizer.chat_template", ""));
  const std::string_view architecture = TRY(file.StringOr("general.architecture", ""));
  const std::string_view name = TRY(file.StringOr("general.name", ""));
  if (prompt == "chatml") {
    return FormatOfTemplate(chat_template::ChatMlSource());
  }
  if (prompt == "template" && source.empty()) {
    return base::InvalidArgument("prompt: the file has no chat template");
  }
  const chat_template::Encoder* encoder = nullptr;
  if (prompt.empty()) {
    encoder = chat_template::EncoderOf(architecture, name, source);
  } else if (prompt != "template") {
    encoder = chat_template::FindEncoder(prompt);
    if (encoder == nullptr) {
      return base::InvalidArgument("prompt: no prompt format is named " + std::string(prompt));
    }
  }
  if (encoder != nullptr) {
    return FormatOfEncoder(*encoder);
  }
  if (!source.empty()) {
    ChatFormat format = TRY(FormatOfFileTemplate(source, choice.syntax));
    if (prompt.empty() && !format.chat_template->has_tools()) {
      encoder = chat_template::EncoderWithTools(format.syntax->name);
    }
    return encoder != nullptr ? FormatOfEncoder(*encoder) : std::move(format);
  }
  ChatFormat format = TRY(FormatOfTemplate(chat_template::ChatMlSource()));
  format.warning = "the file has no chat template, and none is known for its architecture \"" +
                   std::string(architecture) +
                   "\": prompts are written as ChatML, which the model may not understand; tools "
                   "are not offered";
  return format;
}

}  // namespace

base::Result<ChatFormat> ReadChatFormat(const gguf::File& file, const ChatFormatChoice& choice) {
  ChatFormat format = TRY(FormatOfPrompt(file, choice));
  if (!choice.syntax.empty()) {
    format.syntax = output_parser::FindSyntax(choice.syntax);
    if (format.syntax == nullptr) {
      return base::InvalidArgument("syntax: no answer syntax is named " + choice.syntax);
    }
  }
  return format;
}

base::Result<ModelFacts> ReadModelFacts(const gguf::File& file) {
  model::ModelInfo info = TRY(model::ReadInfo(file));
  const std::string_view organization = TRY(file.StringOr("general.organization", ""));
  auto tokenizer = TRY(tokenizer::Tokenizer::FromGguf(file));
  ModelFacts facts{.name = info.name,
                   .organization = std::string(organization),
                   .tokenizer = std::move(tokenizer),
                   .info = std::move(info)};
  if (facts.name.empty()) {
    facts.name = std::filesystem::path(file.path()).stem().string();
  }
  return facts;
}

}  // namespace millrace::local
