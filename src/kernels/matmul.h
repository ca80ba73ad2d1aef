// Matrix products of GGUF weights, read where the file is mapped, with float activations.
//
// Activations are rounded once per batch to 8 bits: with one scale for 32 values beside the
// 32-value formats (Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL, MXFP4), one for 256 beside the K formats
// (Q2_K .. Q6_K, IQ4_XS), as these formats' own reference does. F32, F16 and BF16 weights multiply
// the floats themselves.
//
// Order of sums, the same for every batch size, split and thread count. Quantised weights: within a
// block of activations the dot product is an exact integer; blocks are added in rising order, one
// fused multiply-add each (and one more for formats with a minimum). Float weights: sixteen running
// sums, column k in sum k mod 16, each in rising order, added up pairwise at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "gguf/tensor_type.h"
#include "kernels/dispatch.h"
#include "kernels/thread_pool.h"

namespace millrace::kernels {

// `rows` outputs of `columns` inputs: row-major as in a file, at any alignment. `columns` is a
// multiple of the type's block and `type` a weight type (kernels/block_format.h). Borrowed,
// typically from a mapped file.
struct WeightMatrix {
  gguf::TensorType type = gguf::TensorType::kF32;
  const std::byte* data = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
};

// A float matrix in memory; row r begins at data + r * stride.
struct MatrixView {
  const float* data = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t stride = 0;
};

// The inputs of one or more products: rounded to 8 bits at the first product that needs it, then
// reused.
//
// Keeps its memory from step to step: after the largest batch nothing is allocated.
// Thread-compatible.
class ActivationBatch {
 public:
  explicit ActivationBatch(const KernelTable& kernels = Kernels());
  ~ActivationBatch();
  ActivationBatch(const ActivationBatch&) = delete;
  ActivationBatch& operator=(const ActivationBatch&) = delete;

  // One row a token. `values` is borrowed and must not change until the last product with it.
  void Set(const MatrixView& values);

  int64_t tokens() const;
  int64_t columns() const;

 private:
  friend class MatMulRun;
  struct State;
  std::unique_ptr<State> state_;
};

// out[token * out_stride + row] = sum over k of weight[row][k] * x[token][k], for every token of a
// batch.
struct Product {
  WeightMatrix weight;
  float* out = nullptr;
  int64_t out_stride = 0;
};

// Runs all products of one batch as one parallel region; query, key and value projections belong
// together, as do gate and up. Every weight's column count is the batch's.
void MatMul(std::span<const Product> products, ActivationBatch& x, ThreadPool& pool);

}  // namespace millrace::kernels
