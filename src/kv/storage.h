// The memory behind the KV cache: keys and values of every block, all layers, as IEEE half.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "kv/block_id.h"

namespace millrace::kv {

struct StorageShape {
  int32_t layer_count = 0;
  int32_t kv_head_count = 0;
  int32_t key_size = 0;     // values of one head's key
  int32_t value_size = 0;   // values of one head's value
  int32_t block_size = 16;  // token positions of one block
  int32_t block_count = 0;
};

// Reserves address space for `block_count` blocks; pages are taken from the system only when a
// block is first written, so memory grows with use and not with the configured context.
//
// Layout: [layer][block][kv_head], then the halves of one head of one block, keys and values apart.
// One head of one block is contiguous, which is what attention walks over; the order inside belongs
// to kernels/attention.h.
//
// Thread-compatible: different (layer, block, head) may be written by different threads.
class Storage {
 public:
  // Fails with kResourceExhausted when the address space cannot be reserved, with kInvalidArgument
  // when a count or size is not above zero.
  static base::Result<Storage> Create(const StorageShape& shape);

  Storage(Storage&& other) noexcept;
  Storage& operator=(Storage&& other) noexcept;
  ~Storage();

  const StorageShape& shape() const { return shape_; }

  // block_size * key_size halves. The heads of a block follow one another.
  uint16_t* Keys(int32_t layer, BlockId block, int32_t kv_head);
  // block_size * value_size halves.
  uint16_t* Values(int32_t layer, BlockId block, int32_t kv_head);

  // Bytes one block takes, keys and values of all layers.
  size_t block_bytes() const;

 private:
  Storage() = default;

  // Index of a head of a block among all heads of all blocks of all layers. Aborts outside the
  // shape.
  size_t HeadIndex(int32_t layer, BlockId block, int32_t kv_head) const;

  StorageShape shape_;
  uint16_t* keys_ = nullptr;
  uint16_t* values_ = nullptr;
  size_t keys_bytes_ = 0;
  size_t values_bytes_ = 0;
};

}  // namespace millrace::kv
