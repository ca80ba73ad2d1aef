#include "tokenizer/stop_matcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tokenizer/testing/random_text.h"

namespace millrace::tokenizer {
namespace {

using testing::RandomText;

struct Outcome {
  std::string text;
  bool matched = false;
  bool operator==(const Outcome&) const = default;
};

Outcome Streamed(const std::vector<std::string>& stops, const std::vector<std::string>& pieces) {
  StopMatcher matcher(stops);
  Outcome outcome;
  for (const std::string& piece : pieces) {
    outcome.text += matcher.Add(piece);
  }
  outcome.text += matcher.Finish();
  outcome.matched = matcher.matched();
  return outcome;
}

// The whole text at once: cut where the first stop string begins.
Outcome Expected(const std::vector<std::string>& stops, const std::string& text) {
  size_t begin = std::string::npos;
  for (const std::string& stop : stops) {
    begin = std::min(begin, text.find(stop));
  }
  return {.text = text.substr(0, begin), .matched = begin != std::string::npos};
}

TEST(StopMatcher, WithoutStopStringsEverythingPasses) {
  StopMatcher matcher({});
  EXPECT_EQ(matcher.Add("any text"), "any text");
  EXPECT_EQ(matcher.Finish(), "");
  EXPECT_FALSE(matcher.matched());
}

TEST(StopMatcher, HoldsBackWhatMayBecomeAStopString) {
  StopMatcher matcher({"STOP"});
  EXPECT_EQ(matcher.Add("go S"), "go ");
  EXPECT_EQ(matcher.Add("T"), "");
  EXPECT_EQ(matcher.Add("AR"), "STAR");
  EXPECT_EQ(matcher.Add("S"), "");
  EXPECT_EQ(matcher.Finish(), "S");
  EXPECT_FALSE(matcher.matched());
}

TEST(StopMatcher, NothingComesAfterAMatch) {
  StopMatcher matcher({"\n\n"});
  EXPECT_EQ(matcher.Add("one\n"), "one");
  EXPECT_EQ(matcher.Add("\ntwo"), "");
  EXPECT_TRUE(matcher.matched());
  EXPECT_EQ(matcher.Add("three"), "");
  EXPECT_EQ(matcher.Finish(), "");
}

TEST(StopMatcher, MatchesInsideOnePiece) {
  EXPECT_EQ(Streamed({"</s>"}, {"text</s>more"}), (Outcome{"text", true}));
}

TEST(StopMatcher, FindsAStopStringThatOverlapsItself) {
  EXPECT_EQ(Streamed({"aab"}, {"a", "a", "a", "b"}), (Outcome{"a", true}));
  EXPECT_EQ(Streamed({"abab"}, {"abaabab"}), (Outcome{"aba", true}));
}

TEST(StopMatcher, TheMatchThatBeginsFirstWins) {
  EXPECT_EQ(Streamed({"b", "abc"}, {"xabc"}), (Outcome{"x", true}));
  EXPECT_EQ(Streamed({"b", "abc"}, {"xab", "c"}), (Outcome{"x", true}));
  EXPECT_EQ(Streamed({"b", "abc"}, {"xabd"}), (Outcome{"xa", true}));
}

TEST(StopMatcher, ACompleteStopStringCountsAtTheEnd) {
  EXPECT_EQ(Streamed({"b", "abc"}, {"xa", "b"}), (Outcome{"xa", true}));
}

TEST(StopMatcher, DependsOnTheTextAloneHoweverItIsCut) {
  RandomText random(1);
  constexpr std::string_view kLetters[] = {"a", "b", "é"};
  for (int i = 0; i < 20'000; ++i) {
    std::vector<std::string> stops;
    for (uint64_t n = 1 + random.Below(4); n > 0; --n) {
      const std::string stop = random.Join(kLetters, 4);
      stops.push_back(stop.empty() ? "ab" : stop);
    }
    std::vector<std::string> pieces;
    std::string text;
    for (uint64_t n = random.Below(8); n > 0; --n) {
      pieces.push_back(random.Join(kLetters, 4));
      text += pieces.back();
    }
    EXPECT_EQ(Streamed(stops, pieces), Expected(stops, text)) << text;
  }
}

// What has come out is always a beginning of what the whole text gives: no part of a stop string
// leaks.
TEST(StopMatcher, NeverLetsPartOfAMatchThrough) {
  RandomText random(2);
  constexpr std::string_view kLetters[] = {"a", "b"};
  for (int i = 0; i < 5000; ++i) {
    const std::vector<std::string> stops = {"a" + random.Join(kLetters, 4),
                                            "b" + random.Join(kLetters, 4)};
    const std::string text = random.Join(kLetters, 12) + stops[random.Below(2)];
    const std::string expected = Expected(stops, text).text;
    StopMatcher matcher(stops);
    std::string shown;
    for (const char c : text) {
      shown += matcher.Add(std::string_view(&c, 1));
      EXPECT_TRUE(expected.starts_with(shown)) << text;
    }
  }
}

// Each letter falls back through the whole stop string once, not again and again.
TEST(StopMatcher, LongTextsOfNearMatchesFinish) {
  const std::string stop = std::string(4000, 'a') + "b";
  StopMatcher matcher({stop});
  const std::string piece(4000, 'a');
  size_t shown = 0;
  for (int i = 0; i < 1000; ++i) {
    shown += matcher.Add(piece).size();
  }
  shown += matcher.Finish().size();
  EXPECT_EQ(shown, 4'000'000u);
}

}  // namespace
}  // namespace millrace::tokenizer
