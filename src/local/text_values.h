// The strings a schema admits, for forms of calls that write them as raw text.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::local {

// A regular expression (ECMA-262, flag u; for grammar::Expression::Regex) whose texts are exactly
// the strings valid under `schema`. `document` is where its references lead.
//
// Errors: kUnsupported, naming what cannot be said of raw text.
base::Result<std::string> PatternOfStrings(const boost::json::value& document,
                                           const boost::json::value& schema);

// A regular expression for the text itself.
std::string EscapedForRegex(std::string_view text);

}  // namespace millrace::local
