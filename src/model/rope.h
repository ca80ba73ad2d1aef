// Rotary angles of a model: what its file says, as cosines and sines.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/hyper_parameters.h"

namespace millrace::model {

// Immutable.
class RopeTable {
 public:
  explicit RopeTable(const RopeParameters& parameters);

  // Fills the cosines of all pairs, then their sines, for a position; `dimension_count` values.
  void Angles(int32_t position, std::span<float> cos_sin) const;

 private:
  std::vector<double> frequencies_;
  double magnitude_ = 1.0;
};

}  // namespace millrace::model
