// The prompt of a request to fill a gap (api-contract 2.11).
#pragma once

#include <vector>

#include "base/ids.h"
#include "chat/chat_request.h"
#include "tokenizer/tokenizer.h"

namespace millrace::local {

// The text of the last user message comes before the prefix, on lines of its own; the other
// messages are not shown. No template is used: models learn to fill gaps on bare text. `request`
// has a prefix and a suffix, and the tokenizer has FIM tokens. What the texts say is text: it never
// becomes a special token.
std::vector<base::TokenId> MakeFimPrompt(const tokenizer::Tokenizer& tokenizer,
                                         const chat::ChatRequest& request);

}  // namespace millrace::local
