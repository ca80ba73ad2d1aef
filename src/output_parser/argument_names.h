// Names of arguments between tags.
#pragma once

#include <cstddef>
#include <string_view>

#include "output_parser/syntax.h"

namespace millrace::output_parser {

inline constexpr size_t kArgumentNameBytesMax = 4096;

// The name that is meant: without the quotes and white space that models put around it.
std::string_view Unquoted(std::string_view name);

// What begins a value though its key lacks its end: a tag, or the line's end. Empty where it is not
// to be told. `form` is one of tagged arguments.
std::string_view ValueOpen(const CallForm& form);

// Whether a name, written as it is where `form` has it, is read as the same name. `form` is one of
// tagged arguments.
bool ComesBack(std::string_view name, const CallForm& form);

}  // namespace millrace::output_parser
