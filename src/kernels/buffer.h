// Memory that grows and never shrinks, aligned to a cache line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::kernels {

template <typename T>
class Buffer {
 public:
  // At least `count` elements. Contents are not kept.
  T* Reserve(int64_t count) {
    const size_t lines = (static_cast<size_t>(count) * sizeof(T) + sizeof(Line) - 1) / sizeof(Line);
    if (lines > lines_.size()) {
      lines_.clear();
      lines_.resize(lines);
    }
    return reinterpret_cast<T*>(lines_.data());
  }

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::vector<Line> lines_;
};

}  // namespace millrace::kernels
