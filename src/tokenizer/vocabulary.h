// The tokens of a byte-level vocabulary: ids to bytes and bytes to ids.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace millrace::tokenizer {

// GGUF's `tokenizer.ggml.token_type`.
enum class TokenType : int32_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6,
};

// The bytes that `text` stands for in gpt-2's mapping of bytes to printable characters; nullopt
// when it holds a character outside of the mapping. Source: gpt-2 `encoder.py`, bytes_to_unicode.
std::optional<std::string> BytesOfMappedText(std::string_view text);

// The inverse: `bytes` in the mapping.
std::string MappedTextOfBytes(std::string_view bytes);

// Immutable after Create.
class Vocabulary {
 public:
  // `types` is empty (all normal) or of the same size. Errors: kCorruptData naming the entry (sizes
  // differ, unknown type, the same token twice), kUnsupported (too many tokens).
  static base::Result<Vocabulary> Create(const std::vector<std::string>& tokens,
                                         const std::vector<int32_t>& types);

  int32_t size() const { return static_cast<int32_t>(types_.size()); }
  bool Contains(base::TokenId id) const;
  // Empty for an id outside of the vocabulary; models often have more rows than tokens.
  std::string_view Bytes(base::TokenId id) const;
  bool HasType(base::TokenId id, TokenType type) const;

  // A token that merges may build: any but control, unknown and unused ones.
  std::optional<base::TokenId> FindMergeable(std::string_view bytes) const;
  // A control or user-defined token.
  std::optional<base::TokenId> FindSpecial(std::string_view text) const;
  // The token of one byte; nullopt in the rare vocabulary that lacks it.
  std::optional<base::TokenId> OfByte(uint8_t byte) const;

  // Every token of `type`, by rising id.
  std::vector<base::TokenId> AllOfType(TokenType type) const;

 private:
  Vocabulary() = default;
  base::Status Index();

  std::vector<char> bytes_;       // of all tokens, one after the other
  std::vector<uint32_t> begins_;  // where each token begins, and the end
  std::vector<TokenType> types_;
  std::unordered_map<std::string_view, base::TokenId> mergeable_;  // views into bytes_
  std::unordered_map<std::string_view, base::TokenId> special_;
  std::array<int32_t, 256> of_byte_{};  // -1: none
};

}  // namespace millrace::tokenizer
