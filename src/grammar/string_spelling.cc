#include "grammar/string_spelling.h"

#include <algorithm>
#include <cstdint>

#include "base/utf8.h"
#include "grammar/regex_algebra.h"

namespace millrace::grammar {
namespace {

constexpr char32_t kHighSurrogate = 0xD800;
constexpr char32_t kLowSurrogate = 0xDC00;
constexpr char32_t kAfterSurrogates = 0xE000;

struct HexRead {
  char32_t low = 0;  // the least and the greatest value of four digits that begin so
  char32_t high = 0;
  size_t digits = 0;
  bool valid = true;
};

HexRead ReadHex(std::string_view text) {
  HexRead read;
  char32_t value = 0;
  for (; read.digits < 4 && read.digits < text.size(); ++read.digits) {
    const char c = text[read.digits];
    const int lower = c | 0x20;
    if (c >= '0' && c <= '9') {
      value = (value << 4U) | static_cast<char32_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = (value << 4U) | static_cast<char32_t>(lower - 'a' + 10);
    } else {
      read.valid = false;
      return read;
    }
  }
  const auto shift = 4U * (4U - static_cast<unsigned>(read.digits));
  read.low = value << shift;
  read.high = read.low | ((char32_t{1} << shift) - 1);
  return read;
}

char32_t Join(char32_t high, char32_t low) {
  return 0x10000 + ((high - kHighSurrogate) << 10U) + (low - kLowSurrogate);
}

// `text` begins behind the four digits of a high surrogate, `read` bytes into the character.
std::optional<SpelledCharacter> ReadLowHalf(std::string_view text, char32_t high, size_t read) {
  SpelledCharacter result{.bytes = read, .whole = false};
  HexRead low{.low = 0, .high = 0xFFFF};
  const std::string_view opening = "\\u";
  const size_t opened = std::min(text.size(), opening.size());
  if (text.substr(0, opened) != opening.substr(0, opened)) {
    return std::nullopt;
  }
  result.bytes += opened;
  if (opened == opening.size()) {
    low = ReadHex(text.substr(opened));
    result.bytes += low.digits;
    result.whole = low.digits == 4;
  }
  low.low = std::max(low.low, kLowSurrogate);
  low.high = std::min<char32_t>(low.high, kAfterSurrogates - 1);
  if (!low.valid || low.low > low.high) {
    return std::nullopt;
  }
  result.characters = {Join(high, low.low), Join(high, low.high)};
  return result;
}

std::optional<SpelledCharacter> ReadUnicodeEscape(std::string_view text) {
  const HexRead read = ReadHex(text.substr(2));
  if (!read.valid) {
    return std::nullopt;
  }
  const bool starts_pair = read.low >= kHighSurrogate && read.low < kLowSurrogate;
  if (read.digits == 4 && starts_pair) {
    return ReadLowHalf(text.substr(6), read.low, 6);
  }
  SpelledCharacter result{
      .characters = {read.low, read.high}, .bytes = 2 + read.digits, .whole = read.digits == 4};
  const auto first_high = std::max(read.low, kHighSurrogate);
  const auto last_high = std::min<char32_t>(read.high, kLowSurrogate - 1);
  if (first_high <= last_high) {
    result.more = {Join(first_high, kLowSurrogate), Join(last_high, kAfterSurrogates - 1)};
  }
  if (read.low >= kHighSurrogate && read.high < kAfterSurrogates) {
    result.characters = {};
    if (result.more.is_empty()) {
      return std::nullopt;
    }
  }
  return result;
}

std::optional<SpelledCharacter> ReadEscape(std::string_view text) {
  SpelledCharacter result{.characters = {0, kCodePointMax}, .bytes = text.size(), .whole = false};
  if (text.size() == 1) {
    return result;
  }
  if (text[1] == 'u') {
    return ReadUnicodeEscape(text);
  }
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const size_t which = kLetters.find(text[1]);
  if (which == std::string_view::npos) {
    return std::nullopt;
  }
  const auto c = static_cast<char32_t>(kMeanings[which]);
  return SpelledCharacter{.characters = {c, c}, .bytes = 2};
}

}  // namespace

std::optional<SpelledCharacter> ReadSpelledCharacter(std::string_view text) {
  if (text.front() == '\\') {
    return ReadEscape(text);
  }
  const base::Utf8Char c = base::DecodeUtf8(text);
  if (c.valid) {
    if (c.code_point < 0x20) {
      return std::nullopt;
    }
    return SpelledCharacter{.characters = {c.code_point, c.code_point}, .bytes = c.length};
  }
  if (base::IncompleteUtf8Suffix(text) != text.size()) {
    return std::nullopt;
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const auto first = static_cast<uint8_t>(text.front());
  const size_t length = first < 0xE0 ? 2 : (first < 0xF0 ? 3 : 4);
  char32_t value = first & (0xFFU >> (length + 1));
  for (const char byte : text.substr(1)) {
    value = (value << 6U) | (static_cast<uint8_t>(byte) & 0x3FU);
  }
  const auto shift = 6U * static_cast<unsigned>(length - text.size());
  SpelledCharacter result{.bytes = text.size(), .whole = false};
  result.characters.low = std::max<char32_t>(value << shift, kLeast[length]);
  result.characters.high =
      std::min<char32_t>((value << shift) | ((char32_t{1} << shift) - 1), kCodePointMax);
  const bool only_surrogates =
      result.characters.low >= kHighSurrogate && result.characters.high < kAfterSurrogates;
  return result.characters.is_empty() || only_surrogates ? std::nullopt : std::optional(result);
}

}  // namespace millrace::grammar
