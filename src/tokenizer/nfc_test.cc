#include "tokenizer/nfc.h"

#include <gtest/gtest.h>

#include <string>

#include "tokenizer/testing/random_text.h"

namespace millrace::tokenizer {
namespace {

TEST(Nfc, ComposesLettersWithMarks) {
  EXPECT_EQ(NormalizeNfc("e\u0301 cafe\u0301!"), "é café!");
  EXPECT_EQ(NormalizeNfc("Vie\u0302\u0323t"), "Việt");
}

TEST(Nfc, OrdersMarksBeforeItComposes) {
  EXPECT_EQ(NormalizeNfc("q\u0301\u0323"), "q\u0323\u0301");
  EXPECT_EQ(NormalizeNfc("a\u0301\u0323"), "\u1EA1\u0301");
}

TEST(Nfc, ReplacesSingletonsAndCompositionExclusions) {
  EXPECT_EQ(NormalizeNfc("\u212B\u2126"), "\u00C5\u03A9");
  EXPECT_EQ(NormalizeNfc("\u0958"), "\u0915\u093C");
}

TEST(Nfc, ComposesHangul) {
  EXPECT_EQ(NormalizeNfc("\u1112\u1161\u11AB"), "한");
  EXPECT_EQ(NormalizeNfc("하\u11AB"), "한");
}

TEST(Nfc, ComposesSpacingVowels) { EXPECT_EQ(NormalizeNfc("\u09C7\u09BE"), "\u09CB"); }

TEST(Nfc, LeavesCompatibilityCharacters) { EXPECT_EQ(NormalizeNfc("ﬁ½㎏Ａ"), "ﬁ½㎏Ａ"); }

TEST(Nfc, TextThatIsComposedNeedsNothing) {
  EXPECT_FALSE(MayNeedNfc("Hello wörld, 今日は 안녕 привет 🚀"));
  EXPECT_TRUE(MayNeedNfc("e\u0301"));
  EXPECT_TRUE(MayNeedNfc("\u212B"));
}

TEST(Nfc, NormalizingTwiceChangesNothing) {
  testing::RandomText random(1);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = random.Characters(20);
    const std::string once = NormalizeNfc(text);
    EXPECT_EQ(NormalizeNfc(once), once);
    if (!MayNeedNfc(text)) {
      EXPECT_EQ(once, text);
    }
  }
}

// Ordering by exchange of neighbours would take hours.
TEST(Nfc, LongRunsOfMarksAreOrdered) {
  constexpr int kCount = 300'000;
  std::string text = "q";
  std::string expected = "q";
  for (int i = 0; i < kCount; ++i) {
    text += "\u0301\u0323";
    expected += "\u0323";
  }
  for (int i = 0; i < kCount; ++i) {
    expected += "\u0301";
  }
  EXPECT_TRUE(NormalizeNfc(text) == expected);
}

}  // namespace
}  // namespace millrace::tokenizer
