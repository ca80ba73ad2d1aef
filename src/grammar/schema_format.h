// The formats that are enforced, as regular expressions over the whole string.
#pragma once

#include <string_view>

namespace millrace::grammar {

// The pattern of `format`, whole-string; empty for a format that is not enforced.
std::string_view PatternOfFormat(std::string_view format);

}  // namespace millrace::grammar
