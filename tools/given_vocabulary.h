// The vocabulary of another model, for files with random weights.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/testing/vocabularies.h"
#include "tokenizer/tokenizer.h"

namespace millrace::tools {

struct VocabularyOptions {
  // A token that the family has: an entry of that text gets the type, or is appended.
  struct Token {
    std::string text;
    int32_t type = 0;  // as VocabularyData::types
  };

  std::string path;  // NAME.gguf, or qwen2.vocab.json with qwen2.merges.txt beside it
  std::vector<Token> tokens = {};
  std::string pre = {};  // name of the way texts are split; empty: as the file has it
  std::string bos = {}, eos = {}, eot = {};  // texts; empty: as the file has it

  // False when this is none of its options: --vocabulary, --pre, --special, --mark, --bos, --eos,
  // --eot.
  bool Take(std::string_view option, const std::string& value);
};

struct GivenVocabulary {
  tokenizer::VocabularyData data = {};
  std::map<std::string, int32_t> named = {};  // ids of the tokens that the options name
};

// Errors: kNotFound for a file that is not there, kInvalidArgument for --bos and the like without a
// token of that text, and what the reader of GGUF files says.
base::Result<GivenVocabulary> MakeGivenVocabulary(const VocabularyOptions& options);

}  // namespace millrace::tools
