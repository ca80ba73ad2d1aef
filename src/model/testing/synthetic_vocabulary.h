// A made-up byte-level BPE vocabulary with the special tokens of Qwen3.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::model::testing {

struct SyntheticVocabulary {
  std::vector<std::string> tokens;
  std::vector<int32_t> types;  // numbers of tokenizer.ggml.token_type
  std::vector<std::string> merges;
  int32_t end_of_text = 0;
  int32_t end_of_turn = 0;
};

// The 256 bytes, words of lower-case letters with and without a leading space, special tokens,
// padding. A vocabulary of 151,936 has the special tokens where Qwen3 has them. `size` is at least
// 272.
SyntheticVocabulary MakeVocabulary(int32_t size);

// ChatML with thinking and tools, in the way of Qwen3.
std::string_view SyntheticChatTemplate();

}  // namespace millrace::model::testing
