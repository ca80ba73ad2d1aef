// From a conversation to the text of its prompt.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "chat/chat_request.h"
#include "chat_template/template.h"
#include "local/model_facts.h"

namespace millrace::local {

// What a prompt is made with besides the request and the format.
struct ChatPromptOptions {
  std::string bos_token = {};
  std::string eos_token = {};
  int64_t unix_seconds = 0;    // for templates that tell the date
  bool always_thinks = false;  // reasoning is opened where the template leaves it to the model
  // Messages reach the template as the request has them: reasoning of finished turns stays, and
  // what the template refuses is not tried in another form.
  bool as_given = false;
};

struct ChatPrompt {
  std::vector<chat_template::PromptPiece> pieces;
  bool ends_inside_reasoning = false;
};

// Reasoning that the template opened is closed when the request wants none or gives the beginning
// of the answer, which then ends the prompt. Errors: kInvalidArgument of "messages" with the
// template's words.
base::Result<ChatPrompt> MakeChatPrompt(const ChatFormat& format, const chat::ChatRequest& request,
                                        const ChatPromptOptions& options);

}  // namespace millrace::local
