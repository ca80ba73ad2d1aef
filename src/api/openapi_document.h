// The description of the API for machines: docs/openapi.yaml, as JSON, in the program.
#pragma once

#include <string_view>

namespace millrace::api {

// An OpenAPI 3.1 document. The build makes its source (tools/openapi_source.py).
std::string_view OpenApiDocument();

}  // namespace millrace::api
