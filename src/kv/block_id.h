#pragma once

#include <cstdint>

namespace millrace::kv {

// Index of one block in the KV cache. Meaningless outside the pool that made it.
enum class BlockId : int32_t {};

constexpr int32_t ToIndex(BlockId id) { return static_cast<int32_t>(id); }

}  // namespace millrace::kv
