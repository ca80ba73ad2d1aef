// Reads `messages` (api-contract 2.4): each message by itself, then the rules of their sequence.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/content_fields.h"
#include "api/read_context.h"
#include "api/wire_error.h"
#include "chat/message.h"
#include "json/field_reader.h"

namespace millrace::api {

struct MessagesField {
  std::vector<chat::Message> messages;
  MediaFound media;
  // Text of a final assistant message that asked to be continued; it is then not in `messages`.
  std::optional<std::string> continued_answer;
};

// Every message in order. Legacy `function` messages come out as kTool with an empty tool_call_id.
WireResult<MessagesField> ReadMessages(const json::FieldReader& body, const ReadContext& context);

// Tool results must follow the calls they answer, and (`late_system`) system messages may have to
// come first. Gives legacy function results the id of the latest call of that name.
WireStatus CheckSequence(std::vector<chat::Message>& messages, const ReadContext& context);

}  // namespace millrace::api
