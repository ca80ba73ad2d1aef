// How a model's reasoning syntax looks in tokens, and where a prompt leaves off.
#pragma once

#include <optional>
#include <span>

#include "chat_template/template.h"
#include "engine/engine.h"
#include "output_parser/parser.h"
#include "tokenizer/tokenizer.h"

namespace millrace::local {

// Nothing when the syntax has no reasoning. `starts_inside` is left false.
std::optional<engine::ReasoningSyntax> MakeReasoningSyntax(const tokenizer::Tokenizer& tokenizer,
                                                           const output_parser::Syntax& syntax);

// Whether the prompt ends inside reasoning that the template opened. What messages say does not
// count.
bool EndsInsideReasoning(std::span<const chat_template::PromptPiece> pieces,
                         const output_parser::Syntax& syntax);

}  // namespace millrace::local
