#include "base/utf8.h"

#include <algorithm>

namespace millrace::base {
namespace {

// Bytes a character takes by its first byte; 0 when the byte cannot start one.
int SequenceLength(unsigned char lead) {
  if (lead < 0x80) {
    return 1;
  }
  if (lead >= 0xC2 && lead <= 0xDF) {
    return 2;
  }
  if (lead >= 0xE0 && lead <= 0xEF) {
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    return 4;
  }
  return 0;
}

// Whether `second` may follow `lead`: RFC 3629 table of well-formed sequences.
bool ValidSecond(unsigned char lead, unsigned char second) {
  switch (lead) {
    case 0xE0:
      return second >= 0xA0 && second <= 0xBF;
    case 0xED:
      return second >= 0x80 && second <= 0x9F;
    case 0xF0:
      return second >= 0x90 && second <= 0xBF;
    case 0xF4:
      return second >= 0x80 && second <= 0x8F;
    default:
      return second >= 0x80 && second <= 0xBF;
  }
}

unsigned char ByteAt(std::string_view text, size_t index) {
  return static_cast<unsigned char>(text[index]);
}

// How many bytes from the start of `text` form a prefix of a well-formed character.
size_t WellFormedPrefix(std::string_view text) {
  const int length = SequenceLength(ByteAt(text, 0));
  if (length == 0) {
    return 0;
  }
  size_t good = 1;
  while (good < static_cast<size_t>(length) && good < text.size()) {
    const unsigned char byte = ByteAt(text, good);
    const bool ok = good == 1 ? ValidSecond(ByteAt(text, 0), byte) : (byte & 0xC0) == 0x80;
    if (!ok) {
      break;
    }
    ++good;
  }
  return good;
}

}  // namespace

Utf8Char DecodeUtf8(std::string_view text) {
  if (text.empty()) {
    return {};
  }
  const unsigned char lead = ByteAt(text, 0);
  const int length = SequenceLength(lead);
  if (length == 0 || WellFormedPrefix(text) != static_cast<size_t>(length)) {
    return {.code_point = 0xFFFD, .length = 1, .valid = false};
  }
  if (length == 1) {
    return {.code_point = lead, .length = 1};
  }
  static constexpr unsigned char kLeadMask[] = {0, 0, 0x1F, 0x0F, 0x07};
  char32_t code_point = lead & kLeadMask[length];
  for (int i = 1; i < length; ++i) {
    code_point = (code_point << 6) | (ByteAt(text, static_cast<size_t>(i)) & 0x3FU);
  }
  return {.code_point = code_point, .length = static_cast<uint8_t>(length)};
}

void AppendUtf8(char32_t code_point, std::string& out) {
  const auto append = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (code_point < 0x80) {
    append(code_point);
  } else if (code_point < 0x800) {
    append(0xC0 | (code_point >> 6));
    append(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    append(0xE0 | (code_point >> 12));
    append(0x80 | ((code_point >> 6) & 0x3F));
    append(0x80 | (code_point & 0x3F));
  } else {
    append(0xF0 | (code_point >> 18));
    append(0x80 | ((code_point >> 12) & 0x3F));
    append(0x80 | ((code_point >> 6) & 0x3F));
    append(0x80 | (code_point & 0x3F));
  }
}

bool IsValidUtf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Char c = DecodeUtf8(text);
    if (!c.valid) {
      return false;
    }
    text.remove_prefix(c.length);
  }
  return true;
}

size_t IncompleteUtf8Suffix(std::string_view text) {
  for (size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const std::string_view tail = text.substr(text.size() - back);
    const int length = SequenceLength(ByteAt(tail, 0));
    if (length == 0) {
      continue;
    }
    const bool incomplete = static_cast<size_t>(length) > back && WellFormedPrefix(tail) == back;
    return incomplete ? back : 0;
  }
  return 0;
}

size_t FirstUtf8Unit(std::string_view text) {
  const Utf8Char c = DecodeUtf8(text);
  if (c.valid) {
    return c.length;
  }
  return std::max<size_t>(WellFormedPrefix(text), 1);
}

std::string SanitizeUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = FirstUtf8Unit(text);
    if (DecodeUtf8(text).valid) {
      out.append(text.substr(0, length));
    } else {
      AppendUtf8(0xFFFD, out);
    }
    text.remove_prefix(length);
  }
  return out;
}

}  // namespace millrace::base
