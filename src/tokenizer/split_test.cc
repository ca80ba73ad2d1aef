#include "tokenizer/split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tokenizer/testing/random_text.h"

namespace millrace::tokenizer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Pieces final : public PieceSink {
 public:
  void Add(std::string_view piece) override { pieces.emplace_back(piece); }
  std::vector<std::string> pieces;
};

std::vector<std::string> SplitBy(std::string_view name, std::string_view text) {
  Pieces sink;
  RunPasses(text, FindSplit(name)->passes, sink);
  return sink.pieces;
}

TEST(Split, KnowsItsFamiliesByName) {
  EXPECT_EQ(FindSplit("made-up"), nullptr);
  EXPECT_EQ(FindSplit(""), nullptr);
  EXPECT_THAT(KnownSplitNames(), HasSubstr("gpt-2, mpt"));
}

TEST(Split, PiecesTogetherAreTheText) {
  testing::RandomText random(1);
  for (const char* name : {"gpt-2", "starcoder", "llama-bpe", "qwen2", "qwen35", "deepseek-coder",
                           "deepseek-llm", "deepseek-v3"}) {
    for (int i = 0; i < 1000; ++i) {
      const std::string text = random.Characters(30);
      std::string joined;
      for (const std::string& piece : SplitBy(name, text)) {
        EXPECT_FALSE(piece.empty());
        joined += piece;
      }
      EXPECT_EQ(joined, text) << name;
    }
  }
}

TEST(Split, Gpt2KeepsNumbersWholeAndContractionsLowerCase) {
  EXPECT_THAT(SplitBy("gpt-2", "I've 1234 DON'T  x\n\n y"),
              ElementsAre("I", "'ve", " 1234", " DON", "'", "T", " ", " x", "\n\n", " y"));
}

TEST(Split, StarcoderTakesDigitsOneByOne) {
  EXPECT_THAT(SplitBy("starcoder", "a 12b"), ElementsAre("a", " ", "1", "2", "b"));
}

TEST(Split, Llama3TakesDigitsByThree) {
  EXPECT_THAT(SplitBy("llama-bpe", "x 1234567"), ElementsAre("x", " ", "123", "456", "7"));
  EXPECT_THAT(SplitBy("glm4", "1234"), ElementsAre("123", "4"));
}

TEST(Split, Qwen2JoinsOneLeadingCharacterToAWord) {
  EXPECT_THAT(SplitBy("qwen2", "f(abc)\t\tx.y I'M"),
              ElementsAre("f", "(abc", ")", "\t", "\tx", ".y", " I", "'M"));
}

TEST(Split, LineBreaksCloseTheSpacesBeforeThem) {
  EXPECT_THAT(SplitBy("qwen2", "a;\n\n  \n   b  "),
              ElementsAre("a", ";\n\n", "  \n", "  ", " b", "  "));
}

TEST(Split, LongSCountsAsAContractionLikeInUnicodeCaseFolding) {
  EXPECT_THAT(SplitBy("qwen2", "it'\u017f"), ElementsAre("it", "'\u017f"));
}

// qwen2 ends a word at a combining mark, qwen35 takes marks for letters.
TEST(Split, Qwen35KeepsMarksInWords) {
  EXPECT_THAT(SplitBy("qwen2", "re\u0301sume\u0301"), ElementsAre("re", "\u0301sume", "\u0301"));
  EXPECT_THAT(SplitBy("qwen35", "re\u0301sume\u0301"), ElementsAre("re\u0301sume\u0301"));
  EXPECT_THAT(SplitBy("qwen35", "हिन्दी में"), ElementsAre("हिन्दी", " में"));
  EXPECT_THAT(SplitBy("qwen35", "12 \u0301!\u0301a?\n"),
              ElementsAre("1", "2", " \u0301", "!\u0301a", "?\n"));
  EXPECT_THAT(SplitBy("qwen35", "I'LL go\r\n  now"),
              ElementsAre("I", "'LL", " go", "\r\n", " ", " now"));
}

TEST(Split, DeepseekV3IsolatesNumbersThenHanAndKana) {
  EXPECT_THAT(SplitBy("deepseek-v3", "今日は1234 foo_bar !!\n"),
              ElementsAre("今日は", "123", "4", " foo", "_bar", " !!\n"));
}

TEST(Split, DeepseekV3LeavesUnmatchedControlsAsOneGap) {
  EXPECT_THAT(SplitBy("deepseek-v3", "a\x01\x02 \x01"), ElementsAre("a", "\x01\x02", " ", "\x01"));
}

TEST(Split, OlderDeepseekSplitsIsolateLineBreaks) {
  EXPECT_THAT(SplitBy("deepseek-coder", "ab c\n\n12 中文x"),
              ElementsAre("ab", " c", "\n", "\n", "1", "2", " ", "中文", "x"));
  EXPECT_THAT(SplitBy("deepseek-llm", "ab c\n12 中文x  "),
              ElementsAre("ab", " c", "\n", "12", " ", "中文", "x", "  "));
}

}  // namespace
}  // namespace millrace::tokenizer
