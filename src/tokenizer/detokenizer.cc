#include "tokenizer/detokenizer.h"

#include <utility>

#include "base/utf8.h"

namespace millrace::tokenizer {

Detokenizer::Detokenizer(std::shared_ptr<const Tokenizer> tokenizer, ControlText control_text)
    : tokenizer_(std::move(tokenizer)), control_text_(control_text) {}

std::string Detokenizer::Add(base::TokenId id) {
  if (control_text_ == ControlText::kHidden && tokenizer_->IsControl(id)) {
    return {};
  }
  pending_ += tokenizer_->Bytes(id);
  const size_t incomplete = base::IncompleteUtf8Suffix(pending_);
  const size_t complete = pending_.size() - incomplete;
  std::string text = base::SanitizeUtf8(std::string_view(pending_).substr(0, complete));
  pending_.erase(0, complete);
  return text;
}

void Detokenizer::Finish() { pending_.clear(); }

}  // namespace millrace::tokenizer
