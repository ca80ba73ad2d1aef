// JSON read into values of the template language.
#pragma once

#include <string_view>

#include "base/result.h"
#include "chat_template/value.h"

namespace millrace::chat_template {

// Every string of the result is conversation data; keys keep their order. Errors: as json::Parse.
base::Result<Value> ValueFromJson(std::string_view json_text);

}  // namespace millrace::chat_template
