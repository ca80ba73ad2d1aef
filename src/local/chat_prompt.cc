#include "local/chat_prompt.h"

#include <utility>

#include "local/history.h"
#include "local/reasoning.h"

namespace millrace::local {
namespace {

using chat_template::PromptPiece;

base::Result<std::vector<PromptPiece>> Render(const ChatFormat& format,
                                              const chat::ChatRequest& request,
                                              const ChatPromptOptions& options) {
  const chat_template::Template& chat_template = *format.chat_template;
  chat_template::RenderInput input;
  input.messages = options.as_given
                       ? request.messages
                       : ForgetReasoning(request.messages, *format.syntax,
                                         OldReasoningOf(chat_template, !request.tools.empty()));
  input.tools = request.tools;
  input.enable_thinking = request.enable_thinking;
  input.reasoning_effort = request.effort;
  input.bos_token = options.bos_token;
  input.eos_token = options.eos_token;
  input.unix_seconds = options.unix_seconds;
  auto rendered = options.as_given ? chat_template.Render(input)
                                   : RenderAdapting(chat_template, std::move(input));
  if (rendered.has_value()) {
    return rendered;
  }
  return base::InvalidArgument(
      "messages: the chat template of this model refused them: " + rendered.error().message,
      "messages");
}

// Opens or closes reasoning where the template left it otherwise than the request has it. True: the
// prompt ends inside.
bool SettleReasoning(const output_parser::Syntax& syntax, const chat::ChatRequest& request,
                     bool always_thinks, std::vector<PromptPiece>& pieces) {
  const bool inside = EndsInsideReasoning(pieces, syntax);
  const bool wanted = request.enable_thinking && !request.answer_prefix;
  if (inside && !wanted) {
    pieces.push_back({.text = std::string(syntax.forced_close)});
    return false;
  }
  if (!inside && wanted && always_thinks) {
    pieces.push_back({.text = std::string(syntax.think_open) + "\n"});
    return true;
  }
  return inside;
}

}  // namespace

base::Result<ChatPrompt> MakeChatPrompt(const ChatFormat& format, const chat::ChatRequest& request,
                                        const ChatPromptOptions& options) {
  ChatPrompt prompt{.pieces = TRY(Render(format, request, options))};
  prompt.ends_inside_reasoning =
      SettleReasoning(*format.syntax, request, options.always_thinks, prompt.pieces);
  if (request.answer_prefix) {
    prompt.pieces.push_back({.text = *request.answer_prefix, .from_template = false});
  }
  return prompt;
}

}  // namespace millrace::local
