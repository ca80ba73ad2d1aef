// The portable kernels: the oracle of all others, and what runs where there is no AVX2.
#pragma once

#include <array>
#include <cstddef>

#include "kernels/kernel_table.h"

namespace millrace::kernels::scalar {

// a * b + c, nearly as if rounded once: the product of two floats is exact in double. (A true fused
// multiply-add is a slow library call on machines that lack the instruction.)
inline float MulAdd(float a, float b, float c) {
  return static_cast<float>(static_cast<double>(a) * static_cast<double>(b) +
                            static_cast<double>(c));
}

// Pairwise, in the order that halving a vector register gives.
inline float SumLanes(std::array<float, 16> lanes) {
  for (size_t half = 8; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) {
      lanes[i] += lanes[i + half];
    }
  }
  return lanes[0];
}

// e^x for the softmax and for SiLU: 0 below -87.3, e^88.3 above it, a few units in the last place
// between.
float Exp(float x);

void Quantise32(const float* values, int64_t columns, const QuantisedRow& out);
void Quantise256(const float* values, int64_t columns, const QuantisedRow& out);
void MatMulRows(const Product& product, const Activations& x, RowRange rows);

void AttendSegment(const SegmentTask& task, const PartialRows& out);
void MergeSegment(int32_t row_count, int32_t value_size, const PartialRows& next,
                  const PartialRows& total);

}  // namespace millrace::kernels::scalar
