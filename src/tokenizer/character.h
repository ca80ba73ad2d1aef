// Unicode classes of characters, as the regular expressions of published tokenizers see them
// (Unicode 16).
#pragma once

#include <cstdint>
#include <string_view>

namespace millrace::tokenizer {

// A set of classes. White space is apart from the others; controls and format characters are in
// none.
enum CharacterClass : uint8_t {
  kLetter = 1,       // \p{L}
  kNumber = 2,       // \p{N}
  kMark = 4,         // \p{M}
  kPunctuation = 8,  // \p{P}
  kSymbol = 16,      // \p{S}
  kSpace = 32,       // \s: the property White_Space
  kLineBreak = 64,   // CR or LF; these are white space too
};

struct Character {
  char32_t code_point = 0;
  uint8_t length = 0;  // bytes; 0 at the end of the text
  uint8_t classes =
      0;  // 0 at the end of the text, for controls, format characters and unassigned ones

  bool Is(int mask) const { return (classes & mask) != 0; }
  bool at_end() const { return length == 0; }
};

// The first character of `text`, which must be valid UTF-8 (or empty).
Character FirstCharacter(std::string_view text);

// The last character of `text`, which must be valid UTF-8 (or empty).
Character LastCharacter(std::string_view text);

// How many bytes at the start of `text` are characters of `mask`.
size_t RunLength(std::string_view text, int mask);

}  // namespace millrace::tokenizer
