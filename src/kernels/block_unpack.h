// Blocks as small integers: what the integer dot products work on.
//
// A block of 32 becomes y = d * code + m. A block of 256 becomes y = d * code - dmin * min, where
// `code` already holds the integer scale of its 16 or 32 values: at most 4096 in magnitude, so that
// 256 products with 8-bit activations stay far inside 32 bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gguf/tensor_type.h"

namespace millrace::kernels {

struct Codes32 {
  int16_t code[32];
  float d;
  float m;  // 0 for formats without a minimum
};

struct Codes256 {
  int16_t code[256];
  int16_t min[16];  // of 16 values each; 0 for formats without minima
  float d;
  float dmin;
};

// The block that starts at `block`, of a type whose blocks hold 32 (256) values.
void UnpackCodes(gguf::TensorType type, const std::byte* block, Codes32& out);
void UnpackCodes(gguf::TensorType type, const std::byte* block, Codes256& out);

// How a type's products are computed.
enum class ProductKind { kFloat, kBlocks32, kBlocks256 };

ProductKind ProductKindOf(gguf::TensorType type);

// Formats whose value has a term of its own besides the codes.
bool HasMinimum(gguf::TensorType type);

}  // namespace millrace::kernels
