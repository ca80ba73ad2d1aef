#include "kv/block_pool.h"

#include <algorithm>

#include "base/check.h"

namespace millrace::kv {
namespace {

constexpr size_t kInitialRoom = 64;

}  // namespace

BlockPool::BlockPool(int32_t block_count) : block_count_(block_count) {
  MILLRACE_CHECK(block_count > 0);
}

std::optional<BlockId> BlockPool::TryTake() {
  if (!freed_.empty()) {
    const BlockId block = freed_.back();
    freed_.pop_back();
    references_[static_cast<size_t>(ToIndex(block))] = 1;
    return block;
  }
  if (lent_once_count() == block_count_) {
    return std::nullopt;
  }
  if (references_.size() == references_.capacity()) {
    const size_t room = std::max(kInitialRoom, 2 * references_.size());
    freed_.reserve(room);  // so that Release never allocates
    references_.reserve(room);
  }
  const BlockId block{lent_once_count()};
  references_.push_back(1);
  return block;
}

void BlockPool::Retain(BlockId block) {
  MILLRACE_CHECK(reference_count(block) > 0);
  ++references_[static_cast<size_t>(ToIndex(block))];
}

int32_t BlockPool::Release(BlockId block) {
  MILLRACE_CHECK(reference_count(block) > 0);
  const int32_t left = --references_[static_cast<size_t>(ToIndex(block))];
  if (left == 0) {
    freed_.push_back(block);
  }
  return left;
}

int32_t BlockPool::reference_count(BlockId block) const {
  const auto index = static_cast<size_t>(ToIndex(block));
  return index < references_.size() ? references_[index] : 0;
}

}  // namespace millrace::kv
