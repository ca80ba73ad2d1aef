#include "media/data_url.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "http/message.h"

namespace millrace::media {
namespace {

constexpr uint8_t kSpace = 64;
constexpr uint8_t kPad = 65;
constexpr uint8_t kBad = 66;

constexpr std::array<uint8_t, 256> MakeAlphabet() {
  std::array<uint8_t, 256> table = {};
  table.fill(kBad);
  constexpr std::string_view kCharacters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < kCharacters.size(); ++i) {
    table[static_cast<uint8_t>(kCharacters[i])] = static_cast<uint8_t>(i);
  }
  table['-'] = 62;
  table['_'] = 63;
  table['='] = kPad;
  for (const char c : {' ', '\t', '\r', '\n', '\f', '\v'}) {
    table[static_cast<uint8_t>(c)] = kSpace;
  }
  return table;
}
constexpr std::array<uint8_t, 256> kAlphabet = MakeAlphabet();

uint8_t ValueOf(char c) { return kAlphabet[static_cast<uint8_t>(c)]; }

// How many characters carry bits; nothing for text that is not base64.
std::expected<size_t, Base64Problem> CountCharacters(std::string_view text) {
  size_t characters = 0;
  size_t padding = 0;
  for (const char c : text) {
    const uint8_t value = ValueOf(c);
    if (value == kSpace) {
      continue;
    }
    if (value == kPad) {
      ++padding;
    } else if (value == kBad || padding > 0) {
      return std::unexpected(Base64Problem::kMalformed);
    } else {
      ++characters;
    }
  }
  const size_t rest = characters % 4;
  if (rest == 1 || padding > (4 - rest) % 4) {
    return std::unexpected(Base64Problem::kMalformed);
  }
  return characters;
}

}  // namespace

bool IsDataUrl(std::string_view url) { return http::EqualsIgnoringCase(url.substr(0, 5), "data:"); }

std::expected<std::string, Base64Problem> DecodeDataUrl(std::string_view url, size_t bytes_max) {
  const size_t comma = url.find(',');
  constexpr std::string_view kMark = ";base64";
  if (!IsDataUrl(url) || comma == std::string_view::npos || comma < 5 + kMark.size() ||
      !http::EqualsIgnoringCase(url.substr(comma - kMark.size(), kMark.size()), kMark)) {
    return std::unexpected(Base64Problem::kMalformed);
  }
  return DecodeBase64(url.substr(comma + 1), bytes_max);
}

std::expected<std::string, Base64Problem> DecodeBase64(std::string_view text, size_t bytes_max) {
  const auto characters = CountCharacters(text);
  if (!characters.has_value()) {
    return std::unexpected(characters.error());
  }
  const size_t size = *characters / 4 * 3 + (*characters % 4 == 0 ? 0 : *characters % 4 - 1);
  if (size > bytes_max) {
    return std::unexpected(Base64Problem::kTooLarge);
  }
  std::string bytes;
  bytes.reserve(size);
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const uint8_t value = ValueOf(c);
    if (value >= kSpace) {
      continue;
    }
    bits = bits << 6 | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<char>(bits >> count & 0xFF));
    }
  }
  return bytes;
}

}  // namespace millrace::media
