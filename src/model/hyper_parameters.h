// The numbers that give a model its shape, read from the metadata of its file.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "gguf/reader.h"
#include "model/experts.h"

namespace millrace::model {

enum class RopeScaling { kNone, kLinear, kYarn };

// Rotary position embedding. The fields after `factor` matter for kYarn alone.
struct RopeParameters {
  int32_t dimension_count = 0;  // leading components of each head that are rotated
  double base = 10000.0;
  RopeScaling scaling = RopeScaling::kNone;
  double factor = 1.0;            // how much longer than `original_context` the context is
  double original_context = 0.0;  // tokens the model was trained on
  double beta_fast = 32.0;
  double beta_slow = 1.0;
  double attention_factor = 1.0;  // on top of YaRN's own 0.1 ln(factor) + 1
};

// Sizes of the experts of a layer; `count` is 0 in a dense model.
struct ExpertParameters {
  int32_t count = 0;
  int32_t used_count = 0;           // experts a token goes to
  int32_t ffn_size = 0;             // of one expert
  int32_t shared_ffn_size = 0;      // of the expert every token goes to; 0: there is none
  int32_t leading_dense_count = 0;  // first layers that have no experts
  ExpertRule rule;
};

// Every count is above zero where it does not say otherwise, and small enough that products of two
// fit 63 bits.
struct HyperParameters {
  std::string architecture;
  int32_t context_tokens = 0;
  int32_t layer_count = 0;
  int32_t draft_layer_count = 0;  // after the others; predict tokens further ahead; may be 0
  int32_t hidden_size = 0;
  int32_t ffn_size = 0;  // of a dense layer; 0 when there is none
  int32_t head_count = 0;
  int32_t kv_head_count = 0;  // divides head_count
  int32_t key_size = 0;       // of one head
  int32_t value_size = 0;     // of one head
  float norm_epsilon = 0;
  ExpertParameters experts;
  RopeParameters rope;
};

// Reads the keys `<architecture>.*` of a decoder with grouped-query attention. Errors name the key:
// kCorruptData for a missing key, a wrong type or a value outside its range, kUnsupported for a
// rope scaling or an expert gate this build does not know.
base::Result<HyperParameters> ReadHyperParameters(const gguf::File& file);

}  // namespace millrace::model
