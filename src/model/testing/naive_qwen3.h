// Qwen3 in the plainest way, as a second opinion: doubles, one token after another, no cache, no
// chunks, no threads. Source: Hugging Face transformers, models/qwen3/modeling_qwen3.py and
// models/qwen3_moe/modeling_qwen3_moe.py.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "gguf/reader.h"

namespace millrace::model::testing {

enum class CacheRounding {
  kNone,    // the mathematical model
  kHalves,  // keys and values rounded to IEEE halves, as a cache of halves does
};

// Logits of every position: [tokens.size()][vocabulary]. Matrices are widened to doubles, whatever
// their type. The file must be a valid Qwen3 model, dense or with experts, with separate tensors
// for every projection.
std::vector<std::vector<double>> NaiveLogits(const gguf::File& file,
                                             std::span<const base::TokenId> tokens,
                                             CacheRounding rounding = CacheRounding::kNone);

}  // namespace millrace::model::testing
