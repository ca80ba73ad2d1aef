#include "kv/prefix_tree.h"

#include <algorithm>

#include "base/check.h"
#include "base/random.h"

namespace millrace::kv {
namespace {

constexpr size_t kInitialBucketCount = 64;

size_t Index(BlockId block) { return static_cast<size_t>(ToIndex(block)); }
size_t Index(TenantId tenant) { return static_cast<size_t>(tenant); }

}  // namespace

PrefixTree::PrefixTree(BlockPool* pool, int32_t block_size)
    : pool_(pool), block_size_(block_size), buckets_(kInitialBucketCount, kNone) {
  MILLRACE_CHECK(pool != nullptr && block_size > 0);
}

TenantId PrefixTree::OpenTenant(std::string_view name) {
  auto found = tenant_ids_.find(name);
  if (found == tenant_ids_.end()) {
    if (unused_tenants_.empty()) {
      AddUnusedTenant();
    }
    Tenant fresh{.name = std::string(name)};
    found = tenant_ids_.emplace(std::string(name), unused_tenants_.back()).first;
    unused_tenants_.pop_back();
    tenants_[Index(found->second)] = std::move(fresh);
  }
  ++tenants_[Index(found->second)].use_count;
  return found->second;
}

void PrefixTree::AddUnusedTenant() {
  tenants_.emplace_back();
  try {
    unused_tenants_.reserve(tenants_.capacity());  // so that CloseTenant never allocates
  } catch (...) {
    tenants_.pop_back();
    throw;
  }
  unused_tenants_.push_back(TenantId{static_cast<int32_t>(tenants_.size()) - 1});
}

void PrefixTree::CloseTenant(TenantId tenant) {
  Tenant& entry = tenants_[Index(tenant)];
  MILLRACE_CHECK(entry.use_count > 0);
  if (--entry.use_count == 0) {
    tenant_ids_.erase(entry.name);
    unused_tenants_.push_back(tenant);
  }
}

std::optional<BlockId> PrefixTree::TryTake() {
  if (pool_->free_count() == 0 && idle_count_ > 0) {
    EvictOldest();
  }
  return pool_->TryTake();
}

std::optional<BlockId> PrefixTree::Attach(const PrefixPosition& position,
                                          std::span<const base::TokenId> block_tokens) {
  const int32_t index = Find(position, block_tokens, HashOf(position, block_tokens));
  if (index == kNone) {
    return std::nullopt;
  }
  if (nodes_[static_cast<size_t>(index)].idle) {
    MakeBusy(index);
  }
  pool_->Retain(BlockId{index});
  return BlockId{index};
}

BlockId PrefixTree::Insert(const PrefixPosition& position,
                           std::span<const base::TokenId> block_tokens, BlockId block) {
  if (const std::optional<BlockId> existing = Attach(position, block_tokens)) {
    MILLRACE_CHECK(*existing != block);
    pool_->Release(block);
    return *existing;
  }
  MakeRoomFor(block);
  Node& node = NodeOf(block);
  MILLRACE_CHECK(!node.cached);
  node = Node{.cached = true, .tenant = position.tenant};
  node.hash = HashOf(position, block_tokens);
  if (position.block) {
    node.parent = ToIndex(*position.block);
    ++NodeOf(*position.block).child_count;
  } else {
    ++tenants_[Index(position.tenant)].use_count;
  }
  std::ranges::copy(block_tokens,
                    tokens_.begin() + static_cast<std::ptrdiff_t>(Index(block)) * block_size_);
  ++cached_count_;
  AddToBucket(ToIndex(block));
  pool_->Retain(block);
  return block;
}

// Everything that one more cached block allocates.
void PrefixTree::MakeRoomFor(BlockId block) {
  if (Index(block) >= nodes_.size()) {
    tokens_.resize((Index(block) + 1) * static_cast<size_t>(block_size_));
    nodes_.resize(Index(block) + 1);
  }
  if (static_cast<size_t>(cached_count_) == buckets_.size()) {
    GrowBuckets();
  }
}

void PrefixTree::Release(std::span<const BlockId> blocks) {
  for (size_t i = blocks.size(); i-- > 0;) {
    const int32_t left = pool_->Release(blocks[i]);
    if (left == 1 && Index(blocks[i]) < nodes_.size() && NodeOf(blocks[i]).cached) {
      MakeIdle(ToIndex(blocks[i]));
    }
  }
}

void PrefixTree::Clear() {
  while (idle_count_ > 0) {
    EvictOldest();
  }
}

bool PrefixTree::is_idle(BlockId block) const {
  return Index(block) < nodes_.size() && nodes_[Index(block)].idle;
}

PrefixTree::Node& PrefixTree::NodeOf(BlockId block) { return nodes_[Index(block)]; }

uint64_t PrefixTree::HashOf(const PrefixPosition& position,
                            std::span<const base::TokenId> block_tokens) const {
  MILLRACE_CHECK(block_tokens.size() == static_cast<size_t>(block_size_));
  // A root gets the numbers below zero, a block those from zero on.
  const int64_t parent =
      position.block ? ToIndex(*position.block) : -1 - static_cast<int64_t>(Index(position.tenant));
  uint64_t hash = base::SplitMix64(static_cast<uint64_t>(parent));
  for (base::TokenId token : block_tokens) {
    hash = base::SplitMix64(hash ^ static_cast<uint64_t>(ToIndex(token)));
  }
  return hash;
}

int32_t PrefixTree::Find(const PrefixPosition& position,
                         std::span<const base::TokenId> block_tokens, uint64_t hash) const {
  const int32_t parent = position.block ? ToIndex(*position.block) : kNone;
  int32_t index = buckets_[hash & (buckets_.size() - 1)];
  for (; index != kNone; index = nodes_[static_cast<size_t>(index)].next_in_bucket) {
    const Node& node = nodes_[static_cast<size_t>(index)];
    if (node.hash != hash || node.parent != parent || node.tenant != position.tenant) {
      continue;
    }
    const auto first = tokens_.begin() + static_cast<std::ptrdiff_t>(index) * block_size_;
    if (std::equal(block_tokens.begin(), block_tokens.end(), first)) {
      return index;
    }
  }
  return kNone;
}

void PrefixTree::AddToBucket(int32_t index) {
  Node& node = nodes_[static_cast<size_t>(index)];
  int32_t& bucket = buckets_[node.hash & (buckets_.size() - 1)];
  node.next_in_bucket = bucket;
  bucket = index;
}

void PrefixTree::RemoveFromBucket(int32_t index) {
  const Node& node = nodes_[static_cast<size_t>(index)];
  int32_t* link = &buckets_[node.hash & (buckets_.size() - 1)];
  while (*link != index) {
    MILLRACE_CHECK(*link != kNone);
    link = &nodes_[static_cast<size_t>(*link)].next_in_bucket;
  }
  *link = node.next_in_bucket;
}

void PrefixTree::GrowBuckets() {
  buckets_ = std::vector<int32_t>(buckets_.size() * 2, kNone);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].cached) {
      AddToBucket(static_cast<int32_t>(i));
    }
  }
}

void PrefixTree::MakeIdle(int32_t index) {
  Node& node = nodes_[static_cast<size_t>(index)];
  node.idle = true;
  node.older = newest_idle_;
  node.newer = kNone;
  (newest_idle_ == kNone ? oldest_idle_ : nodes_[static_cast<size_t>(newest_idle_)].newer) = index;
  newest_idle_ = index;
  ++idle_count_;
}

void PrefixTree::MakeBusy(int32_t index) {
  Node& node = nodes_[static_cast<size_t>(index)];
  node.idle = false;
  (node.older == kNone ? oldest_idle_ : nodes_[static_cast<size_t>(node.older)].newer) = node.newer;
  (node.newer == kNone ? newest_idle_ : nodes_[static_cast<size_t>(node.newer)].older) = node.older;
  --idle_count_;
}

void PrefixTree::EvictOldest() {
  const int32_t index = oldest_idle_;
  Node& node = nodes_[static_cast<size_t>(index)];
  MILLRACE_CHECK(node.child_count == 0);
  MakeBusy(index);
  RemoveFromBucket(index);
  node.cached = false;
  --cached_count_;
  if (node.parent == kNone) {
    CloseTenant(node.tenant);
  } else {
    --nodes_[static_cast<size_t>(node.parent)].child_count;
  }
  pool_->Release(BlockId{index});
}

}  // namespace millrace::kv
