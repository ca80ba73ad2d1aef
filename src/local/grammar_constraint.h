// One choice's way through a grammar, as the engine asks for it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/token_constraint.h"
#include "grammar/grammar.h"
#include "grammar/matcher.h"
#include "grammar/vocabulary.h"
#include "local/mark_writer.h"
#include "tokenizer/tokenizer.h"

namespace millrace::local {

// Throws std::runtime_error when the grammar allows nothing any more, which only an exhausted
// matcher does. Made at once, even while somebody else's question to the grammar is being answered.
class GrammarConstraint final : public engine::TokenConstraint {
 public:
  GrammarConstraint(std::shared_ptr<const grammar::Grammar> grammar,
                    std::shared_ptr<const grammar::Vocabulary> vocabulary,
                    std::shared_ptr<const tokenizer::Tokenizer> tokenizer, MarkWriter writer);

  void FillMask(std::span<uint32_t> mask) override;
  void Accept(base::TokenId token) override;
  std::vector<base::TokenId> TakeForced(size_t count_max) override;
  bool MustEnd() override;

 private:
  std::vector<base::TokenId> TakeForcedText(size_t count_max);
  bool TakeForcedMark(std::vector<base::TokenId>& tokens);
  // Made when first asked: that is a question to the grammar, too.
  grammar::Matcher& matcher();

  const std::shared_ptr<const grammar::Grammar> grammar_;
  const std::shared_ptr<const grammar::Vocabulary> vocabulary_;
  const std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;
  const MarkWriter writer_;
  std::optional<grammar::Matcher> matcher_;
  std::vector<uint32_t> scratch_;
};

}  // namespace millrace::local
