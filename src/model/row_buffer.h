// Rows of floats that keep their memory from step to step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

namespace millrace::model {

class RowBuffer {
 public:
  // Room for `rows` rows of `width` floats, aligned to a cache line; contents are unspecified.
  // Grows to the largest request and stays.
  float* Reserve(int64_t rows, int64_t width) {
    const auto size = static_cast<size_t>(rows * width);
    if (size_ < size) {
      values_.reset();
      values_.reset(static_cast<float*>(::operator new(size * sizeof(float), kAlignment)));
      size_ = size;
    }
    return values_.get();
  }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(float* values) const { ::operator delete(values, kAlignment); }
  };

  std::unique_ptr<float, Free> values_;
  size_t size_ = 0;
};

// Rows [first, end) of `width` floats each.
inline std::span<float> RowsAt(float* data, int64_t first, int64_t end, int64_t width) {
  return {data + first * width, static_cast<size_t>((end - first) * width)};
}

}  // namespace millrace::model
