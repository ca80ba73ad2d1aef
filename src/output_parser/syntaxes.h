// The syntaxes this build knows; each is defined in the file of its name.
#pragma once

#include "output_parser/parser.h"

namespace millrace::output_parser {

extern const Syntax kHermes;      // Qwen3 and the bundled model
extern const Syntax kQwen3Coder;  // Qwen3-Coder, Qwen3.5
extern const Syntax kGlm45;       // GLM-4.5 to GLM-5

}  // namespace millrace::output_parser
