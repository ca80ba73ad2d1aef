// The formats that are enforced, as regular expressions over the whole string.
//
// What is not regular is narrowed: a leap second only at 23:59:60 UTC, no A-labels in host names.
// What has no one definition is held to what all have in common: in a `regex` brackets match, six
// groups deep at most, and quantifiers have something to repeat.
#pragma once

#include <string_view>

namespace millrace::grammar {

// The pattern of `format`, whole-string; empty for a format that is not enforced.
std::string_view PatternOfFormat(std::string_view format);

// The formats of schema_format_table.cc alone.
std::string_view TabledPattern(std::string_view format);

}  // namespace millrace::grammar
