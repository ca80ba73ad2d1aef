#include "local/grammar_constraint.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>
#include <utility>

namespace millrace::local {
namespace {

constexpr size_t kForcedBytesMax = 256;

}  // namespace

GrammarConstraint::GrammarConstraint(std::shared_ptr<const grammar::Grammar> grammar,
                                     std::shared_ptr<const grammar::Vocabulary> vocabulary,
                                     std::shared_ptr<const tokenizer::Tokenizer> tokenizer,
                                     MarkWriter writer)
    : grammar_(std::move(grammar)),
      vocabulary_(std::move(vocabulary)),
      tokenizer_(std::move(tokenizer)),
      writer_(std::move(writer)),
      scratch_(vocabulary_->mask_words()) {}

grammar::Matcher& GrammarConstraint::matcher() {
  return matcher_ ? *matcher_ : matcher_.emplace(grammar_, vocabulary_);
}

void GrammarConstraint::FillMask(std::span<uint32_t> mask) {
  if (matcher().FillMask(mask) == 0) {
    throw std::runtime_error("the grammar takes too much work or memory");
  }
}

void GrammarConstraint::Accept(base::TokenId token) {
  if (!matcher().Accept(token)) {
    throw std::runtime_error("the grammar does not allow the token");
  }
}

std::vector<base::TokenId> GrammarConstraint::TakeForced(size_t count_max) {
  std::vector<base::TokenId> tokens;
  while (tokens.size() < count_max) {
    const std::vector<base::TokenId> run = TakeForcedText(count_max - tokens.size());
    tokens.insert(tokens.end(), run.begin(), run.end());
    if (tokens.size() == count_max || !TakeForcedMark(tokens)) {
      break;
    }
  }
  return tokens;
}

// The tokens of the bytes that must come. The last one is left to the model unless the text ends
// there: with what follows it might be another token.
std::vector<base::TokenId> GrammarConstraint::TakeForcedText(size_t count_max) {
  const std::string bytes = matcher().ForcedBytes(kForcedBytesMax);
  std::vector<base::TokenId> tokens;
  if (bytes.empty()) {
    return tokens;
  }
  tokenizer_->Encode(bytes, tokenizer::SpecialTokens::kPlainText, tokens);
  const bool all = tokens.size() <= count_max;
  tokens.resize(std::min(tokens.size(), count_max));
  size_t taken = 0;
  while (taken < tokens.size() && matcher().Accept(tokens[taken])) {
    ++taken;
  }
  if (taken > 0 && all && taken == tokens.size()) {
    if (matcher().MayReadText() && matcher().Rollback(1)) {
      --taken;
    }
  }
  tokens.resize(taken);
  return tokens;
}

// A mark that is a token of its own is no text.
bool GrammarConstraint::TakeForcedMark(std::vector<base::TokenId>& tokens) {
  if (matcher().MayReadText() || matcher().is_complete() || matcher().FillMask(scratch_) != 1) {
    return false;
  }
  for (size_t word = 0; word < scratch_.size(); ++word) {
    if (scratch_[word] != 0) {
      const base::TokenId token{
          static_cast<int32_t>(word * 32 + static_cast<size_t>(std::countr_zero(scratch_[word])))};
      tokens.push_back(token);
      return matcher().Accept(token);
    }
  }
  return false;
}

bool GrammarConstraint::MustEnd() {
  return matcher().is_complete() &&
         matcher().FillMask(scratch_) == vocabulary_->end_tokens().size();
}

}  // namespace millrace::local
