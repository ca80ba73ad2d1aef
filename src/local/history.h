// Prepares a conversation for its template (api-contract 2.4).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chat/message.h"
#include "output_parser/parser.h"

namespace millrace::local {

// Reasoning of finished turns is not shown to the model again. It is kept where the model is still
// at work: in assistant messages with tool calls after the last user message. A reasoning block at
// the start of an assistant's content counts as reasoning.
std::vector<chat::Message> ForgetReasoning(std::vector<chat::Message> messages,
                                           const output_parser::Syntax& syntax);

// For templates that insist on a form: one system message first, then user and assistant in turn.
// Neighbours of one role are joined with a blank line, a later system message speaks as the user,
// and an empty user turn is added where there is none.
std::vector<chat::Message> Alternate(std::vector<chat::Message> messages);

}  // namespace millrace::local
