#include "kernels/block_format.h"

#include <gtest/gtest.h>

#include <bit>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "gguf/half.h"
#include "kernels/block_unpack.h"
#include "kernels/testing/random_weights.h"

namespace millrace::kernels {
namespace {

using gguf::TensorType;

TensorType TypeNamed(const std::string& name) {
  for (const TensorType type : testing::WeightTypes()) {
    if (gguf::InfoOf(type).name == name) {
      return type;
    }
  }
  ADD_FAILURE() << "unknown type " << name;
  return TensorType::kF32;
}

// Blocks and values of an independent implementation; tools/golden/make_block_values.py makes the
// file.
TEST(BlockFormat, ValuesEqualTheGoldenOnes) {
  std::ifstream file(MILLRACE_SOURCE_DIR "/src/kernels/testdata/block_values.txt");
  ASSERT_TRUE(file.is_open());
  int type_count = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) {
      continue;
    }
    ++type_count;
    std::istringstream fields(line);
    std::string name;
    std::string hex;
    fields >> name >> hex;
    std::vector<std::byte> bytes;
    for (size_t i = 0; i < hex.size(); i += 2) {
      bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    }
    const TensorType type = TypeNamed(name);
    const auto count = static_cast<int64_t>(bytes.size()) / gguf::InfoOf(type).block_bytes *
                       gguf::InfoOf(type).block_values;
    std::vector<float> values(static_cast<size_t>(count));
    Dequantise(type, bytes.data(), count, values.data());
    for (const float value : values) {
      uint32_t bits = 0;
      fields >> std::hex >> bits;
      ASSERT_NEAR(value, std::bit_cast<float>(bits), 1e-6 * std::abs(value)) << name;
    }
  }
  EXPECT_EQ(type_count, 13);
}

TEST(BlockFormat, CodesAndScalesGiveTheSameValues) {
  for (const TensorType type : testing::WeightTypes()) {
    if (ProductKindOf(type) == ProductKind::kFloat) {
      continue;
    }
    const testing::RandomWeights weights(type, {1, 256}, 5);
    const std::vector<float> values = weights.Values();
    const std::byte* bytes = weights.matrix().data;
    for (size_t j = 0; j < 256; ++j) {
      float value = 0;
      if (ProductKindOf(type) == ProductKind::kBlocks32) {
        Codes32 codes;
        UnpackCodes(type, bytes + j / 32 * static_cast<size_t>(gguf::InfoOf(type).block_bytes),
                    codes);
        value = codes.d * static_cast<float>(codes.code[j % 32]) + codes.m;
      } else {
        Codes256 codes;
        UnpackCodes(type, bytes, codes);
        value = codes.d * static_cast<float>(codes.code[j]) -
                codes.dmin * static_cast<float>(codes.min[j / 16]);
      }
      ASSERT_NEAR(value, values[j], 1e-5) << gguf::InfoOf(type).name << " value " << j;
    }
  }
}

TEST(Half, EveryHalfSurvivesTheRoundTrip) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = gguf::HalfToFloat(half);
    if (value != value) {
      const float back = gguf::HalfToFloat(gguf::FloatToHalf(value));
      EXPECT_NE(back, back);
    } else {
      ASSERT_EQ(gguf::FloatToHalf(value), half);
    }
  }
}

TEST(Half, RoundsToNearestAndTiesToEven) {
  EXPECT_EQ(gguf::HalfToFloat(gguf::FloatToHalf(1.0F + 0x1p-11F)), 1.0F);
  EXPECT_EQ(gguf::HalfToFloat(gguf::FloatToHalf(1.0F + 3 * 0x1p-11F)), 1.0F + 0x1p-9F);
  EXPECT_EQ(gguf::HalfToFloat(gguf::FloatToHalf(0x1p-25F)), 0.0F);
  EXPECT_EQ(gguf::HalfToFloat(gguf::FloatToHalf(0x1.8p-25F)), 0x1p-24F);
  EXPECT_EQ(gguf::HalfToFloat(gguf::FloatToHalf(65519.0F)), 65504.0F);
  EXPECT_EQ(gguf::HalfToFloat(gguf::FloatToHalf(65520.0F)), std::numeric_limits<float>::infinity());
  EXPECT_EQ(gguf::BfloatToFloat(gguf::FloatToBfloat(1.0F + 0x1p-8F)), 1.0F);
  EXPECT_EQ(gguf::BfloatToFloat(gguf::FloatToBfloat(1.0F + 3 * 0x1p-8F)), 1.0F + 0x1p-6F);
}

}  // namespace
}  // namespace millrace::kernels
