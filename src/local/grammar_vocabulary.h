// A tokenizer's vocabulary as grammars see it.
#pragma once

#include <cstddef>
#include <memory>

#include "base/result.h"
#include "grammar/vocabulary.h"
#include "tokenizer/tokenizer.h"

namespace millrace::local {

// Control and user-defined tokens are kept out of texts; marks of calls come in by MarkWriter.
// `logit_count`: rows of the model's output head, 0 = as many as tokens. Errors: as
// Vocabulary::Create.
base::Result<std::shared_ptr<const grammar::Vocabulary>> MakeGrammarVocabulary(
    const tokenizer::Tokenizer& tokenizer, size_t logit_count);

}  // namespace millrace::local
