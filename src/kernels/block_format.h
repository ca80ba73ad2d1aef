// Values of quantised blocks, one at a time and in the plainest way: what every faster kernel is
// held against.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gguf/half.h"
#include "gguf/tensor_type.h"

namespace millrace::kernels {

// True for the element types a weight matrix may have: F32, F16, BF16 and every quantised type of
// gguf::TensorType. Integers and F64 are not weights.
bool IsWeightType(gguf::TensorType type);

// Writes the `value_count` values that start at `blocks`, which need no alignment, to `out`.
// `value_count` is a multiple of the type's block, `type` a weight type. Used for embedding rows,
// and by tests.
void Dequantise(gguf::TensorType type, const std::byte* blocks, int64_t value_count, float* out);

}  // namespace millrace::kernels
