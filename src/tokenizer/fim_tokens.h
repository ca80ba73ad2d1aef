// Finds the tokens of a vocabulary that mark a gap to fill.
#pragma once

#include <optional>

#include "tokenizer/tokenizer.h"
#include "tokenizer/vocabulary.h"

namespace millrace::tokenizer {

// What `data` names comes first; what it leaves out is looked for among the special tokens by the
// names that published vocabularies use. Nothing unless all three marks are there.
std::optional<FimTokens> FindFimTokens(const Vocabulary& vocabulary, const VocabularyData& data);

}  // namespace millrace::tokenizer
