// Small schemas that together use every keyword, alone and against each other.
#pragma once

#include <span>

namespace millrace::grammar::testing {

// Texts of schemas, draft 2020-12. All compile, and under each some value is valid.
std::span<const char* const> SampleSchemas();

}  // namespace millrace::grammar::testing
