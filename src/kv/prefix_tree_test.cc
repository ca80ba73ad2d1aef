#include "kv/prefix_tree.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

#include "kv/block_table.h"

namespace millrace::kv {
namespace {

constexpr int32_t kBlockSize = 4;

std::vector<base::TokenId> Tokens(std::initializer_list<int> values) {
  std::vector<base::TokenId> tokens;
  for (int value : values) {
    tokens.push_back(base::TokenId{value});
  }
  return tokens;
}

struct Fixture {
  explicit Fixture(int32_t block_count) : pool(block_count), tree(&pool, kBlockSize) {}

  // A table that has computed and published all of `text`.
  BlockTable Computed(TenantId tenant, const std::vector<base::TokenId>& text) {
    BlockTable table(&tree, tenant);
    const auto count = static_cast<int32_t>(text.size());
    table.AttachPrefix(text, count);
    EXPECT_TRUE(table.TryReserve(count));
    table.Publish(text, count);
    return table;
  }

  BlockPool pool;
  PrefixTree tree;
};

TEST(PrefixTree, SecondTextReusesTheCommonWholeBlocks) {
  Fixture f(16);
  const TenantId tenant = f.tree.OpenTenant("a");
  const auto first = Tokens({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  const auto second = Tokens({1, 2, 3, 4, 5, 6, 7, 8, 9, 99, 98, 97});
  const BlockTable computed = f.Computed(tenant, first);
  BlockTable table(&f.tree, tenant);
  EXPECT_EQ(table.AttachPrefix(second, 12), 2);
  EXPECT_EQ(table.blocks()[0], computed.blocks()[0]);
  EXPECT_EQ(table.blocks()[1], computed.blocks()[1]);
  EXPECT_EQ(f.pool.reference_count(table.blocks()[0]), 3);
}

TEST(PrefixTree, SameBlockTokensAfterAnotherBeginningAreNotShared) {
  Fixture f(16);
  const TenantId tenant = f.tree.OpenTenant("a");
  const BlockTable computed = f.Computed(tenant, Tokens({1, 2, 3, 4, 5, 6, 7, 8}));
  BlockTable table(&f.tree, tenant);
  EXPECT_EQ(table.AttachPrefix(Tokens({5, 6, 7, 8, 5, 6, 7, 8}), 8), 0);
}

TEST(PrefixTree, TenantsShareNothing) {
  Fixture f(16);
  const auto text = Tokens({1, 2, 3, 4, 5, 6, 7, 8});
  const BlockTable computed = f.Computed(f.tree.OpenTenant("a"), text);
  BlockTable table(&f.tree, f.tree.OpenTenant("b"));
  EXPECT_EQ(table.AttachPrefix(text, 8), 0);
}

TEST(PrefixTree, AttachStopsBeforeTheGivenPosition) {
  Fixture f(16);
  const TenantId tenant = f.tree.OpenTenant("a");
  const auto text = Tokens({1, 2, 3, 4, 5, 6, 7, 8});
  const BlockTable computed = f.Computed(tenant, text);
  BlockTable table(&f.tree, tenant);
  EXPECT_EQ(table.AttachPrefix(text, 7), 1);
  EXPECT_EQ(table.AttachPrefix(text, 8), 1);
}

TEST(PrefixTree, TwinBlockIsReplacedByTheCachedOneAndFreed) {
  Fixture f(16);
  const TenantId tenant = f.tree.OpenTenant("a");
  const auto text = Tokens({1, 2, 3, 4});
  BlockTable first(&f.tree, tenant);
  BlockTable second(&f.tree, tenant);
  ASSERT_TRUE(first.TryReserve(4));
  ASSERT_TRUE(second.TryReserve(4));
  first.Publish(text, 4);
  EXPECT_EQ(f.tree.free_count(), 14);
  second.Publish(text, 4);
  EXPECT_EQ(second.blocks()[0], first.blocks()[0]);
  EXPECT_EQ(f.tree.free_count(), 15);
}

TEST(PrefixTree, ReleasedBlocksStayUntilThePoolRunsDry) {
  Fixture f(4);
  const TenantId tenant = f.tree.OpenTenant("a");
  const auto text = Tokens({1, 2, 3, 4, 5, 6, 7, 8});
  f.Computed(tenant, text).Release();
  EXPECT_EQ(f.tree.idle_count(), 2);
  EXPECT_EQ(f.tree.available_count(), 4);
  BlockTable other(&f.tree, tenant);
  ASSERT_TRUE(other.TryReserve(3 * kBlockSize));
  // The end of the text went first: its beginning can still be reused.
  BlockTable again(&f.tree, tenant);
  EXPECT_EQ(again.AttachPrefix(text, 8), 1);
}

TEST(PrefixTree, EvictsThePrefixReleasedLongestAgo) {
  Fixture f(4);
  const TenantId tenant = f.tree.OpenTenant("a");
  const auto old_text = Tokens({1, 2, 3, 4, 5, 6, 7, 8});
  const auto new_text = Tokens({11, 12, 13, 14, 15, 16, 17, 18});
  f.Computed(tenant, old_text).Release();
  f.Computed(tenant, new_text).Release();
  f.Computed(tenant, old_text).Release();
  BlockTable other(&f.tree, tenant);
  ASSERT_TRUE(other.TryReserve(2 * kBlockSize));
  BlockTable table(&f.tree, tenant);
  EXPECT_EQ(table.AttachPrefix(new_text, 8), 0);
  EXPECT_EQ(table.AttachPrefix(old_text, 8), 2);
}

TEST(PrefixTree, ReserveIsAllOrNothing) {
  Fixture f(3);
  BlockTable table(&f.tree, f.tree.OpenTenant("a"));
  EXPECT_FALSE(table.TryReserve(4 * kBlockSize));
  EXPECT_EQ(f.tree.free_count(), 3);
  EXPECT_TRUE(table.TryReserve(3 * kBlockSize));
}

TEST(PrefixTree, TenantIsForgottenWithItsLastBlock) {
  Fixture f(8);
  const TenantId tenant = f.tree.OpenTenant("a");
  f.Computed(tenant, Tokens({1, 2, 3, 4, 5, 6, 7, 8})).Release();
  f.tree.CloseTenant(tenant);
  EXPECT_EQ(f.tree.tenant_count(), 1);
  f.tree.Clear();
  EXPECT_EQ(f.tree.tenant_count(), 0);
  EXPECT_EQ(f.tree.free_count(), 8);
}

// What a block was computed from, kept apart from the tree: every block a table holds must agree.
class Oracle {
 public:
  explicit Oracle(size_t block_count) : texts_(block_count) {}

  void CheckAndFill(const BlockTable& table, const std::vector<base::TokenId>& text, int32_t tenant,
                    size_t attached) {
    for (size_t i = 0; i < table.blocks().size(); ++i) {
      std::vector<int> key{tenant};
      for (size_t p = 0; p < (i + 1) * kBlockSize; ++p) {
        key.push_back(base::ToIndex(text[p]));
      }
      std::vector<int>& known = texts_[static_cast<size_t>(ToIndex(table.blocks()[i]))];
      if (i < attached) {
        ASSERT_EQ(known, key);
      } else {
        known = key;
      }
    }
  }

 private:
  std::vector<std::vector<int>> texts_;
};

TEST(PrefixTree, RandomUseNeverLendsABlockOfAnotherText) {
  constexpr int32_t kBlockCount = 24;
  Fixture f(kBlockCount);
  Oracle oracle(kBlockCount);
  std::mt19937 random(7);
  struct Held {
    TenantId tenant;
    BlockTable table;
  };
  std::vector<Held> held;
  for (int step = 0; step < 20'000; ++step) {
    if (!held.empty() && random() % 2 == 0) {
      const size_t victim = random() % held.size();
      const TenantId tenant = held[victim].tenant;
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(victim));
      f.tree.CloseTenant(tenant);
    } else {
      std::vector<base::TokenId> text;
      const auto block_count = 1 + random() % 5;
      for (size_t i = 0; i < block_count * kBlockSize; ++i) {
        text.push_back(base::TokenId{static_cast<int>(random() % 8 == 0 ? 1 : 0)});
      }
      const auto name = static_cast<int>(random() % 3);
      const TenantId tenant = f.tree.OpenTenant(std::to_string(name));
      BlockTable table(&f.tree, tenant);
      const auto end = static_cast<int32_t>(text.size());
      const int32_t attached = table.AttachPrefix(text, end);
      if (!table.TryReserve(end)) {
        table.Release();
        f.tree.CloseTenant(tenant);
        continue;
      }
      oracle.CheckAndFill(table, text, name, static_cast<size_t>(attached));
      table.Publish(text, end);
      held.push_back({tenant, std::move(table)});
    }
    ASSERT_LE(f.tree.available_count(), kBlockCount);
  }
  for (Held& entry : held) {
    entry.table.Release();
    f.tree.CloseTenant(entry.tenant);
  }
  EXPECT_EQ(f.tree.available_count(), kBlockCount);
  f.tree.Clear();
  EXPECT_EQ(f.tree.free_count(), kBlockCount);
  EXPECT_EQ(f.tree.tenant_count(), 0);
}

}  // namespace
}  // namespace millrace::kv
