// From the bytes of a body to a valid chat::ChatRequest: the only way one is made.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "accounts/accounts.h"
#include "api/api_options.h"
#include "api/backend_resolver.h"
#include "api/content_fields.h"
#include "api/reply_format.h"
#include "api/wire_error.h"
#include "chat/chat_backend.h"
#include "chat/chat_request.h"

namespace millrace::api {

// What a request brings besides its body.
struct RequestOrigin {
  std::string user_agent;
  accounts::Principal principal;  // whose cached prefixes are used, and which models it may use
  uint64_t fallback_seed = 0;     // when the body has none
};

struct ParsedChat {
  std::shared_ptr<chat::ChatBackend> backend;
  chat::ChatRequest request;
  ReplyOptions reply;
  MediaFound media;  // not loaded yet
  // Tokens a choice may generate as far as the client itself gave a limit.
  std::optional<int64_t> choice_tokens_max;
  // Reasoning tokens that may come beyond it, because the client limited its answer alone.
  int64_t choice_tokens_open = 0;
};

// Checks in the order of the contract (5.8, steps 8 to 14 and the limits of 16 that need no
// tokens); the first failing check is the error. Pure apart from asking `backends`.
WireResult<ParsedChat> ParseChatRequest(std::string_view body, const RequestOrigin& origin,
                                        const BackendResolver& backends, const ApiOptions& options);

}  // namespace millrace::api
