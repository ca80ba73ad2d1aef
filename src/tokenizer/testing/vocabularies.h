// Vocabularies and reference texts for tests.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gguf/writer.h"
#include "tokenizer/tokenizer.h"

namespace millrace::tokenizer::testing {

// A complete vocabulary made small: the 256 bytes as ids 0 to 255, a few merged words of English
// ("the", "Hello", " world"), and from `first_special` on: control tokens <|endoftext|> (eos),
// <|im_start|>, <|im_end|> (eot), user-defined tokens <think>, </think>, <tool_call>, </tool_call>.
// The split is "qwen2" unless changed.
VocabularyData MakeTinyVocabulary();

// MakeTinyVocabulary as a tokenizer.
std::shared_ptr<const Tokenizer> MakeTinyTokenizer();

// Sets the `tokenizer.ggml.*` keys of `data`.
void SetVocabulary(const VocabularyData& data, gguf::Writer& writer);

// The vocabulary of Qwen2 from `folder` (qwen2.vocab.json and qwen2.merges.txt) with its three
// control tokens from 151643 on; nullopt when the files are not there.
std::optional<VocabularyData> ReadQwen2Vocabulary(const std::string& folder);

// A text and the ids that the reference gives it.
struct ReferenceCase {
  std::string text;
  std::vector<base::TokenId> ids;
};

// Reads PATH.inp (texts, each followed by a line __ggml_vocab_test__) and PATH.out (a line of ids
// for each). Empty when they are not there.
std::vector<ReferenceCase> ReadReferenceCases(const std::string& path);

// The whole file; nullopt when it cannot be read.
std::optional<std::string> ReadFile(const std::string& path);

}  // namespace millrace::tokenizer::testing
