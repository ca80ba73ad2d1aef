#include "tokenizer/fim_tokens.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tokenizer/testing/vocabularies.h"

namespace millrace::tokenizer {
namespace {

using base::TokenId;

constexpr int32_t kControl = 3;

// The tiny vocabulary with these control tokens behind it, the first at kFirst.
VocabularyData With(const std::vector<std::string>& names) {
  VocabularyData data = testing::MakeTinyVocabulary();
  for (const std::string& name : names) {
    data.tokens.push_back(name);
    data.types.push_back(kControl);
  }
  return data;
}
const auto kFirst = static_cast<int32_t>(testing::MakeTinyVocabulary().tokens.size());

std::optional<FimTokens> Find(VocabularyData data) {
  return Tokenizer::Create(std::move(data)).value()->fim_tokens();
}

TEST(FimTokens, AreKnownByThePublishedNames) {
  for (const std::vector<std::string>& names :
       {std::vector<std::string>{"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"},
        {"<fim_prefix>", "<fim_suffix>", "<fim_middle>"},
        {"<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"},
        {"<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"},
        {"<PRE>", "<SUF>", "<MID>"},
        {"\u2581<PRE>", "\u2581<SUF>", "\u2581<MID>"}}) {
    const auto tokens = Find(With(names));
    ASSERT_TRUE(tokens) << names[0];
    EXPECT_EQ(tokens->prefix, TokenId{kFirst});
    EXPECT_EQ(tokens->suffix, TokenId{kFirst + 1});
    EXPECT_EQ(tokens->middle, TokenId{kFirst + 2});
  }
}

TEST(FimTokens, AreNoneUnlessAllThreeOfOneFamilyAreThere) {
  EXPECT_FALSE(Find(With({})));
  EXPECT_FALSE(Find(With({"<|fim_prefix|>", "<|fim_suffix|>"})));
  EXPECT_FALSE(Find(With({"<|fim_prefix|>", "<fim_suffix>", "<MID>"})));
}

TEST(FimTokens, OfTheFileWinOverNames) {
  VocabularyData data = With({"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<other>"});
  data.fim_middle = TokenId{kFirst + 3};
  const auto tokens = Find(data);
  ASSERT_TRUE(tokens);
  EXPECT_EQ(tokens->prefix, TokenId{kFirst});
  EXPECT_EQ(tokens->middle, TokenId{kFirst + 3});
}

TEST(FimTokens, AllEndWhatIsFilledIn) {
  VocabularyData data = With({"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|fim_pad|>",
                              "<|repo_name|>", "<|file_sep|>", "<sep>"});
  data.fim_separator = TokenId{kFirst + 6};
  std::vector<TokenId> expected;
  for (int32_t i : {0, 1, 2, 6, 3, 4, 5}) {
    expected.push_back(TokenId{kFirst + i});
  }
  EXPECT_EQ(Find(data)->ends, expected);
}

TEST(FimTokens, OutsideOfTheVocabularyAreRefused) {
  VocabularyData data = testing::MakeTinyVocabulary();
  data.fim_prefix = TokenId{100'000};
  const auto created = Tokenizer::Create(data);
  ASSERT_FALSE(created.has_value());
  EXPECT_NE(created.error().message.find("fim_pre"), std::string::npos);
}

}  // namespace
}  // namespace millrace::tokenizer
