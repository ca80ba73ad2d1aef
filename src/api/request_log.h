// What the log tells of one request. Never content: no prompt, no answer, no key.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "chat/chat_event.h"
#include "chat/chat_request.h"

namespace millrace::api {

struct RequestLog {
  std::string trace_id;
  std::string method;
  std::string route;  // "chat", "models", …; never the path as sent
  std::string remote_address;
  std::string account_id;
  std::string key_id;
  std::string model;  // id of the served record, empty when the request did not get that far
  int status = 0;     // sent to the client; 499 when it left before one was sent
  int code = 0;       // wire code of a refusal or failure, 0 when none
  std::string limit;  // the rate limit that refused it, such as "RPM"
  bool stream = false;
  bool thinking = false;
  std::optional<chat::ReasoningEffort> effort;
  chat::Usage usage;
  std::vector<chat::FinishReason> finish_reasons;  // of the choices that ended
  std::optional<int64_t>
      queue_millis;  // from the start of the request until the model began with it
  std::optional<int64_t> first_token_millis;  // from the start of the request
  int64_t duration_millis = 0;
};

// Called once a request, on the server's executor. Must not block.
using RequestLogger = std::function<void(const RequestLog&)>;

}  // namespace millrace::api
