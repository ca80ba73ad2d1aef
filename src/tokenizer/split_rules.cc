#include "tokenizer/split_rules.h"

namespace millrace::tokenizer {
namespace {

// `c` as a lower-case ASCII letter, 0 when it is none.
char32_t FoldedLetter(Character c, LetterCase letter_case) {
  if (c.code_point >= 'a' && c.code_point <= 'z') {
    return c.code_point;
  }
  if (letter_case == LetterCase::kExact) {
    return 0;
  }
  if (c.code_point >= 'A' && c.code_point <= 'Z') {
    return c.code_point - 'A' + 'a';
  }
  return c.code_point == 0x17F ? U's' : 0;
}

// White space from the start of a text.
struct SpaceRun {
  size_t length = 0;
  size_t last_character = 0;  // where the last one begins
  size_t lines_end = 0;       // behind the last line break, 0 without one
};

SpaceRun MeasureSpaces(std::string_view rest) {
  SpaceRun run;
  while (true) {
    const Character c = FirstCharacter(rest.substr(run.length));
    if (!c.Is(kSpace)) {
      return run;
    }
    run.last_character = run.length;
    run.length += c.length;
    if (c.Is(kLineBreak)) {
      run.lines_end = run.length;
    }
  }
}

size_t WithoutLastBeforeText(const SpaceRun& run, std::string_view rest) {
  const bool text_follows = run.length < rest.size();
  return text_follows && run.last_character > 0 ? run.last_character : run.length;
}

size_t MatchDigits(std::string_view rest, int32_t digits_max) {
  size_t length = 0;
  for (int32_t i = 0; i < digits_max; ++i) {
    const Character c = FirstCharacter(rest.substr(length));
    if (!c.Is(kNumber)) {
      break;
    }
    length += c.length;
  }
  return length;
}

}  // namespace

size_t MatchContraction(std::string_view rest, LetterCase letter_case) {
  if (!rest.starts_with('\'')) {
    return 0;
  }
  const Character first = FirstCharacter(rest.substr(1));
  const size_t one = 1 + size_t{first.length};
  const char32_t a = FoldedLetter(first, letter_case);
  if (a == 's' || a == 't' || a == 'm' || a == 'd') {
    return one;
  }
  if (a != 'r' && a != 'v' && a != 'l') {
    return 0;
  }
  const Character second = FirstCharacter(rest.substr(one));
  const char32_t wanted = a == 'l' ? U'l' : U'e';
  return FoldedLetter(second, letter_case) == wanted ? one + second.length : 0;
}

size_t MatchSpaces(std::string_view rest) {
  return WithoutLastBeforeText(MeasureSpaces(rest), rest);
}

size_t MatchSpacesAndLines(std::string_view rest) {
  const SpaceRun run = MeasureSpaces(rest);
  return run.lines_end > 0 ? run.lines_end : WithoutLastBeforeText(run, rest);
}

size_t RunLengthWithout(std::string_view rest, int mask) {
  size_t length = 0;
  while (length < rest.size()) {
    const Character c = FirstCharacter(rest.substr(length));
    if (c.Is(mask)) {
      break;
    }
    length += c.length;
  }
  return length;
}

size_t MatchWordRule(std::string_view rest, const WordRule& rule) {
  if (const size_t length = MatchContraction(rest, LetterCase::kIgnored); length > 0) {
    return length;
  }
  const Character first = FirstCharacter(rest);
  if (first.Is(rule.word_classes)) {
    return RunLength(rest, rule.word_classes);
  }
  if (first.Is(kNumber)) {
    return MatchDigits(rest, rule.digits_max);
  }
  if (!first.Is(kLineBreak)) {
    const size_t word = RunLength(rest.substr(first.length), rule.word_classes);
    if (word > 0) {
      return first.length + word;
    }
  }
  const size_t lead = first.code_point == ' ' ? 1 : 0;
  const size_t other = RunLengthWithout(rest.substr(lead), kSpace | kNumber | rule.word_classes);
  if (other > 0) {
    const size_t length = lead + other;
    return length + RunLength(rest.substr(length), kLineBreak);
  }
  return MatchSpacesAndLines(rest);
}

Stretch MatchLineBreak(std::string_view rest) {
  const Character c = FirstCharacter(rest);
  return {.length = c.length, .is_match = c.Is(kLineBreak)};
}

Stretch MatchNumber(std::string_view rest) {
  const Character c = FirstCharacter(rest);
  return {.length = c.length, .is_match = c.Is(kNumber)};
}

Stretch MatchWideCjk(std::string_view rest) {
  const auto contains = [](char32_t c) {
    return (c >= 0x0800 && c <= 0x9FA5) || (c >= 0xAC00 && c <= 0xD7FF);
  };
  size_t length = 0;
  while (length < rest.size()) {
    const Character c = FirstCharacter(rest.substr(length));
    if (!contains(c.code_point)) {
      break;
    }
    length += c.length;
  }
  return length > 0 ? Stretch{.length = length, .is_match = true}
                    : Stretch{.length = FirstCharacter(rest).length};
}

Stretch MatchSpacedRun(std::string_view rest, bool (*contains)(const Character& c)) {
  const Character first = FirstCharacter(rest);
  size_t length = first.Is(kSpace) ? first.length : 0;
  const size_t lead = length;
  while (length < rest.size()) {
    const Character c = FirstCharacter(rest.substr(length));
    if (!contains(c)) {
      break;
    }
    length += c.length;
  }
  if (length > lead) {
    return {.length = length, .is_match = true};
  }
  // White space that is itself in X and stands alone.
  return {.length = first.length, .is_match = contains(first)};
}

}  // namespace millrace::tokenizer
