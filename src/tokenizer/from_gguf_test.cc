#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "gguf/reader.h"
#include "gguf/writer.h"
#include "tokenizer/testing/vocabularies.h"
#include "tokenizer/tokenizer.h"

namespace millrace::tokenizer {
namespace {

using base::TokenId;
using ::testing::HasSubstr;
using testing::MakeTinyVocabulary;
using testing::SetVocabulary;

// The bytes of a file must outlive it.
struct Loaded {
  std::string bytes;
  base::Result<std::shared_ptr<const Tokenizer>> tokenizer;
};

Loaded Load(gguf::Writer& writer) {
  std::ostringstream out;
  EXPECT_TRUE(writer.Begin(out));
  EXPECT_TRUE(writer.Finish());
  std::string bytes = out.str();
  auto file = gguf::File::Parse(std::as_bytes(std::span(bytes)));
  EXPECT_TRUE(file.has_value());
  auto tokenizer = Tokenizer::FromGguf(**file);
  return {.bytes = std::move(bytes), .tokenizer = std::move(tokenizer)};
}

Loaded Load(const VocabularyData& data) {
  gguf::Writer writer;
  SetVocabulary(data, writer);
  return Load(writer);
}

std::string ErrorOf(const Loaded& loaded) {
  return loaded.tokenizer ? "no error" : loaded.tokenizer.error().message;
}

TEST(FromGguf, ReadsWhatCreateTakes) {
  VocabularyData data = MakeTinyVocabulary();
  data.bos = TokenId{268};
  data.add_bos = true;
  const Loaded loaded = Load(data);
  ASSERT_TRUE(loaded.tokenizer) << ErrorOf(loaded);
  const Tokenizer& tokenizer = **loaded.tokenizer;
  EXPECT_EQ(tokenizer.size(), 274);
  EXPECT_EQ(tokenizer.bos(), TokenId{268});
  EXPECT_EQ(tokenizer.eos(), TokenId{267});
  EXPECT_TRUE(tokenizer.add_bos());
  EXPECT_TRUE(tokenizer.IsControl(TokenId{267}));
  EXPECT_TRUE(tokenizer.IsUserDefined(TokenId{270}));
  std::vector<TokenId> ids;
  tokenizer.Encode("Hello world", SpecialTokens::kAll, ids);
  EXPECT_EQ(ids.size(), 2u);
}

TEST(FromGguf, TheSplitDecidesWhatTheFileDoesNotSay) {
  gguf::Writer writer;
  writer.SetString("tokenizer.ggml.model", "gpt2");
  writer.SetString("tokenizer.ggml.pre", "llama-bpe");
  writer.SetStringArray("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b", "ab"});
  writer.SetStringArray("tokenizer.ggml.merges", std::vector<std::string>{});
  const Loaded loaded = Load(writer);
  ASSERT_TRUE(loaded.tokenizer) << ErrorOf(loaded);
  EXPECT_TRUE((*loaded.tokenizer)->add_bos());
  std::vector<TokenId> ids;
  (*loaded.tokenizer)->Encode("ab", SpecialTokens::kAll, ids);
  EXPECT_EQ(ids, std::vector{TokenId{2}});  // merges are ignored for whole tokens
}

TEST(FromGguf, Glm4HasNoBosOfItsOwn) {
  VocabularyData data = MakeTinyVocabulary();
  data.pre = "glm4";
  data.bos = TokenId{268};
  const Loaded loaded = Load(data);
  ASSERT_TRUE(loaded.tokenizer) << ErrorOf(loaded);
  EXPECT_EQ((*loaded.tokenizer)->bos(), std::nullopt);
}

TEST(FromGguf, RejectsOtherTokenizerModelsByName) {
  gguf::Writer writer;
  SetVocabulary(MakeTinyVocabulary(), writer);
  writer.SetString("tokenizer.ggml.model", "llama");
  const Loaded loaded = Load(writer);
  ASSERT_FALSE(loaded.tokenizer);
  EXPECT_EQ(loaded.tokenizer.error().kind, base::ErrorKind::kUnsupported);
  EXPECT_THAT(ErrorOf(loaded), HasSubstr("\"llama\""));
}

TEST(FromGguf, RejectsUnknownSplitsByName) {
  VocabularyData data = MakeTinyVocabulary();
  data.pre = "made-up";
  const Loaded loaded = Load(data);
  ASSERT_FALSE(loaded.tokenizer);
  EXPECT_EQ(loaded.tokenizer.error().kind, base::ErrorKind::kUnsupported);
  EXPECT_THAT(ErrorOf(loaded), HasSubstr("tokenizer.ggml.pre is \"made-up\""));
}

TEST(FromGguf, RejectsMissingAndMistypedArrays) {
  gguf::Writer writer;
  writer.SetString("tokenizer.ggml.model", "gpt2");
  writer.SetString("tokenizer.ggml.pre", "qwen2");
  EXPECT_THAT(ErrorOf(Load(writer)), HasSubstr("tokenizer.ggml.tokens is missing"));
  gguf::Writer mistyped;
  SetVocabulary(MakeTinyVocabulary(), mistyped);
  mistyped.SetFloat32Array("tokenizer.ggml.token_type", std::vector<float>(274, 1.0F));
  EXPECT_THAT(ErrorOf(Load(mistyped)), HasSubstr("not an array of integers"));
  gguf::Writer negative;
  SetVocabulary(MakeTinyVocabulary(), negative);
  negative.SetInt32Array("tokenizer.ggml.token_type", std::vector<int32_t>(274, -1));
  EXPECT_THAT(ErrorOf(Load(negative)), HasSubstr("tokenizer.ggml.token_type[0] is -1"));
}

TEST(FromGguf, RejectsIdsOutsideOfTheVocabulary) {
  gguf::Writer writer;
  SetVocabulary(MakeTinyVocabulary(), writer);
  writer.SetUint32("tokenizer.ggml.eos_token_id", 4'000'000'000U);
  EXPECT_THAT(ErrorOf(Load(writer)),
              HasSubstr("tokenizer.ggml.eos_token_id is 4000000000, but the vocabulary has 274"));
}

}  // namespace
}  // namespace millrace::tokenizer
