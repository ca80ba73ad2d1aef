#include "kv/block_pool.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace millrace::kv {
namespace {

TEST(BlockPool, LendsEachBlockOnceAndThenNothing) {
  BlockPool pool(5);
  std::set<BlockId> lent;
  for (int i = 0; i < 5; ++i) {
    lent.insert(pool.TryTake().value());
  }
  EXPECT_EQ(lent.size(), 5U);
  EXPECT_EQ(pool.free_count(), 0);
  EXPECT_FALSE(pool.TryTake().has_value());
}

TEST(BlockPool, SharedBlockIsFreeAfterItsLastReference) {
  BlockPool pool(2);
  const BlockId block = pool.TryTake().value();
  pool.Retain(block);
  EXPECT_EQ(pool.Release(block), 1);
  EXPECT_EQ(pool.free_count(), 1);
  EXPECT_EQ(pool.Release(block), 0);
  EXPECT_EQ(pool.free_count(), 2);
  EXPECT_EQ(pool.reference_count(block), 0);
}

TEST(BlockPool, BlockFreedLastIsLentFirst) {
  BlockPool pool(100);
  const BlockId a = pool.TryTake().value();
  const BlockId b = pool.TryTake().value();
  pool.Release(a);
  pool.Release(b);
  EXPECT_EQ(pool.TryTake(), b);
  EXPECT_EQ(pool.TryTake(), a);
}

TEST(BlockPool, TouchesNoMoreBlocksThanWereHeldAtOnce) {
  BlockPool pool(1'000'000);
  for (int round = 0; round < 50; ++round) {
    std::vector<BlockId> held;
    for (int i = 0; i < 7; ++i) {
      held.push_back(pool.TryTake().value());
      EXPECT_LT(ToIndex(held.back()), 7);
    }
    for (BlockId block : held) {
      pool.Release(block);
    }
  }
}

}  // namespace
}  // namespace millrace::kv
