// The syntax tree of a regular expression, between the parser and the algebra.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "grammar/regex_algebra.h"

namespace millrace::grammar {

struct RegexSyntax {
  enum class Kind : uint8_t {
    kClass,        // one character of `set`
    kSequence,     // all children in turn
    kChoice,       // any child
    kRepeat,       // the child, `min` to `max` times
    kStart,        // ^
    kEnd,          // $
    kBoundary,     // \b: one side is a character of \w, the other is not
    kNoBoundary,   // \B
    kLookAhead,    // (?=child)
    kNoLookAhead,  // (?!child)
  };
  Kind kind = Kind::kSequence;
  CodePointSet set = {};
  int32_t min = 0;
  int32_t max = 0;  // RegexAlgebra::kUnbounded = no bound
  std::vector<RegexSyntax> children = {};
};

// Errors as of ParseRegex.
base::Result<RegexSyntax> ParseRegexSyntax(std::string_view pattern);

// The characters of a class escape (d, D, w, W, s, S), nullopt for another letter.
const CodePointSet* ClassEscape(char32_t letter);
// The characters with a Unicode property as written between the braces of \p{...}; empty when the
// name is not known.
CodePointSet UnicodeProperty(std::string_view name);

}  // namespace millrace::grammar
