#include "kv/storage.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <limits>
#include <utility>

namespace millrace::kv {
namespace {

constexpr StorageShape kSmall = {.layer_count = 3,
                                 .kv_head_count = 2,
                                 .key_size = 8,
                                 .value_size = 4,
                                 .block_size = 16,
                                 .block_count = 5};

// Resident bytes of this process.
size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  size_t total = 0;
  size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

TEST(Storage, EveryHeadOfEveryBlockHasItsOwnMemory) {
  Storage storage = *Storage::Create(kSmall);
  const auto mark = [](int layer, int block, int head) {
    return static_cast<uint16_t>(1000 * layer + 10 * block + head);
  };
  for (int layer = 0; layer < 3; ++layer) {
    for (int block = 0; block < 5; ++block) {
      for (int head = 0; head < 2; ++head) {
        std::fill_n(storage.Keys(layer, BlockId{block}, head), 16 * 8, mark(layer, block, head));
        std::fill_n(storage.Values(layer, BlockId{block}, head), 16 * 4, mark(layer, block, head));
      }
    }
  }
  for (int layer = 0; layer < 3; ++layer) {
    for (int block = 0; block < 5; ++block) {
      for (int head = 0; head < 2; ++head) {
        const uint16_t expected = mark(layer, block, head);
        EXPECT_EQ(storage.Keys(layer, BlockId{block}, head)[0], expected);
        EXPECT_EQ(storage.Keys(layer, BlockId{block}, head)[16 * 8 - 1], expected);
        EXPECT_EQ(storage.Values(layer, BlockId{block}, head)[0], expected);
        EXPECT_EQ(storage.Values(layer, BlockId{block}, head)[16 * 4 - 1], expected);
      }
    }
  }
}

TEST(Storage, BlockBytesCountsKeysAndValuesOfAllLayers) {
  const Storage storage = *Storage::Create(kSmall);
  EXPECT_EQ(storage.block_bytes(), 3U * 2 * 16 * (8 + 4) * 2);
}

TEST(Storage, MemoryIsTakenOnlyWhenABlockIsWritten) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer keeps shadow memory for every write";
#endif
  StorageShape shape = {.layer_count = 28,
                        .kv_head_count = 8,
                        .key_size = 128,
                        .value_size = 128,
                        .block_size = 16,
                        .block_count = 65536};  // a million positions
  const size_t before = ResidentBytes();
  Storage storage = *Storage::Create(shape);
  for (int block = 0; block < 8; ++block) {
    for (int layer = 0; layer < shape.layer_count; ++layer) {
      for (int head = 0; head < shape.kv_head_count; ++head) {
        std::fill_n(storage.Keys(layer, BlockId{block}, head), 16 * 128, uint16_t{1});
        std::fill_n(storage.Values(layer, BlockId{block}, head), 16 * 128, uint16_t{1});
      }
    }
  }
  const size_t grown = ResidentBytes() - before;
  EXPECT_GE(grown, 7 * storage.block_bytes());
  EXPECT_LE(grown, 10 * storage.block_bytes());
}

TEST(Storage, MovingKeepsTheContents) {
  Storage first = *Storage::Create(kSmall);
  first.Keys(1, BlockId{2}, 1)[3] = 77;
  Storage second = std::move(first);
  EXPECT_EQ(second.Keys(1, BlockId{2}, 1)[3], 77);
  Storage third = *Storage::Create(kSmall);
  third = std::move(second);
  EXPECT_EQ(third.Keys(1, BlockId{2}, 1)[3], 77);
}

TEST(Storage, RefusesWhatTheAddressSpaceCannotHold) {
  StorageShape shape = kSmall;
  shape.block_count = std::numeric_limits<int32_t>::max();
  shape.layer_count = 1 << 20;
  shape.key_size = 1 << 20;
  const auto result = Storage::Create(shape);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, base::ErrorKind::kResourceExhausted);
}

TEST(Storage, RefusesEmptyShapes) {
  StorageShape shape = kSmall;
  shape.key_size = 0;
  const auto result = Storage::Create(shape);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, base::ErrorKind::kInvalidArgument);
}

}  // namespace
}  // namespace millrace::kv
