#include "local/reasoning.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::local {
namespace {

bool IsBlank(std::string_view bytes) {
  return !bytes.empty() && bytes.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::vector<base::TokenId> TokensOf(const tokenizer::Tokenizer& tokenizer, std::string_view text) {
  std::vector<base::TokenId> ids;
  tokenizer.Encode(text, tokenizer::SpecialTokens::kAll, ids);
  return ids;
}

}  // namespace

std::optional<engine::ReasoningSyntax> MakeReasoningSyntax(const tokenizer::Tokenizer& tokenizer,
                                                           const output_parser::Syntax& syntax) {
  if (syntax.think_open.empty() || syntax.think_close.empty()) {
    return std::nullopt;
  }
  engine::ReasoningSyntax reasoning;
  reasoning.open = TokensOf(tokenizer, syntax.think_open);
  reasoning.close = TokensOf(tokenizer, syntax.think_close);
  // A tag that opens the answer is left to the model: its answer may be held to a grammar, which
  // has that tag, too.
  const size_t end = syntax.answer_open.empty()
                         ? syntax.forced_close.size()
                         : syntax.forced_close.find(syntax.think_close) + syntax.think_close.size();
  reasoning.forced_close = TokensOf(tokenizer, syntax.forced_close.substr(0, end));
  for (int32_t index = 0; index < tokenizer.size(); ++index) {
    if (IsBlank(tokenizer.Bytes(base::TokenId{index}))) {
      reasoning.blank.push_back(base::TokenId{index});
    }
  }
  return reasoning;
}

bool EndsInsideReasoning(std::span<const chat_template::PromptPiece> pieces,
                         const output_parser::Syntax& syntax) {
  if (syntax.think_open.empty()) {
    return false;
  }
  for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
    if (!piece->from_template) {
      continue;
    }
    const size_t open = piece->text.rfind(syntax.think_open);
    const size_t close = piece->text.rfind(syntax.think_close);
    if (open != std::string::npos || close != std::string::npos) {
      return open != std::string::npos && (close == std::string::npos || open > close);
    }
  }
  return false;
}

}  // namespace millrace::local
