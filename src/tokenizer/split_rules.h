// Parts that the expressions of several families share. Each gives the length of a match at the
// start of `rest`, 0 when there is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tokenizer/character.h"
#include "tokenizer/split.h"

namespace millrace::tokenizer {

enum class LetterCase { kExact, kIgnored };

// '(s|t|re|ve|m|ll|d). With case ignored U+017F (long s) counts as an s, as in Unicode case
// folding.
size_t MatchContraction(std::string_view rest, LetterCase letter_case);

// \s+(?!\S)|\s+: white space up to, but without, the last character before other text.
size_t MatchSpaces(std::string_view rest);

// \s*[\r\n]+|\s+(?!\S)|\s+: white space up to its last line break; without one as above.
size_t MatchSpacesAndLines(std::string_view rest);

// Characters of none of the classes of `mask`.
size_t RunLengthWithout(std::string_view rest, int mask);

// The expression of llama-3 and its relatives:
//   (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?WORD+|\p{N}{1,DIGITS}| ?[^\s\p{N}WORD]+[\r\n]*
//   |\s*[\r\n]+|\s+(?!\S)|\s+
struct WordRule {
  int word_classes = 0;    // WORD: includes letters
  int32_t digits_max = 1;  // DIGITS
};
size_t MatchWordRule(std::string_view rest, const WordRule& rule);

// The older DeepSeek splits are rows of plain passes.

// [\r\n]
Stretch MatchLineBreak(std::string_view rest);
// \p{N}
Stretch MatchNumber(std::string_view rest);
// [一-龥ࠀ-一가-퟿]+
Stretch MatchWideCjk(std::string_view rest);
// \s?X+ where `contains` tells the characters of X.
Stretch MatchSpacedRun(std::string_view rest, bool (*contains)(const Character& c));

}  // namespace millrace::tokenizer
