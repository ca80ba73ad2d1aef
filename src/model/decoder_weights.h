// The tensors of a pre-norm decoder with grouped-query attention: what Qwen3, GLM-4 and Hunyuan
// have in common.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernels/matmul.h"
#include "model/experts.h"
#include "model/hyper_parameters.h"
#include "model/weights.h"

namespace millrace::model {

enum class Presence { kNever, kIfInFile, kAlways };

// When the norms of query and key heads apply.
enum class HeadNormOrder { kBeforeRope, kAfterRope };

// What one family does differently from another.
struct DecoderTraits {
  Presence head_norms = Presence::kAlways;
  HeadNormOrder head_norm_order = HeadNormOrder::kBeforeRope;
  Presence projection_biases = Presence::kNever;  // of queries, keys and values
  std::string_view second_norm = "ffn_norm";  // name of the norm before the feed-forward network
};

struct AttentionWeights {
  std::vector<float> norm;
  kernels::WeightMatrix query;
  kernels::WeightMatrix key;
  kernels::WeightMatrix value;
  std::vector<float> query_bias;  // empty when there is none, as those below
  std::vector<float> key_bias;
  std::vector<float> value_bias;
  std::vector<float> query_norm;  // of one head
  std::vector<float> key_norm;    // of one head
  kernels::WeightMatrix output;
};

// gate and up share their shape.
struct GatedWeights {
  kernels::WeightMatrix gate;
  kernels::WeightMatrix up;
  kernels::WeightMatrix down;
};

struct FeedForwardWeights {
  std::vector<float> norm;
  GatedWeights dense;      // of a layer without experts
  MixtureWeights mixture;  // of a layer with experts
  GatedWeights shared;     // the expert every token goes to; no rows when there is none
};

struct DecoderLayerWeights {
  AttentionWeights attention;
  FeedForwardWeights ffn;
};

struct DecoderWeights {
  kernels::WeightMatrix embedding;
  std::vector<DecoderLayerWeights> layers;
  std::vector<float> output_norm;
  kernels::WeightMatrix output;  // the embedding again when the file has no other
};

// Widths of the rows of a step, in floats.
struct DecoderWidths {
  explicit DecoderWidths(const HyperParameters& hyper);

  int64_t hidden;
  int64_t query;
  int64_t key;
  int64_t value;
  int64_t attended;
  int64_t ffn;  // the widest feed-forward network outside the mixtures
  int64_t rotary;
};

// Takes every tensor of the file, which must hold no others but those of draft layers. Errors as in
// WeightReader.
base::Result<DecoderWeights> ReadDecoderWeights(WeightReader& reader, const HyperParameters& hyper,
                                                const DecoderTraits& traits);

}  // namespace millrace::model
