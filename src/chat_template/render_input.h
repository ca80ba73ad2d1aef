// The conversation as the values a chat template reads.
#pragma once

#include "chat_template/interpreter.h"
#include "chat_template/template.h"

namespace millrace::chat_template {

// Variables: `messages`, `tools` and `documents` (none when there are none),
// `add_generation_prompt`, `enable_thinking`, `thinking` (the same), `bos_token`, `eos_token`;
// `reasoning_effort` ("high", "max") when the input has one.
//
// A message has `role` and `content`, and where it has them `reasoning_content`, `tool_calls`,
// `tool_call_id`, `name`. A call is {"id", "type": "function", "function": {"name", "arguments"}};
// arguments that are a JSON object become a mapping, others stay text. Roles, types and token texts
// count as template text, everything else is data.
Context ContextOf(const RenderInput& input);

// One tool as templates see it, and the arguments of one call.
Value ToolOf(const chat::ToolSpec& tool);
Value ArgumentsOf(const chat::ToolCall& call);

}  // namespace millrace::chat_template
