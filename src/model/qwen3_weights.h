// The tensors of a Qwen3 model, dense or with experts.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "kernels/matmul.h"
#include "model/experts.h"
#include "model/hyper_parameters.h"
#include "model/weights.h"

namespace millrace::model {

// Either the first three or the last.
struct FeedForwardWeights {
  kernels::WeightMatrix gate;
  kernels::WeightMatrix up;
  kernels::WeightMatrix down;
  MixtureWeights mixture;
};

struct Qwen3LayerWeights {
  std::vector<float> attention_norm;
  kernels::WeightMatrix query;
  kernels::WeightMatrix key;
  kernels::WeightMatrix value;
  std::vector<float> query_norm;  // of one head
  std::vector<float> key_norm;    // of one head
  kernels::WeightMatrix attention_output;
  std::vector<float> ffn_norm;
  FeedForwardWeights ffn;
};

struct Qwen3Weights {
  kernels::WeightMatrix embedding;
  std::vector<Qwen3LayerWeights> layers;
  std::vector<float> output_norm;
  kernels::WeightMatrix output;  // the embedding again when the file has no other
};

// Widths of the rows of a step, in floats.
struct Qwen3Widths {
  explicit Qwen3Widths(const HyperParameters& hyper)
      : hidden(hyper.hidden_size),
        query(int64_t{hyper.head_count} * hyper.key_size),
        key(int64_t{hyper.kv_head_count} * hyper.key_size),
        value(int64_t{hyper.kv_head_count} * hyper.value_size),
        attended(int64_t{hyper.head_count} * hyper.value_size),
        ffn(hyper.ffn_size),
        rotary(hyper.rope.dimension_count) {}

  int64_t hidden;
  int64_t query;
  int64_t key;
  int64_t value;
  int64_t attended;
  int64_t ffn;
  int64_t rotary;
};

// Takes every tensor of the file, which must hold no others. Errors as in WeightReader.
base::Result<Qwen3Weights> ReadQwen3Weights(WeightReader& reader, const HyperParameters& hyper);

}  // namespace millrace::model
