// The pattern that names of functions and schemas follow: ^[A-Za-z0-9_-]{1,64}$
#pragma once

#include <string>
#include <string_view>

#include "api/wire_error.h"
#include "json/field_reader.h"

namespace millrace::api {

bool IsName(std::string_view text);

// The required field `key`, which must be a name.
WireResult<std::string> RequiredName(const json::FieldReader& fields, std::string_view key);

}  // namespace millrace::api
