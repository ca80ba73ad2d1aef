// A vocabulary as constrained decoding sees it: the bytes of every token, sorted into a tree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "grammar/byte_tree.h"
#include "grammar/string_tokens.h"

namespace millrace::grammar {

// Immutable after Create; shared by every grammar and matcher, from any thread.
//
// Cost: Create sorts the tokens (about 0.1 s for 150,000); 8 to 12 bytes a tree node and two nodes
// a token.
class Vocabulary {
 public:
  static constexpr size_t kTokensMax = 1U << 20;
  static constexpr size_t kTokenBytesMax = 250;  // a longer token is never allowed

  struct Options {
    // Bytes of token i; an empty one (unused, unknown) is never allowed.
    std::span<const std::string_view> tokens;
    // Control tokens: their bytes are never text. A grammar admits one only where it names it.
    std::span<const base::TokenId> special = {};
    // Tokens that end an answer; allowed exactly where the text is complete. Never text.
    std::span<const base::TokenId> end = {};
    // Rows of the output head when they are more than the tokens; the rest is never allowed.
    size_t logit_count = 0;
  };
  // Errors (kInvalidArgument): no tokens, too many, an id outside of the vocabulary.
  static base::Result<std::shared_ptr<const Vocabulary>> Create(const Options& options);

  // Bits a mask has, and the 32-bit words that hold them: bit i of word i / 32 is token i.
  size_t size() const { return size_; }
  size_t mask_words() const { return (size_ + 31) / 32; }

  // Empty for special, end and unused tokens.
  std::string_view Text(base::TokenId id) const;
  std::span<const base::TokenId> end_tokens() const { return end_; }
  bool IsEnd(base::TokenId id) const;

  // For walks; of several tokens with the same bytes a node has one, the others follow `next_same`.
  std::span<const TrieNode> nodes() const { return nodes_; }
  // The next token with the same bytes, -1 when there is none.
  int32_t next_same(int32_t token) const {
    return next_same_.empty() ? -1 : next_same_[static_cast<size_t>(token)];
  }
  // The child of `node` by `byte`; 0 when there is none.
  uint32_t Child(uint32_t node, uint8_t byte) const;

  // The same tokens as parts of JSON strings.
  const StringTokens& strings() const { return *strings_; }

 private:
  Vocabulary() = default;
  void BuildTrie(std::span<const StringTokens::Token> sorted);

  size_t size_ = 0;
  std::string bytes_;
  std::vector<uint32_t> begins_;
  std::vector<base::TokenId> end_;
  std::vector<TrieNode> nodes_;
  std::vector<int32_t> next_same_;  // empty when no two tokens are the same
  std::unique_ptr<const StringTokens> strings_;
  uint32_t root_child_[256] = {};
};

}  // namespace millrace::grammar
