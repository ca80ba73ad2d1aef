// Reads `response_format` (api-contract 2.8).
#pragma once

#include "api/read_context.h"
#include "api/wire_error.h"
#include "chat/chat_request.h"
#include "json/field_reader.h"

namespace millrace::api {

// Shape only: whether the model has a JSON mode is a capability check of the caller, and what the
// schema means is the backend's business.
WireResult<chat::ResponseFormat> ReadResponseFormat(const json::FieldReader& body,
                                                    const ReadContext& context);

}  // namespace millrace::api
