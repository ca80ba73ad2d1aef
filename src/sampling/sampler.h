// Turns a row of logits into one token: bias, penalties, temperature, top-k, top-p, min-p, mask,
// seeded draw (api-contract 2.11, in that order).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "sampling/vocabulary_scan.h"

namespace millrace::sampling {

struct SamplerOptions {
  double temperature = 0.7;  // 0 = greedy after penalties
  double top_p = 1.0;        // 0 acts as the single best token
  int32_t top_k = 0;         // 0 = off
  double min_p = 0.0;
  double frequency_penalty = 0.0;
  double presence_penalty = 0.0;
  double repetition_penalty = 1.0;
  std::vector<std::pair<base::TokenId, float>> logit_bias = {};
  // Report log probabilities, with so many of the likeliest tokens. Costs a few passes over the
  // vocabulary; without it SampledToken has none.
  std::optional<int32_t> top_logprobs = {};
};

// The natural log of a probability in the raw model distribution: temperature 1, before bias,
// penalties and mask. At most 0, at least kLogprobMin.
struct TokenLogprob {
  base::TokenId id{};
  float logprob = 0;
  friend bool operator==(const TokenLogprob&, const TokenLogprob&) = default;
};
inline constexpr float kLogprobMin = -9999.0F;  // also of what is impossible

struct SampledToken {
  base::TokenId id{};
  float logprob = 0;
  // The likeliest tokens, falling, equal ones by id; as many as asked for, or as there are.
  std::vector<TokenLogprob> top = {};
};

// The sampling state of one choice: options, the counts that penalties need and the random stream.
//
// The draw for the k-th token of a choice depends on the seed and k alone (counter-based), so a
// choice does not depend on what else runs. Equal logits count as ordered by id, the lowest first.
//
// Cost: a few passes over the vocabulary and a sort of a few tokens, never of the vocabulary.
// Logits that are not a number are never chosen; positive infinity counts as the largest number.
//
// Thread-compatible.
class Sampler {
 public:
  // `prompt` counts for the repetition penalty only.
  Sampler(SamplerOptions options, uint64_t seed, std::span<const base::TokenId> prompt);

  // Picks the next token. `logits` is scratch: it is overwritten. `mask`, when not empty, holds one
  // bit a token; tokens whose bit is 0 are never chosen (at least one bit must be 1).
  SampledToken Sample(std::span<float> logits, std::span<const uint32_t> mask = {});

  // Records a token that was forced rather than drawn: it counts for penalties and advances the
  // random stream.
  void Accept(base::TokenId token);

 private:
  void ApplyBiasAndPenalties(std::span<float> logits) const;
  base::TokenId Choose(std::span<const float> logits, float best);
  base::TokenId DrawFromCandidates();
  base::TokenId DrawFromAll(std::span<const float> logits, float best);
  void KeepTopP(std::span<const float> logits, float best);
  void CutCandidates(double top_p_mass);
  void ReportLogprobs(SampledToken& sampled);
  void FillTop(SampledToken& sampled, double log_sum);
  double NextUniform() const;
  double WeightOf(float logit, float best) const;

  SamplerOptions options_;
  uint64_t seed_ = 0;
  uint64_t draw_count_ = 0;
  std::vector<std::pair<base::TokenId, int32_t>> generated_;  // sorted by id, with counts
  std::vector<base::TokenId> prompt_;                         // sorted, unique
  std::vector<Candidate> candidates_;                         // scratch, reused, best first
  std::vector<double> sums_;                                  // scratch, reused
  std::vector<float> raw_;                                    // scratch, reused
};

}  // namespace millrace::sampling
