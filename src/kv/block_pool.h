// Lends the fixed-size blocks of the KV cache and counts who holds them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kv/block_id.h"

namespace millrace::kv {

// One block holds the keys and values of `block_size` consecutive token positions, all layers.
// Sequences with a common prefix share blocks, so each block has a reference count; a block without
// references is free.
//
// The block freed last is lent first, and a block that was never lent only when no freed one is
// left: the storage behind a block takes memory from the system when it is first written, so memory
// grows with the most blocks ever held at once and not with the size of the pool.
//
// Every call is O(1). Only TryTake allocates; when that throws nothing has changed.
// Thread-compatible: lives on the engine thread.
// Source: block-paged attention, arXiv:2309.06180, section 4.
class BlockPool {
 public:
  // `block_count` > 0.
  explicit BlockPool(int32_t block_count);

  // A free block with one reference; nothing when none is free, which is the signal to evict or to
  // preempt and not an error.
  [[nodiscard]] std::optional<BlockId> TryTake();

  // Adds a reference to a block that has at least one.
  void Retain(BlockId block);

  // Drops one reference of a block that has at least one; returns how many are left. At zero the
  // block is free.
  int32_t Release(BlockId block);

  int32_t reference_count(BlockId block) const;
  int32_t block_count() const { return block_count_; }
  int32_t free_count() const {
    return block_count_ - lent_once_count() + static_cast<int32_t>(freed_.size());
  }

 private:
  int32_t lent_once_count() const { return static_cast<int32_t>(references_.size()); }

  const int32_t block_count_;
  std::vector<int32_t> references_;  // of the blocks lent at least once; they have the lowest ids
  std::vector<BlockId> freed_;       // lent before and free now, the last freed at the end
};

}  // namespace millrace::kv
