#include "kv/block_table.h"

#include <algorithm>
#include <utility>

namespace millrace::kv {

BlockTable::BlockTable(PrefixTree* tree, TenantId tenant) : tree_(tree), tenant_(tenant) {}

BlockTable::BlockTable(BlockTable&& other) noexcept
    : tree_(other.tree_),
      tenant_(other.tenant_),
      blocks_(std::exchange(other.blocks_, {})),
      published_count_(std::exchange(other.published_count_, 0)) {}

BlockTable& BlockTable::operator=(BlockTable&& other) noexcept {
  if (this != &other) {
    Release();
    tree_ = other.tree_;
    tenant_ = other.tenant_;
    blocks_ = std::exchange(other.blocks_, {});
    published_count_ = std::exchange(other.published_count_, 0);
  }
  return *this;
}

BlockTable::~BlockTable() { Release(); }

int32_t BlockTable::capacity() const {
  return static_cast<int32_t>(blocks_.size()) * tree_->block_size();
}

int32_t BlockTable::published_positions() const { return published_count_ * tree_->block_size(); }

int32_t BlockTable::AttachPrefix(std::span<const base::TokenId> text, int32_t position_count_max) {
  const int32_t block_size = tree_->block_size();
  int32_t attached = 0;
  while (published_count_ == static_cast<int32_t>(blocks_.size()) &&
         published_positions() + block_size <= position_count_max) {
    const auto block_tokens =
        text.subspan(static_cast<size_t>(published_positions()), static_cast<size_t>(block_size));
    MakeRoomForBlocks(1);
    const std::optional<BlockId> block = tree_->Attach(PositionAt(published_count_), block_tokens);
    if (!block) {
      break;
    }
    blocks_.push_back(*block);
    ++published_count_;
    ++attached;
  }
  return attached;
}

bool BlockTable::TryReserve(int32_t position_count) {
  const int32_t block_size = tree_->block_size();
  const int32_t missing =
      (position_count + block_size - 1) / block_size - static_cast<int32_t>(blocks_.size());
  if (missing > tree_->available_count()) {
    return false;
  }
  if (missing > 0) {
    MakeRoomForBlocks(static_cast<size_t>(missing));
  }
  for (int32_t i = 0; i < missing; ++i) {
    blocks_.push_back(tree_->TryTake().value());
  }
  return true;
}

void BlockTable::Publish(std::span<const base::TokenId> text, int32_t computed_count) {
  const int32_t block_size = tree_->block_size();
  while (published_positions() + block_size <= computed_count) {
    const auto block_tokens =
        text.subspan(static_cast<size_t>(published_positions()), static_cast<size_t>(block_size));
    BlockId& block = blocks_[static_cast<size_t>(published_count_)];
    block = tree_->Insert(PositionAt(published_count_), block_tokens, block);
    ++published_count_;
  }
}

void BlockTable::Release() {
  tree_->Release(blocks_);
  blocks_.clear();
  published_count_ = 0;
}

// A block that was taken must not get lost to a failed allocation.
void BlockTable::MakeRoomForBlocks(size_t count) {
  if (blocks_.size() + count > blocks_.capacity()) {
    blocks_.reserve(std::max(2 * blocks_.size(), blocks_.size() + count));
  }
}

PrefixPosition BlockTable::PositionAt(int32_t block_count) const {
  PrefixPosition position{.tenant = tenant_, .block = std::nullopt};
  if (block_count > 0) {
    position.block = blocks_[static_cast<size_t>(block_count) - 1];
  }
  return position;
}

}  // namespace millrace::kv
