// What Python's str knows of characters: white space, line ends, case, classes; positions in code
// points.
//
// White space and line ends are complete. Case and letter classes cover ASCII, Latin-1, Latin
// Extended-A, Greek and Cyrillic; other letters have no case here, and every other character beyond
// ASCII that is not white space, punctuation or a symbol block counts as a letter.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace millrace::chat_template {

// str.isspace() of one character; also the class \s.
bool IsSpace(char32_t code_point);
// Where str.splitlines() cuts.
bool IsLineEnd(char32_t code_point);
bool IsLetter(char32_t code_point);
bool IsDigit(char32_t code_point);  // decimal digits of ASCII
char32_t ToLower(char32_t code_point);
char32_t ToUpper(char32_t code_point);
inline bool IsLower(char32_t c) { return ToUpper(c) != c || c == U'ß'; }
inline bool IsUpper(char32_t c) { return ToLower(c) != c; }

std::string Lowercased(std::string_view text);
std::string Uppercased(std::string_view text);

// Number of code points; an invalid byte counts as one.
size_t CodePointCount(std::string_view text);
// Byte offset of code point `index`; text.size() when there are not that many.
size_t ByteOffset(std::string_view text, size_t index);

// Bytes of leading, and of trailing, white space.
size_t LeadingSpace(std::string_view text);
size_t TrailingSpace(std::string_view text);

// Start of the last code point; text must not be empty.
size_t LastCodePoint(std::string_view text);

}  // namespace millrace::chat_template
