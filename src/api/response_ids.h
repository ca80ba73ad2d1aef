// Ids of answers and of requests.
#pragma once

#include <cstdint>
#include <string>

#include "base/random.h"
#include "http/message.h"

namespace millrace::api {

// 32 lower-case hexadecimal digits: 12 of `unix_millis`, then 20 random ones.
std::string NewResponseId(int64_t unix_millis, base::RandomSource& random);

// The request's trace id: a well-formed `X-Trace-Id`, else the trace part of a valid W3C
// `traceparent`, else 32 fresh hexadecimal digits. `head` may be null.
// Source: https://www.w3.org/TR/trace-context/#traceparent-header
std::string ChooseTraceId(const http::RequestHead* head, base::RandomSource& random);

}  // namespace millrace::api
