// Cuts a template into tokens, applying white-space control.
//
// Follows jinja2's lexer with trim_blocks and lstrip_blocks: line ends become "\n", one trailing
// line end is dropped, the line end after a block or comment goes, and so does white space from a
// line's start to a block or comment.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::chat_template {

enum class TokenKind {
  kText,           // template text; `text` holds it
  kBlockBegin,     // {%
  kBlockEnd,       // %}
  kVariableBegin,  // {{
  kVariableEnd,    // }}
  kName,
  kString,  // `text` holds the unescaped characters
  kInteger,
  kFloat,
  kOperator,  // `text` holds it: "==", "(", "|"
  kEnd,
};

struct Position {
  int32_t line = 1;
  int32_t column = 1;  // in bytes
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;
  Position position;
  int64_t integer = 0;
  double real = 0;
};

// An error at a place of the template, worded "line 3, column 7: …".
base::Error TemplateError(Position position, std::string_view message);

// The tokens of `source`, the last one kEnd. Errors: kInvalidArgument.
base::Result<std::vector<Token>> Tokenize(std::string_view source);

}  // namespace millrace::chat_template
