// The small per-token operations between the matrix products.
//
// All are plain functions on one thread; sums have a fixed order that depends on positions alone.
// Spans that are read and written may be the same memory where it says so.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kernels/dispatch.h"

namespace millrace::kernels {

// Root-mean-square norm of each row of `weight.size()` values: out = x / sqrt(mean(x^2) + epsilon)
// * weight. `x` is one row, or several: the heads of a token for the norms of queries and keys.
// `out` may be `x`.
void RmsNorm(std::span<const float> x, std::span<const float> weight, float epsilon,
             std::span<float> out, const KernelTable& kernels = Kernels());

// sum += x
void Add(std::span<const float> x, std::span<float> sum, const KernelTable& kernels = Kernels());

// sum += factor * x; weighted experts.
void AddScaled(std::span<const float> x, float factor, std::span<float> sum,
               const KernelTable& kernels = Kernels());

// out = gate / (1 + exp(-gate)) * up; `out` may be either input.
void SiluMul(std::span<const float> gate, std::span<const float> up, std::span<float> out,
             const KernelTable& kernels = Kernels());

// The largest value; -infinity for none. NaNs are passed over.
float MaxOf(std::span<const float> x, const KernelTable& kernels = Kernels());

// out = exp(x - shift); returns the sum. Values more than 87 below `shift` become 0. `out` may be
// `x`.
float ExpAndSum(std::span<const float> x, float shift, std::span<float> out,
                const KernelTable& kernels = Kernels());

// Softmax of the whole span, in place.
void Softmax(std::span<float> x, const KernelTable& kernels = Kernels());

// Rounds to IEEE halves, to nearest and at most to the largest finite half.
void StoreHalves(std::span<const float> x, std::span<uint16_t> out,
                 const KernelTable& kernels = Kernels());

// YaRN scaling of the rotary frequencies, section 3.2 of arXiv:2309.00071.
struct YarnOptions {
  double factor = 1;  // how much longer the context became
  double original_context_tokens = 0;
  double beta_fast = 32;
  double beta_slow = 1;
};

struct RopeOptions {
  int32_t rotary_size = 0;  // components that turn, even; the first ones of each head
  double base = 10000;
  double linear_factor = 1;  // positions are divided by it
  std::optional<YarnOptions> yarn = std::nullopt;
};

// Radians a position for each of the rotary_size / 2 pairs.
std::vector<double> RopeFrequencies(const RopeOptions& options);

// The factor YaRN puts on cosines and sines unless a model says otherwise: 0.1 ln(factor) + 1.
double YarnAttentionFactor(double factor);

// cos_sin = the cosines of all pairs, then their sines (rotary_size values), both times
// `magnitude`. Computed once a token and used for all its heads in all layers.
void RopeAngles(std::span<const double> frequencies, int32_t position, double magnitude,
                std::span<float> cos_sin);

// Turns the first cos_sin.size() components of each head of `head_size` in place. Pairs are half a
// rotation apart: component i turns with component i + rotary_size / 2 (the convention called NEOX
// in GGUF readers).
void RopeHalfSplit(std::span<float> heads, int64_t head_size, std::span<const float> cos_sin,
                   const KernelTable& kernels = Kernels());

// Pairs are neighbours: component 2i turns with 2i + 1 (the convention called NORM).
void RopeInterleaved(std::span<float> heads, int64_t head_size, std::span<const float> cos_sin);

}  // namespace millrace::kernels
