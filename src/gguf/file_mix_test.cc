#include "gguf/file_mix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace millrace::gguf {
namespace {

TensorType TypeOf(FileMix mix, std::string_view name, int32_t layer = 0) {
  return TypeInMix(mix, {.name = name,
                         .row_length = 1024,
                         .dimension_count = 2,
                         .layer = layer,
                         .layer_count = 28,
                         .has_output = false});
}

TEST(FileMix, NamesGoBothWays) {
  EXPECT_EQ(FindFileMix("Q4_K_M"), FileMix::kQ4_K_M);
  EXPECT_EQ(FindFileMix("q8_0"), FileMix::kQ8_0);
  EXPECT_EQ(FindFileMix("Q9"), std::nullopt);
  EXPECT_EQ(FileMixName(FileMix::kBF16), "BF16");
}

TEST(FileMix, GivesMoreBitsToTheFirstAndLastEighthAndEveryThirdLayerBetween) {
  // 28 layers: 0-2, then every third from 5 on, and 24-27.
  const std::vector<int32_t> careful = {0, 1, 2, 5, 8, 11, 14, 17, 20, 23, 24, 25, 26, 27};
  for (const std::string_view name : {"blk.9.attn_v.weight", "blk.9.ffn_down.weight"}) {
    for (int32_t layer = 0; layer < 28; ++layer) {
      const bool more = std::find(careful.begin(), careful.end(), layer) != careful.end();
      EXPECT_EQ(TypeOf(FileMix::kQ4_K_M, name, layer), more ? TensorType::kQ6_K : TensorType::kQ4_K)
          << layer;
    }
  }
}

TEST(FileMix, GivesMoreBitsToTheOutputAlsoWhenItIsTheEmbedding) {
  EXPECT_EQ(TypeOf(FileMix::kQ4_K_M, "token_embd.weight"), TensorType::kQ6_K);
  EXPECT_EQ(TypeOf(FileMix::kQ4_K_M, "output.weight"), TensorType::kQ6_K);
  EXPECT_EQ(TypeOf(FileMix::kQ8_0, "output.weight"), TensorType::kQ8_0);
  const MixTensor untied = {
      .name = "token_embd.weight", .row_length = 1024, .dimension_count = 2, .has_output = true};
  EXPECT_EQ(TypeInMix(FileMix::kQ4_K_M, untied), TensorType::kQ4_K);
}

TEST(FileMix, LeavesNormsAndRoutersAsTheyAre) {
  EXPECT_EQ(TypeInMix(FileMix::kQ4_K_M,
                      {.name = "output_norm.weight", .row_length = 1024, .dimension_count = 1}),
            TensorType::kF32);
  EXPECT_EQ(TypeOf(FileMix::kQ4_K_M, "blk.0.ffn_gate_inp.weight"), TensorType::kF32);
  EXPECT_EQ(TypeOf(FileMix::kF16, "blk.0.attn_q_norm.weight"), TensorType::kF32);
}

TEST(FileMix, FallsBackWhereRowsAreNotWholeBlocks) {
  const auto type = [](FileMix mix, int64_t row_length, int32_t layer) {
    return TypeInMix(mix, {.name = "blk.0.ffn_down.weight",
                           .row_length = row_length,
                           .dimension_count = 2,
                           .layer = layer,
                           .layer_count = 8});
  };
  EXPECT_EQ(type(FileMix::kQ4_K_M, 1408, 1), TensorType::kQ5_0);
  EXPECT_EQ(type(FileMix::kQ4_K_M, 1408, 0), TensorType::kQ8_0);
  EXPECT_EQ(type(FileMix::kQ5_K_M, 1408, 1), TensorType::kQ5_1);
  EXPECT_EQ(type(FileMix::kQ4_K_M, 100, 1), TensorType::kF16);
  EXPECT_EQ(type(FileMix::kQ8_0, 100, 1), TensorType::kF16);
}

}  // namespace
}  // namespace millrace::gguf
