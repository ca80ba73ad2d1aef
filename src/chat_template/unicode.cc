#include "chat_template/unicode.h"

#include "base/utf8.h"

namespace millrace::chat_template {

namespace {

bool InRange(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

// Blocks where capital and small letters alternate, capitals at even code points.
bool PairsFromEven(char32_t c) {
  return InRange(c, 0x100, 0x12F) || InRange(c, 0x132, 0x137) || InRange(c, 0x14A, 0x177) ||
         InRange(c, 0x460, 0x481) || InRange(c, 0x48A, 0x4BF) || InRange(c, 0x4D0, 0x52F);
}

// And those with capitals at odd code points.
bool PairsFromOdd(char32_t c) {
  return InRange(c, 0x139, 0x148) || InRange(c, 0x179, 0x17E) || InRange(c, 0x4C1, 0x4CE);
}

template <typename Map>
std::string MapCodePoints(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    base::Utf8Char c = base::DecodeUtf8(text);
    if (c.valid) {
      map(c.code_point, out);
    } else {
      out.append(text.substr(0, 1));
    }
    text.remove_prefix(c.length);
  }
  return out;
}

}  // namespace

bool IsSpace(char32_t c) {
  return InRange(c, 0x09, 0x0D) || InRange(c, 0x1C, 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || InRange(c, 0x2000, 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

bool IsLineEnd(char32_t c) {
  return InRange(c, 0x0A, 0x0D) || InRange(c, 0x1C, 0x1E) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

bool IsDigit(char32_t c) { return InRange(c, '0', '9'); }

bool IsLetter(char32_t c) {
  if (c < 0x80) {
    return InRange(c, 'a', 'z') || InRange(c, 'A', 'Z');
  }
  if (c < 0x100) {
    return c == 0xAA || c == 0xB5 || c == 0xBA || (c >= 0xC0 && c != 0xD7 && c != 0xF7);
  }
  // Punctuation, arrows, mathematics, box drawing, private use, CJK punctuation, wide forms of
  // punctuation, emoji.
  return !(InRange(c, 0x2000, 0x2BFF) || InRange(c, 0x2E00, 0x2E7F) || InRange(c, 0x3000, 0x3004) ||
           InRange(c, 0x3007, 0x3030) || InRange(c, 0xE000, 0xF8FF) || InRange(c, 0xFE00, 0xFE6F) ||
           InRange(c, 0xFF00, 0xFF20) || InRange(c, 0xFF3B, 0xFF40) || InRange(c, 0xFF5B, 0xFF65) ||
           InRange(c, 0xFFE0, 0xFFFF) || InRange(c, 0x1F000, 0x1FAFF) || c >= 0xE0000 ||
           InRange(c, 0x300, 0x36F));
}

char32_t ToLower(char32_t c) {
  if (c < 0x80) {
    return InRange(c, 'A', 'Z') ? c + 32 : c;
  }
  if (InRange(c, 0xC0, 0xDE) && c != 0xD7) {
    return c + 32;
  }
  if (PairsFromEven(c) && c != 0x130) {
    return c | 1U;
  }
  if (PairsFromOdd(c)) {
    return c + (c & 1U);
  }
  if (c == 0x178) {
    return 0xFF;
  }
  if (InRange(c, 0x391, 0x3A9) && c != 0x3A2) {
    return c + 32;
  }
  if (InRange(c, 0x410, 0x42F)) {
    return c + 32;
  }
  return InRange(c, 0x400, 0x40F) ? c + 80 : c;
}

char32_t ToUpper(char32_t c) {
  if (c < 0x80) {
    return InRange(c, 'a', 'z') ? c - 32 : c;
  }
  if (InRange(c, 0xE0, 0xFE) && c != 0xF7) {
    return c - 32;
  }
  if (c == 0xFF) {
    return 0x178;
  }
  if (PairsFromEven(c) && c != 0x131) {
    return c & ~char32_t{1};
  }
  if (PairsFromOdd(c)) {
    return (c & 1U) != 0 ? c : c - 1;
  }
  if (InRange(c, 0x3B1, 0x3C9)) {
    return c == 0x3C2 ? 0x3A3 : c - 32;
  }
  if (InRange(c, 0x430, 0x44F)) {
    return c - 32;
  }
  return InRange(c, 0x450, 0x45F) ? c - 80 : c;
}

std::string Lowercased(std::string_view text) {
  return MapCodePoints(text,
                       [](char32_t c, std::string& out) { base::AppendUtf8(ToLower(c), out); });
}

std::string Uppercased(std::string_view text) {
  return MapCodePoints(text, [](char32_t c, std::string& out) {
    if (c == U'ß') {
      out.append("SS");
    } else {
      base::AppendUtf8(ToUpper(c), out);
    }
  });
}

size_t CodePointCount(std::string_view text) {
  size_t count = 0;
  while (!text.empty()) {
    text.remove_prefix(base::DecodeUtf8(text).length);
    ++count;
  }
  return count;
}

size_t ByteOffset(std::string_view text, size_t index) {
  size_t offset = 0;
  for (; index > 0 && offset < text.size(); --index) {
    offset += base::DecodeUtf8(text.substr(offset)).length;
  }
  return offset;
}

size_t LeadingSpace(std::string_view text) {
  size_t offset = 0;
  while (offset < text.size()) {
    base::Utf8Char c = base::DecodeUtf8(text.substr(offset));
    if (!c.valid || !IsSpace(c.code_point)) {
      break;
    }
    offset += c.length;
  }
  return offset;
}

size_t LastCodePoint(std::string_view text) {
  size_t begin = text.size() - 1;
  size_t earliest = text.size() < 4 ? 0 : text.size() - 4;
  for (size_t at = begin + 1; at-- > earliest;) {
    base::Utf8Char c = base::DecodeUtf8(text.substr(at));
    if (c.valid && at + c.length == text.size()) {
      return at;
    }
  }
  return begin;
}

size_t TrailingSpace(std::string_view text) {
  size_t end = text.size();
  while (end > 0) {
    size_t begin = LastCodePoint(text.substr(0, end));
    base::Utf8Char c = base::DecodeUtf8(text.substr(begin, end - begin));
    if (!c.valid || !IsSpace(c.code_point)) {
      break;
    }
    end = begin;
  }
  return text.size() - end;
}

}  // namespace millrace::chat_template
