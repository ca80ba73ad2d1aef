#include "local/grammar_vocabulary.h"

#include <string_view>
#include <vector>

namespace millrace::local {

base::Result<std::shared_ptr<const grammar::Vocabulary>> MakeGrammarVocabulary(
    const tokenizer::Tokenizer& tokenizer, size_t logit_count) {
  std::vector<std::string_view> tokens;
  std::vector<base::TokenId> special;
  for (int32_t i = 0; i < tokenizer.size(); ++i) {
    const base::TokenId id{i};
    tokens.push_back(tokenizer.Bytes(id));
    if (tokenizer.IsControl(id) || tokenizer.IsUserDefined(id)) {
      special.push_back(id);
    }
  }
  return grammar::Vocabulary::Create({.tokens = tokens,
                                      .special = special,
                                      .end = tokenizer.end_tokens(),
                                      .logit_count = logit_count});
}

}  // namespace millrace::local
