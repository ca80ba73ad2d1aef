// ECMA-262 regular expressions (flag u) to languages.
#pragma once

#include <string_view>

#include "base/result.h"
#include "grammar/regex_algebra.h"

namespace millrace::grammar {

enum class RegexAnchoring {
  kSearch,  // the pattern occurs somewhere in the text, as JSON Schema's `pattern`
  kWhole,   // the pattern matches the whole text
};

// The texts that `pattern` (UTF-8) matches.
//
// Look-ahead is exact where it is not repeated; so are ^ and $ anywhere. Errors: kInvalidArgument
// (not a regular expression), kUnsupported (back-references, look-behind, \b, repeated look-ahead,
// Unicode properties other than those of `UnicodeProperty`).
base::Result<RegexId> ParseRegex(std::string_view pattern, RegexAnchoring anchoring,
                                 RegexAlgebra& algebra);

}  // namespace millrace::grammar
