#include "tokenizer/detokenizer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/utf8.h"
#include "tokenizer/testing/random_text.h"
#include "tokenizer/testing/vocabularies.h"

namespace millrace::tokenizer {
namespace {

using base::TokenId;
using testing::MakeTinyTokenizer;

TokenId Byte(int byte) { return static_cast<TokenId>(byte); }

TEST(Detokenizer, HoldsACharacterBackUntilItIsWhole) {
  Detokenizer detokenizer(MakeTinyTokenizer());
  EXPECT_EQ(detokenizer.Add(Byte('a')), "a");
  EXPECT_EQ(detokenizer.Add(Byte(0xF0)), "");
  EXPECT_EQ(detokenizer.Add(Byte(0x9F)), "");
  EXPECT_EQ(detokenizer.Add(Byte(0x9A)), "");
  EXPECT_EQ(detokenizer.Add(Byte(0x80)), "🚀");
}

TEST(Detokenizer, ReplacesBytesThatCanNeverBecomeACharacter) {
  Detokenizer detokenizer(MakeTinyTokenizer());
  EXPECT_EQ(detokenizer.Add(Byte(0xFF)), "\uFFFD");
  EXPECT_EQ(detokenizer.Add(Byte(0xE4)), "");
  EXPECT_EQ(detokenizer.Add(Byte(0xB8)), "");
  EXPECT_EQ(detokenizer.Add(Byte('x')), "\uFFFDx");
}

TEST(Detokenizer, DropsAnUnfinishedCharacterAtTheEnd) {
  Detokenizer detokenizer(MakeTinyTokenizer());
  EXPECT_EQ(detokenizer.Add(Byte(0xE4)), "");
  detokenizer.Finish();
  EXPECT_EQ(detokenizer.Add(Byte('a')), "a");
}

TEST(Detokenizer, HidesControlTokensAndShowsUserDefinedOnes) {
  const auto tokenizer = MakeTinyTokenizer();
  Detokenizer hidden(tokenizer);
  EXPECT_EQ(hidden.Add(*tokenizer->Find("<|im_end|>")), "");
  EXPECT_EQ(hidden.Add(*tokenizer->Find("<think>")), "<think>");
  Detokenizer shown(tokenizer, ControlText::kShown);
  EXPECT_EQ(shown.Add(*tokenizer->Find("<|im_end|>")), "<|im_end|>");
}

TEST(Detokenizer, TokensWithoutTextGiveNone) {
  Detokenizer detokenizer(MakeTinyTokenizer());
  EXPECT_EQ(detokenizer.Add(static_cast<TokenId>(1'000'000)), "");
}

TEST(Detokenizer, GivesTheSameTextHoweverItIsTokenized) {
  const auto tokenizer = MakeTinyTokenizer();
  testing::RandomText random(1);
  for (int i = 0; i < 2000; ++i) {
    const std::string bytes = random.Characters(8) + random.Bytes(6) + random.Characters(4);
    std::vector<TokenId> merged;
    tokenizer->Encode(bytes, SpecialTokens::kPlainText, merged);
    std::string encoded;
    for (const TokenId id : merged) {
      encoded += tokenizer->Bytes(id);
    }
    Detokenizer by_token(tokenizer);
    Detokenizer by_byte(tokenizer);
    std::string from_tokens;
    std::string from_bytes;
    for (const TokenId id : merged) {
      const std::string text = by_token.Add(id);
      EXPECT_TRUE(base::IsValidUtf8(text));
      from_tokens += text;
    }
    for (const char byte : encoded) {
      from_bytes += by_byte.Add(Byte(static_cast<unsigned char>(byte)));
    }
    const size_t incomplete = base::IncompleteUtf8Suffix(encoded);
    EXPECT_EQ(from_tokens, base::SanitizeUtf8(encoded.substr(0, encoded.size() - incomplete)));
    EXPECT_EQ(from_bytes, from_tokens);
  }
}

}  // namespace
}  // namespace millrace::tokenizer
