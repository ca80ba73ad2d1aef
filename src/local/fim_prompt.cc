#include "local/fim_prompt.h"

#include <ranges>
#include <string>

namespace millrace::local {
namespace {

using tokenizer::SpecialTokens;

std::string LastUserText(const std::vector<chat::Message>& messages) {
  for (const chat::Message& message : messages | std::views::reverse) {
    if (message.role == chat::Role::kUser) {
      return message.content;
    }
  }
  return {};
}

}  // namespace

std::vector<base::TokenId> MakeFimPrompt(const tokenizer::Tokenizer& tokenizer,
                                         const chat::ChatRequest& request) {
  const tokenizer::FimTokens& marks = tokenizer.fim_tokens().value();
  std::string before = LastUserText(request.messages);
  if (!before.empty() && before.back() != '\n') {
    before += '\n';
  }
  before += request.answer_prefix.value();
  std::vector<base::TokenId> prompt;
  if (tokenizer.add_bos() && tokenizer.bos()) {
    prompt.push_back(*tokenizer.bos());
  }
  prompt.push_back(marks.prefix);
  tokenizer.Encode(before, SpecialTokens::kPlainText, prompt);
  prompt.push_back(marks.suffix);
  tokenizer.Encode(request.answer_suffix.value(), SpecialTokens::kPlainText, prompt);
  prompt.push_back(marks.middle);
  return prompt;
}

}  // namespace millrace::local
