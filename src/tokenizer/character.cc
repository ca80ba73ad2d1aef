#include "tokenizer/character.h"

#include <utf8proc.h>

#include <array>

#include "tokenizer/unicode16_table.h"

namespace millrace::tokenizer {
namespace {

constexpr uint8_t AsciiClass(char c) {
  const std::string_view symbols = "$+<=>^`|~";
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
    return kLetter;
  }
  if (c >= '0' && c <= '9') {
    return kNumber;
  }
  if (c == '\r' || c == '\n') {
    return kSpace | kLineBreak;
  }
  if (c == ' ' || (c >= '\t' && c <= '\r')) {
    return kSpace;
  }
  if (symbols.find(c) != std::string_view::npos) {
    return kSymbol;
  }
  return c > ' ' && c < 0x7F ? kPunctuation : 0;
}

constexpr std::array<uint8_t, 128> kAsciiClasses = [] {
  std::array<uint8_t, 128> classes{};
  for (size_t i = 0; i < classes.size(); ++i) {
    classes[i] = AsciiClass(static_cast<char>(i));
  }
  return classes;
}();

// The class of a general category; 0 for categories C and Z.
uint8_t ClassOfCategory(utf8proc_category_t category) {
  if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) {
    return kLetter;
  }
  if (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME) {
    return kMark;
  }
  if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) {
    return kNumber;
  }
  if (category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO) {
    return kPunctuation;
  }
  if (category >= UTF8PROC_CATEGORY_SM && category <= UTF8PROC_CATEGORY_SO) {
    return kSymbol;
  }
  return 0;
}

uint8_t WideClass(char32_t code_point) {
  if (code_point >= 0x4E00 && code_point <= 0x9FFF) {  // CJK ideographs: most of Chinese text
    return kLetter;
  }
  const auto value = static_cast<utf8proc_int32_t>(code_point);
  const utf8proc_category_t category = utf8proc_category(value);
  switch (category) {
    case UTF8PROC_CATEGORY_CN:
      return Unicode16Class(code_point);
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return kSpace;
    case UTF8PROC_CATEGORY_CC:
      return code_point == 0x85 ? kSpace : 0;
    default:
      return ClassOfCategory(category);
  }
}

Character Decode(const unsigned char* bytes) {
  const char32_t lead = bytes[0];
  if (lead < 0x80) {
    return {.code_point = lead, .length = 1, .classes = kAsciiClasses[lead]};
  }
  const auto tail = [bytes](int index) -> char32_t { return bytes[index] & 0x3FU; };
  Character c;
  if (lead < 0xE0) {
    c = {.code_point = (lead & 0x1F) << 6 | tail(1), .length = 2};
  } else if (lead < 0xF0) {
    c = {.code_point = (lead & 0xF) << 12 | tail(1) << 6 | tail(2), .length = 3};
  } else {
    c = {.code_point = (lead & 0x7) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), .length = 4};
  }
  c.classes = WideClass(c.code_point);
  return c;
}

}  // namespace

Character FirstCharacter(std::string_view text) {
  if (text.empty()) {
    return {};
  }
  return Decode(reinterpret_cast<const unsigned char*>(text.data()));
}

Character LastCharacter(std::string_view text) {
  if (text.empty()) {
    return {};
  }
  size_t begin = text.size() - 1;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) {
    --begin;
  }
  return FirstCharacter(text.substr(begin));
}

size_t RunLength(std::string_view text, int mask) {
  size_t length = 0;
  while (length < text.size()) {
    const Character c = FirstCharacter(text.substr(length));
    if (!c.Is(mask)) {
      break;
    }
    length += c.length;
  }
  return length;
}

}  // namespace millrace::tokenizer
