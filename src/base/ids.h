// Typed ids shared by more than one folder. A count, an index and an id are never the same type.
#pragma once

#include <cstdint>

namespace millrace::base {

// Index of a vocabulary entry. Meaningless outside the vocabulary it came from.
enum class TokenId : int32_t {};

constexpr int32_t ToIndex(TokenId id) { return static_cast<int32_t>(id); }

}  // namespace millrace::base
