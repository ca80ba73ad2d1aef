// Parses a template into an Ast.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "chat_template/ast.h"

namespace millrace::chat_template {

// No template comes near it; the longest published ones have 30 KB.
inline constexpr size_t kSourceBytesMax = 1 << 20;

// Errors: kInvalidArgument with line and column: too long; not UTF-8; bad syntax; nesting too deep;
// filters, tests and statements that do not exist; calls of a function that neither exists nor can
// be a variable.
base::Result<Ast> Parse(std::string_view source);

}  // namespace millrace::chat_template
