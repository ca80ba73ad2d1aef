// Turns a rendered prompt into tokens.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/ids.h"
#include "chat_template/template.h"
#include "tokenizer/special_token_set.h"
#include "tokenizer/tokenizer.h"

namespace millrace::local {

// Special tokens are matched in what the template wrote and nowhere else, so no message can make
// one. Between two of them the text is encoded as one run, whoever wrote its parts: the words of a
// message split next to the template's words exactly as the model was trained on.
//
// Immutable and thread-safe.
class PromptEncoder {
 public:
  explicit PromptEncoder(std::shared_ptr<const tokenizer::Tokenizer> tokenizer);

  // The begin token comes first once, when the vocabulary wants it, whether or not the template
  // writes it.
  std::vector<base::TokenId> Encode(std::span<const chat_template::PromptPiece> pieces) const;

 private:
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;
  tokenizer::SpecialTokenSet special_;
};

}  // namespace millrace::local
