#include "tokenizer/vocabulary.h"

#include <gtest/gtest.h>

#include <string>

namespace millrace::tokenizer {
namespace {

TEST(ByteMapping, EveryByteHasItsCharacter) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) {
    bytes += static_cast<char>(byte);
  }
  EXPECT_EQ(BytesOfMappedText(MappedTextOfBytes(bytes)), bytes);
}

TEST(ByteMapping, IsThatOfGpt2) {
  EXPECT_EQ(MappedTextOfBytes(" a\n\x7f\xad"), "ĠaĊġŃ");
  EXPECT_EQ(MappedTextOfBytes("ÿ"), "Ã¿");
}

TEST(ByteMapping, RefusesOtherCharacters) {
  EXPECT_EQ(BytesOfMappedText("a b"), std::nullopt);
  EXPECT_EQ(BytesOfMappedText("中"), std::nullopt);
  EXPECT_EQ(BytesOfMappedText("\xff"), std::nullopt);
}

TEST(Vocabulary, NormalTokensOutsideOfTheMappingStandForThemselves) {
  const auto vocabulary = Vocabulary::Create({"Ġa", "<｜begin▁of▁sentence｜>"}, {});
  ASSERT_TRUE(vocabulary.has_value());
  EXPECT_EQ(vocabulary->Bytes(base::TokenId{0}), " a");
  EXPECT_EQ(vocabulary->Bytes(base::TokenId{1}), "<｜begin▁of▁sentence｜>");
}

TEST(Vocabulary, SpecialTokensAreTakenAsTheyAre) {
  const auto vocabulary = Vocabulary::Create({"Ġ", "Ġ", "  "}, {1, 3, 4});
  ASSERT_TRUE(vocabulary.has_value());
  EXPECT_EQ(vocabulary->Bytes(base::TokenId{0}), " ");
  EXPECT_EQ(vocabulary->Bytes(base::TokenId{1}), "Ġ");
  EXPECT_EQ(vocabulary->FindMergeable("Ġ"), std::nullopt);
  EXPECT_EQ(vocabulary->FindMergeable("  "), base::TokenId{2});
}

TEST(Vocabulary, UnusedTokensMayRepeat) {
  const auto vocabulary = Vocabulary::Create({"a", "pad", "pad"}, {1, 5, 5});
  ASSERT_TRUE(vocabulary.has_value());
  EXPECT_EQ(vocabulary->FindMergeable("pad"), std::nullopt);
}

}  // namespace
}  // namespace millrace::tokenizer
