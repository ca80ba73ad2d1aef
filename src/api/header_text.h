// Small rules of header values: case, blanks, the media types this server reads.
#pragma once

#include <string_view>

#include "http/message.h"

namespace millrace::api {

bool EqualsIgnoringCase(std::string_view a, std::string_view b);
bool StartsWithIgnoringCase(std::string_view text, std::string_view prefix);
// Without spaces and tabs at either end.
std::string_view TrimBlanks(std::string_view text);

// Whether the body can be read as JSON: the content type is absent, application/json or
// application/*+json, its charset is utf-8 or us-ascii, and there is no content encoding.
bool IsJsonRequest(const http::RequestHead& head);

}  // namespace millrace::api
