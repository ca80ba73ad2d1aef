// The blocks of one sequence, in order of position.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "kv/block_id.h"
#include "kv/prefix_tree.h"

namespace millrace::kv {

// Block i holds the positions i * block_size … (i + 1) * block_size - 1. The first
// `published_count` blocks are full and in the prefix tree, where others may share them; the rest
// is the sequence's own.
//
// Gives everything back when destroyed. Thread-compatible: lives on the engine thread.
class BlockTable {
 public:
  // `tree` is kept and must outlive the table; so must the opening of `tenant`.
  BlockTable(PrefixTree* tree, TenantId tenant);
  BlockTable(BlockTable&& other) noexcept;
  BlockTable& operator=(BlockTable&& other) noexcept;
  ~BlockTable();

  std::span<const BlockId> blocks() const { return blocks_; }
  // Positions the blocks have room for.
  int32_t capacity() const;
  // Positions whose keys and values come with the published blocks.
  int32_t published_positions() const;

  // Appends cached blocks that continue this table with the tokens of the text, as long as they end
  // at or before position `position_count_max`. Does nothing when the table has unpublished blocks.
  // Returns how many blocks it appended.
  int32_t AttachPrefix(std::span<const base::TokenId> text, int32_t position_count_max);

  // Makes room for `position_count` positions. All or nothing: false leaves the table unchanged and
  // means too few blocks are free or idle.
  [[nodiscard]] bool TryReserve(int32_t position_count);

  // Puts every block whose positions lie below `computed_count` into the tree. A block of the same
  // tokens that is there already takes the place of the sequence's own; both hold the same values,
  // since a row's values depend on its own tokens alone.
  void Publish(std::span<const base::TokenId> text, int32_t computed_count);

  // Gives every block back; published ones stay cached.
  void Release();

 private:
  void MakeRoomForBlocks(size_t count);
  PrefixPosition PositionAt(int32_t block_count) const;

  PrefixTree* tree_;
  TenantId tenant_;
  std::vector<BlockId> blocks_;
  int32_t published_count_ = 0;
};

}  // namespace millrace::kv
