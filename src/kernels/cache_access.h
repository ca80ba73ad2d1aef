// Where the key and the value of a position lie in the cache; layout in kernels/attention.h.
#pragma once

#include <cstdint>

#include "kernels/kernel_table.h"

namespace millrace::kernels {
namespace {

// Component d of a key is data[d * stride].
struct HeadColumn {
  const uint16_t* data;
  int64_t stride;
};

inline HeadColumn KeyAt(const SegmentTask& task, int32_t position) {
  const int64_t block_size = task.shape->block_size;
  const uint16_t* block = task.sequence->key_blocks[static_cast<size_t>(position / block_size)];
  return {block + task.kv_head * block_size * task.shape->key_size + position % block_size,
          block_size};
}

// [value_size]; the next position of the same block follows.
inline const uint16_t* ValueAt(const SegmentTask& task, int32_t position) {
  const int64_t block_size = task.shape->block_size;
  const int64_t value_size = task.shape->value_size;
  const uint16_t* block = task.sequence->value_blocks[static_cast<size_t>(position / block_size)];
  return block + (task.kv_head * block_size + position % block_size) * value_size;
}

}  // namespace
}  // namespace millrace::kernels
