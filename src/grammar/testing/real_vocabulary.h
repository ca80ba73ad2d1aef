// Vocabularies for tests: real ones where they are at hand, and one of our own.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/vocabulary.h"

namespace millrace::grammar::testing {

// The 151,643 tokens of Qwen2 from `folder`/vocab/qwen2.vocab.json, and one end token behind them;
// nullptr when the file is missing.
std::shared_ptr<const Vocabulary> Qwen2Vocabulary(const std::string& folder);

// All single bytes, and some hundred longer tokens that JSON texts are made of, cut at odd places.
std::shared_ptr<const Vocabulary> SmallVocabulary();

// Splits text into tokens of the vocabulary, the longest first.
std::vector<base::TokenId> Tokenize(const Vocabulary& vocabulary, std::string_view text);

}  // namespace millrace::grammar::testing
