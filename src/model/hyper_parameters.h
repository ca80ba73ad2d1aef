// The numbers that give a model its shape, read from the metadata of its file.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "gguf/reader.h"

namespace millrace::model {

enum class RopeScaling { kNone, kLinear, kYarn };

// Rotary position embedding. The fields after `factor` matter for kYarn alone.
struct RopeParameters {
  int32_t dimension_count = 0;  // leading components of each head that are rotated
  double base = 10000.0;
  RopeScaling scaling = RopeScaling::kNone;
  double factor = 1.0;               // how much longer than `original_context` the context is
  double original_context = 0.0;     // tokens the model was trained on
  double beta_fast = 32.0;
  double beta_slow = 1.0;
  double attention_factor = 1.0;     // on top of YaRN's own 0.1 ln(factor) + 1
};

// Every count but those of experts is above zero, all are small enough that products of two fit 63 bits.
struct HyperParameters {
  std::string architecture;
  int32_t context_tokens = 0;
  int32_t layer_count = 0;
  int32_t hidden_size = 0;
  int32_t ffn_size = 0;  // of a dense layer, or of one expert
  int32_t head_count = 0;
  int32_t kv_head_count = 0;  // divides head_count
  int32_t key_size = 0;       // of one head; even
  int32_t value_size = 0;     // of one head
  float norm_epsilon = 0;
  int32_t expert_count = 0;       // 0: a dense model
  int32_t expert_used_count = 0;  // experts a token goes to
  RopeParameters rope;
};

// Reads the keys `<architecture>.*` of a decoder with grouped-query attention. Errors name the key:
// kCorruptData for a missing key, a wrong type or a value outside its range, kUnsupported for a rope scaling this
// build does not know.
base::Result<HyperParameters> ReadHyperParameters(const gguf::File& file);

}  // namespace millrace::model
