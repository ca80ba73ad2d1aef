// Prepares a conversation for its template (api-contract 2.4).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chat/message.h"
#include "chat_template/template.h"
#include "output_parser/parser.h"

namespace millrace::local {

// What becomes of reasoning in old messages.
enum class OldReasoning {
  kRunning,  // kept where the model is at work: with calls, after the last user message
  kAll,      // kept everywhere
};

// What the family does with a conversation: all reasoning is kept where it wants that with tools,
// otherwise that of finished turns is not shown to the model again.
OldReasoning OldReasoningOf(const chat_template::Template& chat_template, bool any_tools);

// A reasoning block at the start of an assistant's content counts as reasoning.
std::vector<chat::Message> ForgetReasoning(std::vector<chat::Message> messages,
                                           const output_parser::Syntax& syntax,
                                           OldReasoning old = OldReasoning::kRunning);

// For templates that insist on a form: one system message first, then user and assistant in turn.
// Neighbours of one role are joined with a blank line, a later system message speaks as the user,
// and an empty user turn is added where there is none.
std::vector<chat::Message> Alternate(std::vector<chat::Message> messages);

// Arguments of calls that are no JSON object, as a model that was cut leaves them, become one of a
// single member "arguments" with their text.
std::vector<chat::Message> WithArgumentObjects(std::vector<chat::Message> messages);

// Renders what the input holds; where the template refuses it, with WithArgumentObjects, then with
// Alternate besides. The error is that of the first try.
base::Result<std::vector<chat_template::PromptPiece>> RenderAdapting(
    const chat_template::Template& chat_template, chat_template::RenderInput input);

}  // namespace millrace::local
