// Random weights as blocks of any element type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gguf/tensor_type.h"

namespace millrace::model::testing {

// Draws with the same bits on every machine.
class Draws {
 public:
  explicit Draws(uint64_t seed) : state_(seed << 32) {}

  uint64_t NextBits();
  // Approximately normal, mean 0 and deviation 1: a sum of four uniform draws needs no library
  // function.
  float NextNormal();

 private:
  uint64_t state_;
};

struct RandomBlocks {
  gguf::TensorType type = gguf::TensorType::kF32;
  int64_t count = 0;  // values, a whole number of blocks
  float mean = 0;     // must be 0 for types with blocks
  float deviation = 1;
};

// Floats are normal. Quantised blocks have random codes, every bit pattern of them, and scales that
// give the values about this deviation and a mean near 0: no quantiser is needed to make weights
// that are as good for tests and speed.
std::vector<std::byte> MakeRandomBlocks(const RandomBlocks& blocks, Draws& draws);

}  // namespace millrace::model::testing
