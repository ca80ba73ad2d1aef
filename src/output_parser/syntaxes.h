// The syntaxes this build knows; each is defined in the file of its name.
#pragma once

#include "output_parser/syntax.h"

namespace millrace::output_parser {

extern const Syntax kHermes;       // Qwen3 and the bundled model
extern const Syntax kQwen3Coder;   // Qwen3-Coder, Qwen3.5
extern const Syntax kGlm45;        // GLM-4.5, 4.6, 4.5V, 4.6V
extern const Syntax kGlm47;        // GLM-4.7, GLM-5
extern const Syntax kDeepseekV3;   // DeepSeek V3 and R1
extern const Syntax kDeepseekV31;  // DeepSeek V3.1
extern const Syntax kDeepseekV32;  // DeepSeek V3.2
extern const Syntax kDeepseekV4;   // DeepSeek V4
extern const Syntax kHunyuan;      // Hunyuan-A13B

}  // namespace millrace::output_parser
