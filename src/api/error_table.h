// The one place that knows status, code, shape and text of every refusal.
#pragma once

#include <string>

#include "api/api_options.h"
#include "api/wire_error.h"
#include "http/message.h"

namespace millrace::api {

// How the body of a refusal is written.
enum class BodyShape {
  kText,    // a bare JSON string
  kObject,  // {"code":…,"message":…,"data":null}
  kNoCode,  // {"message":…,"data":null}
};

struct FailureRow {
  Failure failure;
  int status;
  int code;  // also logged for rows whose body has none
  BodyShape shape;
  std::string_view text;         // default message
  std::string_view openai_type;  // `error.type` of the second envelope
};

const FailureRow& RowOf(Failure failure);

// The message a client sees for `error`.
std::string_view MessageOf(const WireError& error);

// The JSON body, without a newline.
std::string ErrorBody(const WireError& error, ErrorEnvelope envelope);

// Status, body and the headers that belong to the failure itself (content type, WWW-Authenticate,
// Retry-After). Trace and CORS headers are the endpoint's.
http::Response ErrorResponse(const WireError& error, const ApiOptions& options);

// The JSON of the event that ends a stream which had already begun.
std::string StreamErrorJson(const WireError& error);

}  // namespace millrace::api
