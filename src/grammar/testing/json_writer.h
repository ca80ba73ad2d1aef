// JSON text of a tree, for instances of test data.
#pragma once

#include <string>

#include "grammar/json_text.h"

namespace millrace::grammar::testing {

enum class Spacing { kCompact, kSpaced };

// Numbers without exponent; strings with as few escapes as JSON allows.
std::string WriteJson(const JsonNode& value, Spacing spacing);

}  // namespace millrace::grammar::testing
