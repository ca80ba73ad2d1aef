// Weights and activations for tests of the kernels: random, seeded, with every bit pattern of the
// codes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gguf/tensor_type.h"
#include "kernels/matmul.h"

namespace millrace::kernels::testing {

// Every type a weight may have.
std::vector<gguf::TensorType> WeightTypes();

// Offsets of the bytes of a quantised block that hold its float scales.
std::vector<size_t> ScaleBytes(gguf::TensorType type);

// A matrix of random blocks. It starts one byte into its memory, as tensors of a mapped file may.
// Scales are small and finite; codes, sub-scales and minima are any bits.
class RandomWeights {
 public:
  struct Shape {
    int64_t rows;
    int64_t columns;
  };
  RandomWeights(gguf::TensorType type, const Shape& shape, uint64_t seed);

  WeightMatrix matrix() const;
  // All values, row-major.
  std::vector<float> Values() const;

 private:
  gguf::TensorType type_;
  Shape shape_;
  std::vector<std::byte> bytes_;
};

// Normally distributed values with an outlier here and there.
std::vector<float> RandomFloats(int64_t count, uint64_t seed);

}  // namespace millrace::kernels::testing
