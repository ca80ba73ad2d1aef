// Parses a template into an Ast.
#pragma once

#include <string_view>

#include "base/result.h"
#include "chat_template/ast.h"

namespace millrace::chat_template {

// Errors: kInvalidArgument with line and column: bad syntax; nesting too deep; filters, tests and
// statements that do not exist; calls of a function that neither exists nor can be a variable.
base::Result<Ast> Parse(std::string_view source);

}  // namespace millrace::chat_template
