// The prompts of DeepSeek V3.1, V3.2 and V4. The publisher describes those of V3.2 and V4 by a
// program instead of a template, and its template of V3.1 leaves out the tools that its model card
// describes. Written to the inputs and outputs of program and template, so prompts are equal byte
// for byte where their rules apply; beyond them, nothing a valid request can hold is refused:
// - Tools belong to the first system message; without one an empty one is made.
// - Results come in the order of their calls; missing ones are left out.
// - Arguments that are no JSON object are one string argument named "arguments".
// - A conversation that ends with another role than user and tool gets a new assistant turn.
#pragma once

#include <memory>

#include "chat_template/template.h"

namespace millrace::chat_template {

// V3.1. All system messages come first, then the tools. Reasoning is never kept. An answer that
// follows the results of tools has no mark of its own, so that it does not think.
std::shared_ptr<const Template> MakeDeepseekV31Encoder();

// V3.2. Reasoning is kept after the last user message and dropped before it.
std::shared_ptr<const Template> MakeDeepseekV32Encoder();

// V4. Results of tools are part of user turns. With tools all reasoning is kept, without only that
// after the last user turn. The first release puts a text before the prompt for the effort "max";
// the one of 0731 has that text for "high" and a stronger one for "max".
enum class DeepseekV4Release { kFirst, k0731 };
std::shared_ptr<const Template> MakeDeepseekV4Encoder(DeepseekV4Release release);

}  // namespace millrace::chat_template
