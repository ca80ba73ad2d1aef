// Reads the fields that steer sampling: temperature, penalties, `stop`, `n`, `seed`, `logit_bias`.
// The order in which fields are checked is the caller's; each function reads one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/read_context.h"
#include "api/wire_error.h"
#include "json/field_reader.h"

namespace millrace::api {

// Empty when absent or an empty list; empty strings are dropped.
WireResult<std::vector<std::string>> ReadStop(const json::FieldReader& body,
                                              const ReadContext& context);

// Off (-1, 0) is 0; a fraction is floored.
WireResult<std::optional<int32_t>> ReadTopK(const json::FieldReader& body);

// At least 1, at most the record's `n_max`.
WireResult<int32_t> ReadChoiceCount(const json::FieldReader& body, const ReadContext& context);

WireResult<std::vector<std::pair<int32_t, float>>> ReadLogitBias(const json::FieldReader& body,
                                                                 const ReadContext& context);

}  // namespace millrace::api
