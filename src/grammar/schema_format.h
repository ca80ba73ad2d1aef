// The formats that are enforced, as regular expressions over the whole string.
//
// What is not regular is narrowed: a leap second only at 23:59:60 UTC, no A-labels in host names.
#pragma once

#include <string_view>

namespace millrace::grammar {

// The pattern of `format`, whole-string; empty for a format that is not enforced.
std::string_view PatternOfFormat(std::string_view format);

}  // namespace millrace::grammar
