#include "local/grammar_constraint.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "grammar/grammar_program.h"
#include "local/grammar_vocabulary.h"
#include "output_parser/syntax.h"
#include "tokenizer/testing/vocabularies.h"

namespace millrace::local {
namespace {

// Requests are submitted on the thread that serves every connection.
TEST(GrammarConstraint, IsMadeWhileTheGrammarIsBusy) {
  const auto tokenizer =
      tokenizer::Tokenizer::Create(tokenizer::testing::MakeTinyVocabulary()).value();
  const auto vocabulary =
      MakeGrammarVocabulary(*tokenizer, static_cast<size_t>(tokenizer->size())).value();
  const auto grammar = grammar::Grammar::JsonObject();
  auto question = std::make_unique<grammar::ProgramLock>(grammar->program());
  // Would wait for ever if it asked anything itself.
  GrammarConstraint constraint(grammar, vocabulary, tokenizer,
                               MarkWriter(*output_parser::FindSyntax("hermes"), *tokenizer));
  question.reset();
  std::vector<uint32_t> mask(vocabulary->mask_words());
  constraint.FillMask(mask);
  std::vector<base::TokenId> brace;
  tokenizer->Encode("{", tokenizer::SpecialTokens::kPlainText, brace);
  const auto index = static_cast<size_t>(base::ToIndex(brace.at(0)));
  EXPECT_EQ(mask[index / 32] >> (index % 32) & 1U, 1U);
}

}  // namespace
}  // namespace millrace::local
