// Remembers which tokens the blocks of the KV cache were computed from, so that a prompt prefix
// computed once is reused by every later sequence that may see it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "kv/block_id.h"
#include "kv/block_pool.h"

namespace millrace::kv {

// Index of a tenant known to a PrefixTree. Meaningless outside it.
enum class TenantId : int32_t {};

// A place in the tree: a block and, through it, all tokens from the start of the text to its end.
// Without a block: the start of the text.
struct PrefixPosition {
  TenantId tenant{};
  std::optional<BlockId> block;
};

// A tree with one node for each cached full block. The path from the root to a node spells the
// tokens the block depends on, so two texts share exactly their common whole blocks. Each tenant
// has a root of its own: nothing is ever shared between tenants, by name and not by hash.
//
// The tree holds one reference to each of its blocks. A block nobody else holds is idle: it stays
// for later requests and is evicted, least recently released first, when the pool has no free
// block. A sequence holds every block from the root to its position, therefore a node is never idle
// while one of its descendants is in use, and with the deepest block released first the eviction
// order meets leaves before their parents.
//
// Take, Attach, Insert and Release are O(block_size). Memory grows with the blocks in use. No
// caller may keep tree blocks other than through these calls. OpenTenant, TryTake and Insert may
// allocate; when one throws nothing has changed. Thread-compatible: lives on the engine thread.
// Source of the idea: SGLang's radix cache, arXiv:2312.07104, section 3.
class PrefixTree {
 public:
  // `pool` is kept and must outlive the tree.
  PrefixTree(BlockPool* pool, int32_t block_size);
  PrefixTree(const PrefixTree&) = delete;
  PrefixTree& operator=(const PrefixTree&) = delete;

  // Opens a tenant's root and keeps it known until CloseTenant. Calls nest.
  TenantId OpenTenant(std::string_view name);
  void CloseTenant(TenantId tenant);

  // A block of the caller's own: a free one, or else the idle one released longest ago. Nothing
  // when every block is in use.
  [[nodiscard]] std::optional<BlockId> TryTake();

  // The cached block that continues `position` with `block_tokens` (block_size of them), with a
  // reference for the caller.
  [[nodiscard]] std::optional<BlockId> Attach(const PrefixPosition& position,
                                              std::span<const base::TokenId> block_tokens);

  // Makes `block`, computed from `block_tokens` after `position`, known to the tree, and returns
  // the block the caller now holds in its place: the same one, or the one that was cached for the
  // same tokens already, in which case the reference to `block` is dropped. The caller must hold
  // every block up to `position`.
  BlockId Insert(const PrefixPosition& position, std::span<const base::TokenId> block_tokens,
                 BlockId block);

  // Drops the caller's references, last block first. The order matters: see above.
  void Release(std::span<const BlockId> blocks);

  // Evicts every idle block.
  void Clear();

  int32_t block_size() const { return block_size_; }
  int32_t block_count() const { return pool_->block_count(); }
  int32_t free_count() const { return pool_->free_count(); }
  // Blocks only the tree holds.
  int32_t idle_count() const { return idle_count_; }
  // What TryTake can still deliver.
  int32_t available_count() const { return free_count() + idle_count_; }
  int32_t tenant_count() const { return static_cast<int32_t>(tenant_ids_.size()); }
  bool is_idle(BlockId block) const;

 private:
  static constexpr int32_t kNone = -1;

  struct Node {
    bool cached = false;
    bool idle = false;
    TenantId tenant{};
    int32_t parent = kNone;  // block index
    int32_t child_count = 0;
    uint64_t hash = 0;
    int32_t next_in_bucket = kNone;
    int32_t older = kNone;  // neighbours in the idle list
    int32_t newer = kNone;
  };
  struct Tenant {
    std::string name;
    int32_t use_count = 0;  // openings and first-level nodes
  };

  void AddUnusedTenant();
  void MakeRoomFor(BlockId block);
  Node& NodeOf(BlockId block);
  uint64_t HashOf(const PrefixPosition& position,
                  std::span<const base::TokenId> block_tokens) const;
  int32_t Find(const PrefixPosition& position, std::span<const base::TokenId> block_tokens,
               uint64_t hash) const;
  void AddToBucket(int32_t index);
  void RemoveFromBucket(int32_t index);
  void GrowBuckets();
  void MakeIdle(int32_t index);
  void MakeBusy(int32_t index);
  void EvictOldest();

  BlockPool* pool_;
  const int32_t block_size_;
  std::vector<Node> nodes_;            // by block index
  std::vector<base::TokenId> tokens_;  // block_size_ of each node
  std::vector<int32_t> buckets_;       // hash table with chaining, a power of two in size
  int32_t cached_count_ = 0;
  int32_t idle_count_ = 0;
  int32_t oldest_idle_ = kNone;
  int32_t newest_idle_ = kNone;
  std::map<std::string, TenantId, std::less<>> tenant_ids_;
  std::vector<Tenant> tenants_;
  std::vector<TenantId> unused_tenants_;
};

}  // namespace millrace::kv
