// Which element type each tensor of a quantised file gets.
//
// A mix such as Q4_K_M spends more bits on the tensors whose errors hurt most. The recipe is the
// one of llama.cpp
// (`src/llama-quant.cpp`), so that files made here and elsewhere have the same types tensor by
// tensor.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "gguf/tensor_type.h"

namespace millrace::gguf {

// Numbers are those of the metadata key `general.file_type`.
enum class FileMix : uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ8_0 = 7,
  kQ5_0 = 8,
  kQ5_1 = 9,
  kQ4_K_S = 14,
  kQ4_K_M = 15,
  kQ5_K_S = 16,
  kQ5_K_M = 17,
  kQ6_K = 18,
  kBF16 = 32,
};

// By the name people write, letter case aside: "Q4_K_M". nullopt for a name this build does not
// know.
std::optional<FileMix> FindFileMix(std::string_view name);

std::string_view FileMixName(FileMix mix);

// What a tensor is, as far as the recipe asks.
struct MixTensor {
  std::string_view name;  // as in the file: "blk.3.ffn_down.weight"
  int64_t row_length = 0;
  int32_t dimension_count = 0;
  int32_t layer = 0;        // place among the tensors of its class, in file order
  int32_t layer_count = 0;  // how many there are
  bool has_output = false;  // the file has an `output.weight` apart from the embedding
};

// Norms, routers and other one-dimensional tensors stay F32. Rows that are not whole blocks fall
// back to a type with smaller blocks.
TensorType TypeInMix(FileMix mix, const MixTensor& tensor);

}  // namespace millrace::gguf
