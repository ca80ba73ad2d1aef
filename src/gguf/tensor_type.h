// The element types of GGUF tensors and the size of their blocks.
// Source: ggml `include/ggml.h`, `src/ggml-common.h`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::gguf {

// Numbers are those of the file.
enum class TensorType : uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ2_K = 10,
  kQ3_K = 11,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kIQ4_NL = 20,
  kIQ4_XS = 23,
  kI8 = 24,
  kI16 = 25,
  kI32 = 26,
  kI64 = 27,
  kF64 = 28,
  kBF16 = 30,
  kMXFP4 = 39,
};

struct TensorTypeInfo {
  TensorType type;
  std::string_view name;  // as people write it: "Q4_K"
  int32_t block_values;   // values in one block; a row is a whole number of blocks
  int32_t block_bytes;
};

// nullopt for a number this build does not know.
std::optional<TensorTypeInfo> FindTensorType(uint32_t number);

const TensorTypeInfo& InfoOf(TensorType type);

// Bytes of one row of `values` elements; `values` must be a multiple of the block.
int64_t RowBytes(TensorType type, int64_t values);

}  // namespace millrace::gguf
