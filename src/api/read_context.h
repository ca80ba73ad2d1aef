// What the readers of request fields need to know besides the field.
#pragma once

#include "api/api_options.h"
#include "chat/model_record.h"

namespace millrace::api {

// Borrowed for one call.
struct ReadContext {
  const chat::ModelRecord& record;
  const ApiOptions& options;
};

}  // namespace millrace::api
