// How the inside of a JSON string spells characters.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace millrace::grammar {

struct SpelledRange {
  char32_t low = 1;
  char32_t high = 0;  // inclusive; below `low` when there is none
  bool is_empty() const { return low > high; }
  bool operator==(const SpelledRange&) const = default;
};

// A character at the beginning of a text, or what it can still become where the text ends inside of
// it: raw UTF-8 or an escape, surrogate pairs as one.
struct SpelledCharacter {
  SpelledRange characters = {};  // one character when it is whole
  SpelledRange more = {};        // what else it may become
  size_t bytes = 0;              // that spell it
  bool whole = true;
};

// The first character of `text`, which is not empty and does not begin with a quote. nullopt: no
// JSON string goes on like this.
std::optional<SpelledCharacter> ReadSpelledCharacter(std::string_view text);

}  // namespace millrace::grammar
