#include "tokenizer/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tokenizer/testing/random_text.h"
#include "tokenizer/testing/vocabularies.h"

namespace millrace::tokenizer {
namespace {

using base::TokenId;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakeTinyTokenizer;
using testing::MakeTinyVocabulary;
using testing::RandomText;

constexpr TokenId kEndOfText{267}, kImStart{268}, kImEnd{269}, kThink{270};
constexpr TokenId kHello{261}, kWorld{266};

std::vector<TokenId> Encoded(const Tokenizer& tokenizer, std::string_view text,
                             SpecialTokens special = SpecialTokens::kPlainText) {
  std::vector<TokenId> ids;
  tokenizer.Encode(text, special, ids);
  return ids;
}

std::string Decoded(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  std::string bytes;
  for (const TokenId id : ids) {
    bytes += tokenizer.Bytes(id);
  }
  return bytes;
}

std::shared_ptr<const Tokenizer> TokenizerWithSplit(std::string pre) {
  VocabularyData data = MakeTinyVocabulary();
  data.pre = std::move(pre);
  return *Tokenizer::Create(std::move(data));
}

base::Error CreateError(VocabularyData data) {
  auto tokenizer = Tokenizer::Create(std::move(data));
  EXPECT_FALSE(tokenizer.has_value());
  return tokenizer ? base::Error{} : tokenizer.error();
}

TEST(Tokenizer, MergesByRank) {
  const auto tokenizer = MakeTinyTokenizer();
  EXPECT_THAT(Encoded(*tokenizer, "Hello world"), ElementsAre(kHello, kWorld));
  EXPECT_THAT(Encoded(*tokenizer, ""), IsEmpty());
}

TEST(Tokenizer, AppendsToWhatIsThere) {
  std::vector<TokenId> ids = {kImStart};
  MakeTinyTokenizer()->Encode("Hello", SpecialTokens::kPlainText, ids);
  EXPECT_THAT(ids, ElementsAre(kImStart, kHello));
}

TEST(Tokenizer, PlainTextHasNoSpecialTokens) {
  const auto tokenizer = MakeTinyTokenizer();
  const std::vector<TokenId> ids = Encoded(*tokenizer, "<|im_end|><think>");
  EXPECT_EQ(ids.size(), 16u);  // "th" is the only merge
  EXPECT_EQ(Decoded(*tokenizer, ids), "<|im_end|><think>");
}

TEST(Tokenizer, UserDefinedModeMatchesThoseAlone) {
  const auto tokenizer = MakeTinyTokenizer();
  const auto ids = Encoded(*tokenizer, "<|im_end|><think>", SpecialTokens::kUserDefined);
  EXPECT_EQ(ids.size(), 11u);
  EXPECT_EQ(ids.back(), kThink);
}

TEST(Tokenizer, AllModeMatchesControlTokensInTheText) {
  const auto tokenizer = MakeTinyTokenizer();
  EXPECT_THAT(
      Encoded(*tokenizer, "<|im_start|>Hello<|im_end|><|im_end|><think>", SpecialTokens::kAll),
      ElementsAre(kImStart, kHello, kImEnd, kImEnd, kThink));
}

TEST(Tokenizer, LongestSpecialTokenWins) {
  VocabularyData data = MakeTinyVocabulary();
  data.tokens.insert(data.tokens.end(), {"<x", "<x>", "<x>y"});
  data.types.insert(data.types.end(), 3, 4);
  const auto tokenizer = *Tokenizer::Create(std::move(data));
  EXPECT_THAT(Encoded(*tokenizer, "<x><x<x>y", SpecialTokens::kUserDefined),
              ElementsAre(TokenId{275}, TokenId{274}, TokenId{276}));
}

// A space before a special token ends a text, so it does not wait for a word.
TEST(Tokenizer, TextBetweenSpecialTokensIsSplitByItself) {
  const auto tokenizer = MakeTinyTokenizer();
  EXPECT_THAT(Encoded(*tokenizer, "Hello <think> world", SpecialTokens::kAll),
              ElementsAre(kHello, TokenId{' '}, kThink, kWorld));
}

TEST(Tokenizer, TextOfUsersNeverBecomesControlTokens) {
  constexpr std::string_view kParts[] = {"<|im_end|>", "<|", "|>", "im_end",        "<think>", "<",
                                         "the",        " ",  "\n", "<|endoftext|>", "Hello",   "|"};
  for (const char* pre : {"qwen2", "gpt-2", "llama-bpe", "deepseek-v3", "deepseek-llm"}) {
    VocabularyData data = MakeTinyVocabulary();
    data.pre = pre;
    data.ignore_merges = true;
    const auto tokenizer = *Tokenizer::Create(std::move(data));
    RandomText random(1);
    for (int i = 0; i < 500; ++i) {
      const std::string text = random.Join(kParts, 12);
      for (const auto mode : {SpecialTokens::kPlainText, SpecialTokens::kUserDefined}) {
        for (const TokenId id : Encoded(*tokenizer, text, mode)) {
          EXPECT_FALSE(tokenizer->IsControl(id)) << text;
        }
      }
    }
  }
}

TEST(Tokenizer, PlainTextComesBackByteForByte) {
  for (const char* pre :
       {"gpt-2", "starcoder", "llama-bpe", "deepseek-coder", "deepseek-llm", "deepseek-v3"}) {
    const auto tokenizer = TokenizerWithSplit(pre);
    RandomText random(2);
    for (int i = 0; i < 500; ++i) {
      const std::string text = random.Characters(30) + random.Bytes(8) + random.Characters(10);
      EXPECT_EQ(Decoded(*tokenizer, Encoded(*tokenizer, text)), text) << pre;
    }
  }
}

TEST(Tokenizer, InvalidBytesAreEncodedOneByOne) {
  const auto tokenizer = MakeTinyTokenizer();
  EXPECT_THAT(Encoded(*tokenizer, "Hello\xff\xe4\xb8 world"),
              ElementsAre(kHello, TokenId{0xFF}, TokenId{0xE4}, TokenId{0xB8}, kWorld));
}

TEST(Tokenizer, QwenTextIsNormalizedToNfc) {
  const std::string decomposed = "cafe\u0301";
  for (const char* pre : {"qwen2", "qwen35", "hunyuan"}) {
    const auto tokenizer = TokenizerWithSplit(pre);
    EXPECT_EQ(Decoded(*tokenizer, Encoded(*tokenizer, decomposed)), "café") << pre;
  }
  const auto glm = TokenizerWithSplit("glm4");
  EXPECT_EQ(Decoded(*glm, Encoded(*glm, decomposed)), decomposed);
}

TEST(Tokenizer, SpecialTokensAreFoundBeforeNormalization) {
  VocabularyData data = MakeTinyVocabulary();
  data.tokens.push_back("<e\u0301>");
  data.types.push_back(4);
  const auto tokenizer = *Tokenizer::Create(std::move(data));
  const auto ids = Encoded(*tokenizer, "e\u0301<e\u0301>", SpecialTokens::kAll);
  EXPECT_THAT(ids, ElementsAre(TokenId{0xC3}, TokenId{0xA9}, TokenId{274}));
}

TEST(Tokenizer, WholeTokensSkipMergesWhereAsked) {
  VocabularyData data = MakeTinyVocabulary();
  data.tokens.push_back("zq");  // no merge makes it
  data.types.push_back(1);
  const VocabularyData same = data;
  data.ignore_merges = true;
  EXPECT_EQ(Encoded(**Tokenizer::Create(std::move(data)), "zq").size(), 1u);
  EXPECT_EQ(Encoded(**Tokenizer::Create(same), "zq").size(), 2u);
}

TEST(Tokenizer, BytesWithoutATokenAreLeftOut) {
  VocabularyData data = MakeTinyVocabulary();
  data.types['q'] = 5;
  const auto tokenizer = *Tokenizer::Create(std::move(data));
  EXPECT_THAT(Encoded(*tokenizer, "aqb"), ElementsAre(TokenId{'a'}, TokenId{'b'}));
}

TEST(Tokenizer, EndTokensAreThoseOfTheFileAndKnownControlTokens) {
  const auto tokenizer = MakeTinyTokenizer();
  EXPECT_THAT(tokenizer->end_tokens(), ElementsAre(kEndOfText, kImEnd));
  VocabularyData data = MakeTinyVocabulary();
  data.eos = kImEnd;
  data.eot = kImEnd;
  data.eom = TokenId{'!'};
  data.tokens.push_back("<|user|>");
  data.types.push_back(4);  // not control: no end of turn
  EXPECT_THAT((*Tokenizer::Create(std::move(data)))->end_tokens(),
              ElementsAre(kImEnd, TokenId{'!'}, kEndOfText));
}

TEST(Tokenizer, FindGivesSpecialTokensAndWords) {
  const auto tokenizer = MakeTinyTokenizer();
  EXPECT_EQ(tokenizer->Find("<think>"), kThink);
  EXPECT_EQ(tokenizer->Find(" world"), kWorld);
  EXPECT_EQ(tokenizer->Find("nothing"), std::nullopt);
}

TEST(Tokenizer, RowsBeyondTheVocabularyAreEmptyTokens) {
  const auto tokenizer = MakeTinyTokenizer();
  EXPECT_EQ(tokenizer->Bytes(TokenId{tokenizer->size()}), "");
  EXPECT_EQ(tokenizer->Bytes(TokenId{-1}), "");
  EXPECT_FALSE(tokenizer->IsControl(TokenId{tokenizer->size()}));
}

TEST(Tokenizer, RejectsAnUnknownSplitByName) {
  VocabularyData data = MakeTinyVocabulary();
  data.pre = "made-up";
  const base::Error error = CreateError(std::move(data));
  EXPECT_EQ(error.kind, base::ErrorKind::kUnsupported);
  EXPECT_THAT(error.message, HasSubstr("\"made-up\""));
  EXPECT_THAT(error.message, HasSubstr("qwen35"));
}

TEST(Tokenizer, RejectsDuplicateTokens) {
  VocabularyData data = MakeTinyVocabulary();
  data.tokens.push_back("a");
  data.types.push_back(1);
  const base::Error error = CreateError(std::move(data));
  EXPECT_EQ(error.kind, base::ErrorKind::kCorruptData);
  EXPECT_THAT(error.message, HasSubstr("tokens 97 and 274"));
}

TEST(Tokenizer, RejectsMergesOfUnknownTokens) {
  VocabularyData data = MakeTinyVocabulary();
  data.merges.push_back("the z");
  EXPECT_THAT(CreateError(data).message, HasSubstr("merge 11 (\"the z\")"));
  data.merges.back() = "the";
  EXPECT_THAT(CreateError(data).message, HasSubstr("not two tokens"));
  data.merges.back() = "the 中";
  EXPECT_THAT(CreateError(data).message, HasSubstr("mapping"));
}

TEST(Tokenizer, RejectsMergesThatMakeControlTokens) {
  VocabularyData data = MakeTinyVocabulary();
  data.tokens.push_back("ab");
  data.types.push_back(3);
  data.merges.push_back("a b");
  EXPECT_EQ(CreateError(std::move(data)).kind, base::ErrorKind::kCorruptData);
}

TEST(Tokenizer, RejectsIdsAndTypesThatDoNotFit) {
  VocabularyData data = MakeTinyVocabulary();
  data.eos = TokenId{274};
  EXPECT_THAT(CreateError(data).message, HasSubstr("eos token id 274"));
  data = MakeTinyVocabulary();
  data.types.pop_back();
  EXPECT_THAT(CreateError(data).message, HasSubstr("274 tokens but 273 token types"));
  data = MakeTinyVocabulary();
  data.types[3] = 9;
  EXPECT_THAT(CreateError(data).message, HasSubstr("token 3 has the unknown type 9"));
  EXPECT_EQ(CreateError({.tokens = {}, .pre = "qwen2"}).kind, base::ErrorKind::kCorruptData);
}

TEST(Tokenizer, EncodesOnManyThreadsAtOnce) {
  const auto tokenizer = MakeTinyTokenizer();
  std::string text;
  RandomText random(3);
  for (int i = 0; i < 200; ++i) {
    text += random.Characters(30);
  }
  const std::vector<TokenId> expected = Encoded(*tokenizer, text);
  std::vector<std::vector<TokenId>> results(4);
  {
    std::vector<std::jthread> threads;
    for (auto& result : results) {
      threads.emplace_back([&] { result = Encoded(*tokenizer, text); });
    }
  }
  for (const auto& result : results) {
    EXPECT_EQ(result, expected);
  }
}

// Without linear splits and merges these would take hours.
TEST(Tokenizer, LongTextOfAnyShapeIsEncoded) {
  constexpr size_t kBytes = 1U << 17;
  for (const char* pre : {"gpt-2", "starcoder", "llama-bpe", "qwen2", "qwen35", "deepseek-coder",
                          "deepseek-llm", "deepseek-v3"}) {
    const auto tokenizer = TokenizerWithSplit(pre);
    for (const std::string_view part :
         {"a", " ", "\n", "'", "7", "\u3000", "中", "\u0301", "\u0323\u0301", "l", " \n", "the",
          "<", "<|im_", "\xe4", "\x01", " !"}) {
      std::string text;
      while (text.size() < kBytes) {
        text += part;
      }
      for (const char* end : {"", "x", "5"}) {
        const std::string whole = text + end;
        const auto ids = Encoded(*tokenizer, whole, SpecialTokens::kUserDefined);
        EXPECT_GE(Decoded(*tokenizer, ids).size(), kBytes / 2) << pre << " " << part;
      }
    }
  }
}

}  // namespace
}  // namespace millrace::tokenizer
