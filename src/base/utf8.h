// UTF-8 as in RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::base {

// One decoded character. `length` is 0 only at the end of the text; an invalid byte decodes as
// U+FFFD with `valid` false and length 1.
struct Utf8Char {
  char32_t code_point = 0;
  uint8_t length = 0;
  bool valid = true;
};

Utf8Char DecodeUtf8(std::string_view text);

void AppendUtf8(char32_t code_point, std::string& out);

bool IsValidUtf8(std::string_view text);

// How many bytes at the end of `text` are the beginning of a character whose rest is still missing
// (0 to 3). Bytes that can never become valid count as 0.
size_t IncompleteUtf8Suffix(std::string_view text);

// Bytes at the start of `text` that SanitizeUtf8 makes one character of: a whole character or a
// maximal invalid sequence. 0 for an empty text.
size_t FirstUtf8Unit(std::string_view text);

// Replaces every maximal invalid sequence by one U+FFFD.
std::string SanitizeUtf8(std::string_view text);

}  // namespace millrace::base
