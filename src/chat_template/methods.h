// Methods of strings, dicts and sequences, and Python's two ways of formatting.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "chat_template/runtime.h"
#include "chat_template/value.h"

namespace millrace::chat_template {

enum class MethodAccess {
  kNone,  // no such method
  kCallable,
  kUnsafe,  // it would change the value: the sandbox hides it
};
MethodAccess FindMethod(const Value& receiver, std::string_view name);

// The method must be callable. Errors: kInvalidArgument for wrong arguments, kResourceExhausted.
base::Result<Value> CallMethod(Runtime& runtime, const Value& receiver, std::string_view name,
                               const Arguments& arguments);

// Null when strings have no such method.
using StringMethod = base::Result<Value> (*)(Runtime& runtime, const Value& receiver,
                                             const Arguments& arguments);
StringMethod FindStringMethod(std::string_view name);

// `format % arguments` and `format.format(...)`.
base::Result<Value> FormatPercent(Runtime& runtime, const Value& format, const Value& arguments);
base::Result<Value> FormatBraces(Runtime& runtime, const Value& format, const Arguments& arguments);

// Shared with the filters of the same names.

// The part of `text` without white space, or without characters of `chars`, at the chosen ends.
enum class StripEnds { kLeft, kRight, kBoth };
base::Result<Text> Stripped(Runtime& runtime, const Text& text, const std::optional<Text>& chars,
                            StripEnds ends);
// At most `count` replacements, all when negative.
base::Result<Text> Replaced(Runtime& runtime, const Text& text, const Text& from, const Text& to,
                            int64_t count);
Text Capitalized(const Text& text);
// Centred in `width` characters as str.center does.
base::Result<Text> Centered(Runtime& runtime, const Text& text, int64_t width, const Text& fill);

}  // namespace millrace::chat_template
