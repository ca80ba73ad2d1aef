#include "tokenizer/vocabulary.h"

#include <fmt/format.h>

#include "base/utf8.h"
#include "tokenizer/merge_table.h"

namespace millrace::tokenizer {
namespace {

constexpr size_t kTokenBytesSumMax = 256U << 20;

// The characters of gpt-2's mapping: printable Latin-1 bytes stand for themselves, the others for
// U+0100 and up.
struct ByteMapping {
  std::array<char32_t, 256> to_character{};
  std::array<int16_t, 0x144> to_byte{};  // -1: not in the mapping
};

constexpr bool StandsForItself(int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr ByteMapping kMapping = [] {
  ByteMapping mapping;
  mapping.to_byte.fill(-1);
  char32_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const char32_t character = StandsForItself(byte) ? static_cast<char32_t>(byte) : next++;
    mapping.to_character[static_cast<size_t>(byte)] = character;
    mapping.to_byte[character] = static_cast<int16_t>(byte);
  }
  return mapping;
}();

bool IsSpecial(TokenType type) {
  return type == TokenType::kControl || type == TokenType::kUserDefined;
}

base::Result<TokenType> CheckedType(int32_t type, size_t id) {
  if (type < static_cast<int32_t>(TokenType::kNormal) ||
      type > static_cast<int32_t>(TokenType::kByte)) {
    return base::CorruptData(fmt::format("token {} has the unknown type {}", id, type));
  }
  return static_cast<TokenType>(type);
}

}  // namespace

std::optional<std::string> BytesOfMappedText(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  while (!text.empty()) {
    const base::Utf8Char c = base::DecodeUtf8(text);
    if (!c.valid || c.code_point >= kMapping.to_byte.size() || kMapping.to_byte[c.code_point] < 0) {
      return std::nullopt;
    }
    bytes += static_cast<char>(kMapping.to_byte[c.code_point]);
    text.remove_prefix(c.length);
  }
  return bytes;
}

std::string MappedTextOfBytes(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    base::AppendUtf8(kMapping.to_character[static_cast<unsigned char>(byte)], text);
  }
  return text;
}

base::Result<Vocabulary> Vocabulary::Create(const std::vector<std::string>& tokens,
                                            const std::vector<int32_t>& types) {
  if (tokens.empty()) {
    return base::CorruptData("the vocabulary has no tokens");
  }
  if (tokens.size() > kTokenCountMax) {
    return base::Unsupported(fmt::format("the vocabulary has {} tokens, at most {} are supported",
                                         tokens.size(), kTokenCountMax));
  }
  if (!types.empty() && types.size() != tokens.size()) {
    return base::CorruptData(fmt::format("the vocabulary has {} tokens but {} token types",
                                         tokens.size(), types.size()));
  }
  Vocabulary vocabulary;
  vocabulary.types_.reserve(tokens.size());
  vocabulary.begins_.reserve(tokens.size() + 1);
  vocabulary.begins_.push_back(0);
  for (size_t id = 0; id < tokens.size(); ++id) {
    const TokenType type = types.empty() ? TokenType::kNormal : TRY(CheckedType(types[id], id));
    // A normal token outside of the mapping is taken as it stands: some converters write added
    // tokens that way.
    const std::optional<std::string> mapped =
        IsSpecial(type) ? std::nullopt : BytesOfMappedText(tokens[id]);
    const std::string& bytes = mapped ? *mapped : tokens[id];
    vocabulary.types_.push_back(type);
    vocabulary.bytes_.insert(vocabulary.bytes_.end(), bytes.begin(), bytes.end());
    if (vocabulary.bytes_.size() > kTokenBytesSumMax) {
      return base::CorruptData(fmt::format("the tokens up to {} take more than {} bytes together",
                                           id, kTokenBytesSumMax));
    }
    vocabulary.begins_.push_back(static_cast<uint32_t>(vocabulary.bytes_.size()));
  }
  TRY(vocabulary.Index());
  return vocabulary;
}

base::Status Vocabulary::Index() {
  mergeable_.reserve(types_.size());
  of_byte_.fill(-1);
  for (int32_t index = 0; index < size(); ++index) {
    const auto id = static_cast<base::TokenId>(index);
    const TokenType type = types_[static_cast<size_t>(index)];
    const std::string_view bytes = Bytes(id);
    if (bytes.empty() || type == TokenType::kUnused || type == TokenType::kUnknown) {
      continue;
    }
    auto& map = IsSpecial(type) ? special_ : mergeable_;
    const auto [place, is_new] = map.emplace(bytes, id);
    if (!is_new) {
      return base::CorruptData(
          fmt::format("tokens {} and {} are the same", base::ToIndex(place->second), index));
    }
    if (bytes.size() == 1 && !IsSpecial(type)) {
      of_byte_[static_cast<unsigned char>(bytes.front())] = index;
    }
  }
  return {};
}

bool Vocabulary::Contains(base::TokenId id) const {
  const int32_t index = base::ToIndex(id);
  return index >= 0 && index < size();
}

std::string_view Vocabulary::Bytes(base::TokenId id) const {
  if (!Contains(id)) {
    return {};
  }
  const auto index = static_cast<size_t>(base::ToIndex(id));
  return {bytes_.data() + begins_[index], begins_[index + 1] - begins_[index]};
}

bool Vocabulary::HasType(base::TokenId id, TokenType type) const {
  return Contains(id) && types_[static_cast<size_t>(base::ToIndex(id))] == type;
}

std::optional<base::TokenId> Vocabulary::FindMergeable(std::string_view bytes) const {
  if (const auto found = mergeable_.find(bytes); found != mergeable_.end()) {
    return found->second;
  }
  // Converters type some entries of the merge vocabulary (runs of spaces) as user-defined.
  if (const std::optional<base::TokenId> id = FindSpecial(bytes);
      id && HasType(*id, TokenType::kUserDefined)) {
    return id;
  }
  return std::nullopt;
}

std::optional<base::TokenId> Vocabulary::FindSpecial(std::string_view text) const {
  const auto found = special_.find(text);
  return found == special_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<base::TokenId> Vocabulary::OfByte(uint8_t byte) const {
  const int32_t index = of_byte_[byte];
  return index < 0 ? std::nullopt : std::optional(static_cast<base::TokenId>(index));
}

std::vector<base::TokenId> Vocabulary::AllOfType(TokenType type) const {
  std::vector<base::TokenId> ids;
  for (int32_t index = 0; index < size(); ++index) {
    if (types_[static_cast<size_t>(index)] == type) {
      ids.push_back(static_cast<base::TokenId>(index));
    }
  }
  return ids;
}

}  // namespace millrace::tokenizer
