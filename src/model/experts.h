// Mixture of experts: a router sends each token to a few of many small feed-forward networks.
// Source: Hugging Face transformers, models/qwen3_moe/modeling_qwen3_moe.py and
// models/glm4_moe/modeling_glm4_moe.py.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/matmul.h"
#include "kernels/thread_pool.h"
#include "model/row_buffer.h"

namespace millrace::model {

// How scores become shares.
enum class ExpertGate {
  kSoftmax,  // over all experts
  kSigmoid,  // each for itself
};

struct ExpertRule {
  ExpertGate gate = ExpertGate::kSoftmax;
  bool normalise = true;  // shares of the chosen are divided by their sum
  float scale = 1;        // then multiplied by this
};

struct ExpertShape {
  int64_t hidden_size = 0;
  int64_t ffn_size = 0;  // of one expert
  int32_t expert_count = 0;
  int32_t used_count = 0;  // experts a token goes to
  ExpertRule rule;
};

// Matrices of one expert.
struct ExpertWeights {
  kernels::WeightMatrix gate;
  kernels::WeightMatrix up;
  kernels::WeightMatrix down;
};

struct MixtureWeights {
  kernels::WeightMatrix router;    // a row for each expert
  std::vector<float> choice_bias;  // added to a share for choosing only; empty when there is none
  std::vector<ExpertWeights> experts;
};

// An expert and its share in a token's result.
struct ExpertChoice {
  int32_t expert = 0;
  float weight = 0;
};

// Chooses `out.size()` experts by their share plus bias, the lower number first among equals, and
// sorts them by number. `scores` are overwritten. NaNs count as the smallest share.
void ChooseExperts(std::span<float> scores, std::span<const float> choice_bias,
                   const ExpertRule& rule, std::span<ExpertChoice> out);

// Keeps its memory from step to step. Thread-compatible.
class Mixture {
 public:
  // out += the weighted sum of each row's experts. Tokens are grouped by expert so that each
  // expert's weights are read once. A row's result is summed in the order of expert numbers and so
  // depends on nothing but the row. `x` and `out` hold `rows` rows of hidden_size floats and are
  // not the same.
  void Run(const ExpertShape& shape, const MixtureWeights& weights, int64_t rows, const float* x,
           float* out, kernels::ThreadPool& pool);

 private:
  // A row that goes to an expert.
  struct Visit {
    int32_t row = 0;
    float weight = 0;
  };

  void Route(const ExpertShape& shape, const MixtureWeights& weights, int64_t rows, const float* x,
             kernels::ThreadPool& pool);
  void RunExpert(const ExpertShape& shape, const ExpertWeights& weights,
                 std::span<const Visit> visits, const float* x, float* out,
                 kernels::ThreadPool& pool);

  kernels::ActivationBatch activations_;
  RowBuffer scores_, gathered_, gate_, up_, result_;
  std::vector<ExpertChoice> choices_;
  std::vector<std::vector<Visit>> visits_;  // of each expert
};

}  // namespace millrace::model
