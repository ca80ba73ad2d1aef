#include "gguf/tensor_type.h"

#include <gtest/gtest.h>

namespace millrace::gguf {
namespace {

TEST(TensorType, KnowsItsOwnNumbers) {
  const auto info = FindTensorType(12);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->type, TensorType::kQ4_K);
  EXPECT_EQ(info->name, "Q4_K");
  EXPECT_EQ(info->block_values, 256);
  EXPECT_EQ(info->block_bytes, 144);
}

TEST(TensorType, RefusesRetiredAndUnknownNumbers) {
  for (const uint32_t number : {4U, 5U, 9U, 15U, 31U, 40U, 0xFFFFFFFFU}) {
    EXPECT_FALSE(FindTensorType(number).has_value()) << number;
  }
}

TEST(TensorType, RowBytesCountsWholeBlocks) {
  EXPECT_EQ(RowBytes(TensorType::kQ8_0, 1024), 1024 / 32 * 34);
  EXPECT_EQ(RowBytes(TensorType::kQ6_K, 512), 2 * 210);
  EXPECT_EQ(RowBytes(TensorType::kF16, 7), 14);
}

}  // namespace
}  // namespace millrace::gguf
