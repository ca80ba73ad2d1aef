#include "local/answer_logprobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/testing/fake_random.h"
#include "base/utf8.h"
#include "local/choice_reader.h"
#include "tokenizer/testing/vocabularies.h"

namespace millrace::local {
namespace {

using base::TokenId;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Reads tokens and writes each delta of content as its text with its tokens behind it:
// "Hello[Hello] world[ world]".
class Logprobs : public ::testing::Test {
 protected:
  Logprobs()
      : answer_{.tokenizer = tokenizer::testing::MakeTinyTokenizer(),
                .syntax = output_parser::FindSyntax("hermes"),
                .parser = {.reasoning_possible = true, .tool_names = {"f"}},
                .stops = {},
                .logprobs = true} {}

  std::vector<TokenId> Tokens(std::string_view text) const {
    std::vector<TokenId> ids;
    answer_.tokenizer->Encode(text, tokenizer::SpecialTokens::kAll, ids);
    return ids;
  }
  std::vector<TokenId> Bytes(std::string_view text) const {
    std::vector<TokenId> ids;
    for (const char byte : text) {
      ids.push_back(answer_.tokenizer->Find(std::string_view(&byte, 1)).value());
    }
    return ids;
  }

  std::vector<chat::ContentDelta> Deltas(const std::vector<TokenId>& ids,
                                         engine::EndReason end = engine::EndReason::kEndToken) {
    ChoiceReader reader(answer_, &random_);
    std::vector<EventContent> events;
    float number = 0;
    for (const TokenId id : ids) {
      number -= 1;
      reader.AddToken({.token = id, .logprob = number}, events);
    }
    reader.End(end, events);
    std::vector<chat::ContentDelta> deltas;
    for (EventContent& event : events) {
      if (auto* delta = std::get_if<chat::ContentDelta>(&event)) {
        deltas.push_back(std::move(*delta));
      }
    }
    return deltas;
  }
  std::string Read(const std::vector<TokenId>& ids,
                   engine::EndReason end = engine::EndReason::kEndToken) {
    std::string out;
    for (const chat::ContentDelta& delta : Deltas(ids, end)) {
      out += delta.text;
      for (const chat::ContentLogprob& entry : delta.logprobs) {
        out += "[" + entry.token.bytes + "]";
      }
    }
    return out;
  }

  base::FakeRandom random_;
  AnswerSyntax answer_;
};

TEST_F(Logprobs, ComeWithTheirToken) {
  EXPECT_EQ(Read(Tokens("Hello world")), "Hello[Hello] world[ world]");
}

TEST_F(Logprobs, BelongToTheTokenThatWasDrawn) {
  std::vector<float> values;
  for (const chat::ContentDelta& delta : Deltas(Bytes("<think>x</think>\n\nab"))) {
    for (const chat::ContentLogprob& entry : delta.logprobs) {
      values.push_back(entry.token.logprob);
    }
  }
  EXPECT_THAT(values, ElementsAre(-19, -20));
}

TEST_F(Logprobs, AreNotThereForReasoningAndItsDelimiters) {
  EXPECT_EQ(Read(Tokens("<think>\nhm\n</think>\n\nHello")), "Hello[Hello]");
}

TEST_F(Logprobs, AreNotThereForCalls) {
  EXPECT_EQ(Read(Tokens("Hello<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>")),
            "Hello[Hello]");
}

TEST_F(Logprobs, OfTokensThatShareACharacterComeWithIt) {
  EXPECT_EQ(Read(Bytes("aé!")), "a[a]é[\xC3][\xA9]![!]");
}

TEST_F(Logprobs, OfBrokenBytesComeWithTheirReplacement) {
  EXPECT_EQ(Read(Bytes("\xFF\xE2\xE2\x82z")), "\uFFFD[\xFF]\uFFFD[\xE2]\uFFFDz[\xE2][\x82][z]");
}

TEST_F(Logprobs, OfAnUnfinishedCharacterAtTheEndAreLeftOut) {
  EXPECT_EQ(Read(Bytes("a\xE2\x82"), engine::EndReason::kLength), "a[a]");
}

TEST_F(Logprobs, OfWhatAStopStringCutOffAreLeftOut) {
  answer_.stops = {"wor"};
  EXPECT_EQ(Read(Bytes("Hi world")), "H[H]i[i] [ ]");
  // Of a token that is shown in part there is one entry.
  EXPECT_EQ(Read(Tokens("Hello world")), "Hello[Hello] [ world]");
}

TEST_F(Logprobs, WaitWithTextThatIsHeldBack) {
  answer_.stops = {"abcd"};
  EXPECT_EQ(Read(Bytes("xabcx")), "x[x]abcx[a][b][c][x]");
  EXPECT_EQ(Read(Bytes("xabc")), "x[x]abc[a][b][c]");
}

TEST_F(Logprobs, OfHiddenTokensAreLeftOut) {
  EXPECT_EQ(Read(Tokens("a<|im_start|>b")), "a[a]b[b]");
}

TEST_F(Logprobs, AlternativesAreBytesAndSpecialOnesEmpty) {
  ChoiceReader reader(answer_, &random_);
  std::vector<EventContent> events;
  const auto id = [&](std::string_view text) { return answer_.tokenizer->Find(text).value(); };
  reader.AddToken({.token = id("a"),
                   .logprob = -1,
                   .top_logprobs = {{id("a"), -1},
                                    {id("\xC3"), -2},
                                    {id("<|im_end|>"), -3},
                                    {id("<think>"), -4},
                                    {TokenId{999}, -5}}},
                  events);
  reader.End(engine::EndReason::kEndToken, events);
  std::vector<std::pair<std::string, float>> top;
  for (const EventContent& event : events) {
    if (const auto* delta = std::get_if<chat::ContentDelta>(&event)) {
      for (const chat::TokenLogprob& other : delta->logprobs.at(0).top) {
        top.emplace_back(other.bytes, other.logprob);
      }
    }
  }
  EXPECT_THAT(top, ElementsAre(std::pair("a", -1), std::pair("\xC3", -2), std::pair("", -3),
                               std::pair("", -4), std::pair("", -5)));
}

TEST_F(Logprobs, CostNothingWhenNobodyAsked) {
  answer_.logprobs = false;
  for (const chat::ContentDelta& delta : Deltas(Tokens("Hello world"))) {
    EXPECT_THAT(delta.logprobs, IsEmpty());
  }
}

// Any tokens whatever: entries are in order, none twice, and tell of all that is shown.
TEST_F(Logprobs, CoverTheContentWhateverTheTokensAre) {
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    answer_.stops = round % 2 == 0 ? std::vector<std::string>() : std::vector<std::string>{"ab"};
    std::vector<TokenId> ids;
    for (int i = 0; i < 40; ++i) {
      ids.push_back(TokenId{static_cast<int32_t>(random() % 280)});
      if (random() % 4 == 0) {
        ids.push_back(Tokens("a").front());
      }
    }
    float last = 0;
    std::string bytes;
    std::string text;
    for (const chat::ContentDelta& delta : Deltas(ids)) {
      text += delta.text;
      for (const chat::ContentLogprob& entry : delta.logprobs) {
        EXPECT_LT(entry.token.logprob, last);
        last = entry.token.logprob;
        bytes += entry.token.bytes;
      }
      for (const char32_t letter : {U'a', U'e', U'1'}) {
        EXPECT_LE(std::ranges::count(text, static_cast<char>(letter)),
                  std::ranges::count(bytes, static_cast<char>(letter)))
            << round;
      }
    }
    EXPECT_EQ(text.empty(), bytes.empty());
  }
}

}  // namespace
}  // namespace millrace::local
