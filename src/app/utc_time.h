// Points in time as people write them on the command line, always UTC.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::app {

// Reads "2026-11-23", "2026-11-23T09:30" or "2026-11-23T09:30:15", each with or without a "Z"
// behind it, into seconds since the Unix epoch; a blank may stand for the T. Years 1970 to 9999.
// Errors: kInvalidArgument.
base::Result<int64_t> ParseUtcTime(std::string_view text);

// "2026-11-23 09:30".
std::string ShowUtcTime(int64_t unix_seconds);

}  // namespace millrace::app
