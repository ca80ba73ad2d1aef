#include "gguf/file_mix.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace millrace::gguf {
namespace {

struct MixRow {
  FileMix mix;
  std::string_view name;
  TensorType base;     // most tensors
  TensorType output;   // the output matrix, also when it is the embedding
  TensorType careful;  // the values and down projections of some layers
};

constexpr std::array kMixes = {
    MixRow{FileMix::kF32, "F32", TensorType::kF32, TensorType::kF32, TensorType::kF32},
    MixRow{FileMix::kF16, "F16", TensorType::kF16, TensorType::kF16, TensorType::kF16},
    MixRow{FileMix::kBF16, "BF16", TensorType::kBF16, TensorType::kBF16, TensorType::kBF16},
    MixRow{FileMix::kQ4_0, "Q4_0", TensorType::kQ4_0, TensorType::kQ6_K, TensorType::kQ4_0},
    MixRow{FileMix::kQ4_1, "Q4_1", TensorType::kQ4_1, TensorType::kQ6_K, TensorType::kQ4_1},
    MixRow{FileMix::kQ5_0, "Q5_0", TensorType::kQ5_0, TensorType::kQ6_K, TensorType::kQ5_0},
    MixRow{FileMix::kQ5_1, "Q5_1", TensorType::kQ5_1, TensorType::kQ6_K, TensorType::kQ5_1},
    MixRow{FileMix::kQ8_0, "Q8_0", TensorType::kQ8_0, TensorType::kQ8_0, TensorType::kQ8_0},
    MixRow{FileMix::kQ4_K_S, "Q4_K_S", TensorType::kQ4_K, TensorType::kQ6_K, TensorType::kQ5_K},
    MixRow{FileMix::kQ4_K_M, "Q4_K_M", TensorType::kQ4_K, TensorType::kQ6_K, TensorType::kQ6_K},
    MixRow{FileMix::kQ5_K_S, "Q5_K_S", TensorType::kQ5_K, TensorType::kQ6_K, TensorType::kQ5_K},
    MixRow{FileMix::kQ5_K_M, "Q5_K_M", TensorType::kQ5_K, TensorType::kQ6_K, TensorType::kQ6_K},
    MixRow{FileMix::kQ6_K, "Q6_K", TensorType::kQ6_K, TensorType::kQ6_K, TensorType::kQ6_K},
};

const MixRow& RowOf(FileMix mix) {
  return *std::find_if(kMixes.begin(), kMixes.end(),
                       [&](const MixRow& row) { return row.mix == mix; });
}

bool SameIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::toupper(static_cast<unsigned char>(x)) ==
           std::toupper(static_cast<unsigned char>(y));
  });
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool StaysFloat(const MixTensor& tensor) {
  if (tensor.dimension_count < 2 || !tensor.name.ends_with("weight")) {
    return true;
  }
  constexpr std::array<std::string_view, 6> kParts = {
      "_norm.weight", "ffn_gate_inp.weight", "ffn_gate_tid2eid.weight",
      "ssm_conv1d",   ".patch_embd",         ".patch_merger"};
  return std::any_of(kParts.begin(), kParts.end(),
                     [&](std::string_view part) { return Contains(tensor.name, part); });
}

// The first and last eighth of the layers, and every third between them.
bool InCarefulLayer(int32_t layer, int32_t count) {
  return layer < count / 8 || layer >= 7 * count / 8 || (layer - count / 8) % 3 == 2;
}

bool IsValueProjection(std::string_view name) {
  return Contains(name, "attn_v.weight") || Contains(name, "attn_qkv.weight") ||
         Contains(name, "attn_kv_b.weight");
}

TensorType PreferredType(FileMix mix, const MixTensor& tensor) {
  const MixRow& row = RowOf(mix);
  const bool is_output =
      tensor.name == "output.weight" || (tensor.name == "token_embd.weight" && !tensor.has_output);
  if (is_output) {
    return row.output;
  }
  const bool is_value = IsValueProjection(tensor.name);
  const bool is_down = Contains(tensor.name, "ffn_down");
  if (!is_value && !is_down) {
    return row.base;
  }
  const bool small = mix == FileMix::kQ4_K_S;
  const bool careful = small && is_value ? tensor.layer < 4
                       : small           ? tensor.layer < tensor.layer_count / 8
                                         : InCarefulLayer(tensor.layer, tensor.layer_count);
  return careful ? row.careful : row.base;
}

// The type to use when rows are not a multiple of the 256 values of a K block.
TensorType SmallBlockFallback(TensorType type) {
  switch (type) {
    case TensorType::kQ4_K:
      return TensorType::kQ5_0;
    case TensorType::kQ5_K:
      return TensorType::kQ5_1;
    case TensorType::kQ6_K:
      return TensorType::kQ8_0;
    default:
      return TensorType::kF16;
  }
}

}  // namespace

std::optional<FileMix> FindFileMix(std::string_view name) {
  for (const MixRow& row : kMixes) {
    if (SameIgnoringCase(row.name, name)) {
      return row.mix;
    }
  }
  return std::nullopt;
}

std::string_view FileMixName(FileMix mix) { return RowOf(mix).name; }

TensorType TypeInMix(FileMix mix, const MixTensor& tensor) {
  if (StaysFloat(tensor)) {
    return TensorType::kF32;
  }
  TensorType type = PreferredType(mix, tensor);
  while (tensor.row_length % InfoOf(type).block_values != 0) {
    type = SmallBlockFallback(type);
  }
  return type;
}

}  // namespace millrace::gguf
