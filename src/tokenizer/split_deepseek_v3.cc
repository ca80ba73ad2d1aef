// \p{N}{1,3}, then [一-龥぀-ゟ゠-ヿ]+, then
//   [!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|
//   ?[\p{P}\p{S}]+[\r\n]*
//   |\s*[\r\n]+|\s+(?!\S)|\s+
// What none of these match (controls, format characters) stays together as a gap.
#include "tokenizer/character.h"
#include "tokenizer/split_families.h"
#include "tokenizer/split_rules.h"

namespace millrace::tokenizer {
namespace {

constexpr int kWord = kLetter | kMark;
constexpr int kSign = kPunctuation | kSymbol;

Stretch MatchDigitGroup(std::string_view rest) {
  size_t length = 0;
  for (int i = 0; i < 3; ++i) {
    const Character c = FirstCharacter(rest.substr(length));
    if (!c.Is(kNumber)) {
      break;
    }
    length += c.length;
  }
  return length > 0 ? Stretch{.length = length, .is_match = true}
                    : Stretch{.length = FirstCharacter(rest).length};
}

Stretch MatchHanAndKana(std::string_view rest) {
  size_t length = 0;
  while (length < rest.size()) {
    const Character c = FirstCharacter(rest.substr(length));
    const bool han = c.code_point >= 0x4E00 && c.code_point <= 0x9FA5;
    const bool kana = c.code_point >= 0x3040 && c.code_point <= 0x30FF;
    if (!han && !kana) {
      break;
    }
    length += c.length;
  }
  return length > 0 ? Stretch{.length = length, .is_match = true}
                    : Stretch{.length = FirstCharacter(rest).length};
}

bool IsAsciiSign(const Character& c) { return c.code_point < 0x80 && c.Is(kSign); }

bool IsAsciiLetter(const Character& c) { return c.code_point < 0x80 && c.Is(kLetter); }

// One ASCII punctuation character with the ASCII letters after it.
size_t MatchSignedWord(std::string_view rest) {
  const Character first = FirstCharacter(rest);
  if (!IsAsciiSign(first)) {
    return 0;
  }
  size_t length = 1;
  while (IsAsciiLetter(FirstCharacter(rest.substr(length)))) {
    ++length;
  }
  return length > 1 ? length : 0;
}

size_t MatchText(std::string_view rest) {
  if (const size_t length = MatchSignedWord(rest); length > 0) {
    return length;
  }
  const Character first = FirstCharacter(rest);
  if (first.Is(kWord)) {
    return RunLength(rest, kWord);
  }
  if (!first.Is(kLineBreak | kSign)) {
    const size_t word = RunLength(rest.substr(first.length), kWord);
    if (word > 0) {
      return first.length + word;
    }
  }
  const size_t lead = first.code_point == ' ' ? 1 : 0;
  if (const size_t signs = RunLength(rest.substr(lead), kSign); signs > 0) {
    return lead + signs + RunLength(rest.substr(lead + signs), kLineBreak);
  }
  return MatchSpacesAndLines(rest);
}

Stretch MatchTextOrGap(std::string_view rest) {
  const size_t length = MatchText(rest);
  return length > 0 ? Stretch{.length = length, .is_match = true}
                    : Stretch{.length = FirstCharacter(rest).length};
}

constexpr Pass kPasses[] = {MatchDigitGroup, MatchHanAndKana, MatchTextOrGap};

}  // namespace

std::span<const Pass> DeepseekV3Passes() { return kPasses; }

}  // namespace millrace::tokenizer
