// Rounds floats to the blocks of a tensor type.
//
// Scales are searched for, not just taken from the largest value: a few candidates a block, each
// with its best scale by least squares, the one with the smallest error kept. Larger values weigh
// more.
#pragma once

#include <cstddef>
#include <span>

#include "gguf/tensor_type.h"

namespace millrace::gguf {

// F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K.
bool CanQuantise(TensorType type);

// Writes `values`, a whole number of blocks, to `out`, which has RowBytes(type, values.size())
// bytes at any alignment. `type` must be one that CanQuantise. Deterministic; values must be
// finite.
void QuantiseRow(TensorType type, std::span<const float> values, std::span<std::byte> out);

}  // namespace millrace::gguf
