// The conversation as the values a chat template reads.
#pragma once

#include "chat_template/interpreter.h"
#include "chat_template/template.h"

namespace millrace::chat_template {

// Variables: `messages`, `tools` and `documents` (none when there are none),
// `add_generation_prompt`, `enable_thinking`, `thinking` (the same), `bos_token`, `eos_token`.
//
// A message has `role` and `content`, and where it has them `reasoning_content`, `tool_calls`,
// `tool_call_id`, `name`. A call is {"id", "type": "function", "function": {"name", "arguments"}};
// arguments that are a JSON object become a mapping, others stay text. Roles, types and token texts
// count as template text, everything else is data.
Context ContextOf(const RenderInput& input);

}  // namespace millrace::chat_template
