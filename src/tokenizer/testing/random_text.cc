#include "tokenizer/testing/random_text.h"

#include "base/random.h"
#include "base/utf8.h"

namespace millrace::tokenizer::testing {
namespace {

constexpr std::string_view kParts[] = {
    "a",  "s",  "the", "Hello", "LL",         "'",  "'s", "'ve",    " ",      "  ", "\t",
    "\n", "\r", "7",   "1234",  "!",          "--", "(",  "\u00a0", "\u3000", "é",  "e\u0301",
    "ß",  "я",  "中",  "文字",  "\U0001F680", "が", "가", "\u0323", "\u200d", "½",  "\x01",
};

}  // namespace

uint64_t RandomText::Below(uint64_t bound) {
  ++state_;
  return base::SplitMix64(state_) % bound;
}

std::string RandomText::Join(std::span<const std::string_view> parts, uint64_t count_max) {
  std::string text;
  for (uint64_t i = Below(count_max + 1); i > 0; --i) {
    text += parts[Below(parts.size())];
  }
  return text;
}

std::string RandomText::Characters(uint64_t count_max) {
  std::string text = Join(kParts, count_max);
  if (Below(4) == 0) {
    for (uint64_t i = Below(8); i > 0; --i) {
      const auto code_point = static_cast<char32_t>(Below(0x110000));
      const bool is_surrogate = code_point >= 0xD800 && code_point < 0xE000;
      base::AppendUtf8(is_surrogate ? U'x' : code_point, text);
    }
  }
  return text;
}

std::string RandomText::Bytes(uint64_t count_max) {
  std::string text;
  for (uint64_t i = Below(count_max + 1); i > 0; --i) {
    text += static_cast<char>(Below(256));
  }
  return text;
}

}  // namespace millrace::tokenizer::testing
