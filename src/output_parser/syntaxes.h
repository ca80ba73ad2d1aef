// The syntaxes this build knows; each is defined in the file of its name.
#pragma once

#include "output_parser/parser.h"

namespace millrace::output_parser {

extern const Syntax kHermes;  // Qwen3 and the bundled model

}  // namespace millrace::output_parser
