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
// Look-ahead, ^, $ and \b are exact, repeated or not. Errors: kInvalidArgument (not a regular
// expression), kUnsupported (back-references, look-behind, very many repetitions of what looks
// ahead or back, Unicode properties other than those of `UnicodeProperty`).
base::Result<RegexId> ParseRegex(std::string_view pattern, RegexAnchoring anchoring,
                                 RegexAlgebra& algebra);

}  // namespace millrace::grammar
