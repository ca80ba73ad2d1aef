// The log line of one request.
#pragma once

#include <string>

#include "api/request_log.h"

namespace millrace::app {

// What, who, how much, how long: a line for people.
std::string RequestLine(const api::RequestLog& log);

// The same as one JSON object, with `time` in milliseconds of Unix time. Fields that do not apply
// are left out.
std::string RequestJson(const api::RequestLog& log, int64_t unix_millis);

}  // namespace millrace::app
