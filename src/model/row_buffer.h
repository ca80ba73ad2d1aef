// Rows of floats that keep their memory from step to step.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace millrace::model {

class RowBuffer {
 public:
  // Room for `rows` rows of `width` floats; contents are unspecified. Grows to the largest request and stays.
  float* Reserve(int64_t rows, int64_t width) {
    const auto size = static_cast<size_t>(rows * width);
    if (values_.size() < size) {
      values_.resize(size);
    }
    return values_.data();
  }

 private:
  std::vector<float> values_;
};

// Rows [first, end) of `width` floats each.
inline std::span<float> RowsAt(float* data, int64_t first, int64_t end, int64_t width) {
  return {data + first * width, static_cast<size_t>((end - first) * width)};
}

}  // namespace millrace::model
