// Values as text: str(), repr() and JSON, as Python writes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "chat_template/runtime.h"
#include "chat_template/value.h"

namespace millrace::chat_template {

// str(value): what `{{ value }}` prints. Strings keep their origins; numbers, booleans and none
// count as template text, the punctuation of containers as data.
base::Result<Text> ToText(Runtime& runtime, const Value& value);

// Shortest digits that read back as the same number: "1.0", "1e+16", "nan".
std::string FloatText(double value);

// Quoted and escaped like a Python string literal.
std::string QuotedLikePython(std::string_view text);

struct JsonStyle {
  bool ensure_ascii = false;
  bool sort_keys = false;
  std::optional<std::string> indent;  // text of one level; nothing: all on one line
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};
// json.dumps(value). Errors: kInvalidArgument for what JSON cannot hold (undefined, functions,
// ranges).
base::Result<Text> ToJson(Runtime& runtime, const Value& value, const JsonStyle& style = {});

}  // namespace millrace::chat_template
