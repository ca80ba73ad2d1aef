#include "local/choice_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/testing/fake_random.h"
#include "chat/message.h"
#include "tokenizer/testing/vocabularies.h"

namespace millrace::local {
namespace {

using chat::FinishReason;
using ::testing::ElementsAre;

// What an answer came to, written down: R reasoning, C content, T call, F finish.
struct Answer {
  std::string reasoning;
  std::string content;
  std::vector<std::string> calls;  // name(arguments)
  std::optional<FinishReason> finish;
  friend bool operator==(const Answer&, const Answer&) = default;
};

class Reader : public ::testing::Test {
 protected:
  Reader()
      : answer_{.tokenizer = tokenizer::testing::MakeTinyTokenizer(),
                .syntax = output_parser::FindSyntax("hermes"),
                .parser = {.reasoning_possible = true, .tool_names = {"f", "g"}},
                .stops = {}} {}

  std::vector<base::TokenId> Tokens(std::string_view text) const {
    std::vector<base::TokenId> ids;
    answer_.tokenizer->Encode(text, tokenizer::SpecialTokens::kAll, ids);
    return ids;
  }
  // One token for each byte.
  static std::vector<base::TokenId> Bytes(std::string_view text,
                                          const tokenizer::Tokenizer& tokenizer) {
    std::vector<base::TokenId> ids;
    for (const char byte : text) {
      for (int32_t index = 0; index < 256; ++index) {
        if (tokenizer.Bytes(base::TokenId{index}) == std::string_view(&byte, 1)) {
          ids.push_back(base::TokenId{index});
        }
      }
    }
    return ids;
  }

  Answer Read(const std::vector<base::TokenId>& ids,
              engine::EndReason end = engine::EndReason::kEndToken) {
    ChoiceReader reader(answer_, &random_);
    std::vector<EventContent> events;
    for (const base::TokenId id : ids) {
      reader.AddToken({.token = id}, events);
    }
    reader.End(end, events);
    EXPECT_TRUE(reader.finished());
    return Put(events);
  }
  Answer Read(std::string_view text, engine::EndReason end = engine::EndReason::kEndToken) {
    const Answer answer = Read(Tokens(text), end);
    EXPECT_EQ(answer, Read(Bytes(text, *answer_.tokenizer), end)) << text;
    return answer;
  }

  static Answer Put(const std::vector<EventContent>& events) {
    Answer answer;
    for (const EventContent& event : events) {
      EXPECT_FALSE(answer.finish.has_value());
      if (const auto* reasoning = std::get_if<chat::ReasoningDelta>(&event)) {
        answer.reasoning += reasoning->text;
      } else if (const auto* content = std::get_if<chat::ContentDelta>(&event)) {
        answer.content += content->text;
      } else if (const auto* call = std::get_if<chat::ToolCallStarted>(&event)) {
        EXPECT_THAT(call->id, ::testing::MatchesRegex("call_[A-Za-z0-9]{24}"));
        answer.calls.push_back(call->name);
      } else if (const auto* arguments = std::get_if<chat::ToolArgumentsDelta>(&event)) {
        answer.calls.back() += arguments->json_text;
      } else if (const auto* finished = std::get_if<chat::ChoiceFinished>(&event)) {
        answer.finish = finished->reason;
      }
    }
    return answer;
  }

  base::FakeRandom random_;
  AnswerSyntax answer_;
};

constexpr std::string_view kCallF = R"(<tool_call>
{"name": "f", "arguments": {"x": 1}}
</tool_call>)";

TEST_F(Reader, GivesPlainTextAsContent) {
  EXPECT_EQ(Read("Hello world"), (Answer{"", "Hello world", {}, FinishReason::kStop}));
}

TEST_F(Reader, SplitsReasoningFromTheAnswer_C152) {
  EXPECT_EQ(Read("<think>\nhm\n</think>\n\nyes"), (Answer{"hm", "yes", {}, FinishReason::kStop}));
}

TEST_F(Reader, GivesNoTextForControlTokens_C226) {
  EXPECT_EQ(Read(Tokens("a<|im_start|>b")), (Answer{"", "ab", {}, FinishReason::kStop}));
}

TEST_F(Reader, EndsAtAStopString_C123_C124) {
  answer_.stops = {"wor"};
  EXPECT_EQ(Read("Hello world"), (Answer{"", "Hello ", {}, FinishReason::kStop}));
}

TEST_F(Reader, LooksForStopStringsInContentOnly_C125) {
  answer_.stops = {"x"};
  EXPECT_EQ(Read("<think>x</think>y"), (Answer{"x", "y", {}, FinishReason::kStop}));
  EXPECT_EQ(Read(kCallF), (Answer{"", "", {R"(f{"x": 1})"}, FinishReason::kToolCalls}));
}

TEST_F(Reader, ShowsWhatOnlyLookedLikeAStopString_C236) {
  answer_.stops = {"abcd"};
  EXPECT_EQ(Read("xabc"), (Answer{"", "xabc", {}, FinishReason::kStop}));
  EXPECT_EQ(Read("abc" + std::string(kCallF)),
            (Answer{"", "abc", {R"(f{"x": 1})"}, FinishReason::kToolCalls}));
}

TEST_F(Reader, IgnoresWhatComesAfterAStopString) {
  answer_.stops = {"b"};
  ChoiceReader reader(answer_, &random_);
  std::vector<EventContent> events;
  for (const base::TokenId id : Tokens("ab")) {
    reader.AddToken({.token = id}, events);
  }
  EXPECT_TRUE(reader.finished());
  const size_t count = events.size();
  reader.AddToken({.token = Tokens("c")[0]}, events);
  reader.End(engine::EndReason::kLength, events);
  EXPECT_EQ(events.size(), count);
}

TEST_F(Reader, ReadsSeveralCalls_C238) {
  EXPECT_EQ(Read("hi " + std::string(kCallF) +
                 "\n<tool_call>\n{\"name\": \"g\", \"arguments\": {}}\n</tool_call>"),
            (Answer{"", "hi", {R"(f{"x": 1})", "g{}"}, FinishReason::kToolCalls}));
}

TEST_F(Reader, EndsAfterTheLastCallItMayMake_C176) {
  answer_.parser.calls_max = 1;
  EXPECT_EQ(Read(std::string(kCallF) + std::string(kCallF) + "more"),
            (Answer{"", "", {R"(f{"x": 1})"}, FinishReason::kToolCalls}));
}

TEST_F(Reader, FillsInMissingArguments) {
  EXPECT_EQ(Read("<tool_call>\n{\"name\": \"f\"}\n</tool_call>"),
            (Answer{"", "", {"f{}"}, FinishReason::kToolCalls}));
}

TEST_F(Reader, KeepsACutCallAsFarAsItGot_C182) {
  EXPECT_EQ(
      Read("<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": ", engine::EndReason::kLength)
          .finish,
      FinishReason::kLength);
  EXPECT_THAT(
      Read("<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": ", engine::EndReason::kLength)
          .calls,
      ElementsAre(::testing::StartsWith("f{\"x\":")));
}

TEST_F(Reader, LeavesCallsToUnknownToolsInTheContent) {
  const Answer answer = Read("<tool_call>\n{\"name\": \"zzz\", \"arguments\": {}}\n</tool_call>");
  EXPECT_THAT(answer.calls, ::testing::IsEmpty());
  EXPECT_THAT(answer.content, ::testing::HasSubstr("zzz"));
  EXPECT_EQ(answer.finish, FinishReason::kStop);
}

TEST_F(Reader, DropsAnIncompleteCharacterAtTheEnd_C225) {
  EXPECT_EQ(Read(Bytes("a\xF0\x9F\x98", *answer_.tokenizer), engine::EndReason::kLength),
            (Answer{"", "a", {}, FinishReason::kLength}));
}

TEST_F(Reader, GivesAnEmptyAnswerForNothing_C258) {
  EXPECT_EQ(Read(""), (Answer{"", "", {}, FinishReason::kStop}));
}

TEST_F(Reader, StopStringAfterACallEndsWithStop) {
  answer_.stops = {"x"};
  EXPECT_EQ(Read(std::string(kCallF) + "\nabxc"),
            (Answer{"", "ab", {R"(f{"x": 1})"}, FinishReason::kStop}));
}

TEST_F(Reader, StopStringOnTheLastAllowedTokenIsAStop_C123) {
  answer_.stops = {"b"};
  EXPECT_EQ(Read("ab", engine::EndReason::kLength), (Answer{"", "a", {}, FinishReason::kStop}));
}

TEST_F(Reader, EarliestStopStringWinsHoweverTheTokensAreCut) {
  answer_.stops = {"world", "lo w", "lo wx", "o"};
  EXPECT_EQ(Read("Hello world"), (Answer{"", "Hel", {}, FinishReason::kStop}));
}

TEST_F(Reader, CutStringsOfSeveralBytesNeverSplitACharacter_C235) {
  answer_.stops = {"é!", "日本"};
  EXPECT_EQ(Read("aé日x"), (Answer{"", "aé日x", {}, FinishReason::kStop}));
  EXPECT_EQ(Read("aé日本"), (Answer{"", "aé", {}, FinishReason::kStop}));
}

TEST_F(Reader, MakesOneReplacementOfBytesThatNeverBecomeValid) {
  EXPECT_EQ(Read(Bytes("a\xFF\xE2\x82z\xC0", *answer_.tokenizer)),
            (Answer{"", "a\uFFFD\uFFFDz\uFFFD", {}, FinishReason::kStop}));
}

TEST_F(Reader, ReadsAtMost128Calls) {
  std::string text;
  for (int i = 0; i < 130; ++i) {
    text += kCallF;
  }
  const Answer answer = Read(Tokens(text));
  EXPECT_EQ(answer.calls.size(), 128U);
  EXPECT_EQ(answer.finish, FinishReason::kToolCalls);
}

TEST_F(Reader, FinishedCallsBeforeACutKeepTheirArguments_C182) {
  const Answer answer =
      Read(std::string(kCallF) + "\n<tool_call>\n{\"name\": \"g\", \"arguments\": {\"y",
           engine::EndReason::kLength);
  EXPECT_EQ(answer.finish, FinishReason::kLength);
  EXPECT_THAT(answer.calls, ElementsAre(R"(f{"x": 1})", ::testing::StartsWith("g{\"y")));
}

TEST_F(Reader, CallWithoutACompleteNameIsDroppedWhenCut) {
  EXPECT_EQ(Read("a<tool_call>\n{\"name\": \"f", engine::EndReason::kLength),
            (Answer{"", "a", {}, FinishReason::kLength}));
}

TEST_F(Reader, StopStringsDoNotReachAcrossACall_C125) {
  answer_.stops = {"bc", "<tool_call>", "\"x\""};
  EXPECT_EQ(Read("ab" + std::string(kCallF) + "c"),
            (Answer{"", "abc", {R"(f{"x": 1})"}, FinishReason::kToolCalls}));
  EXPECT_EQ(Read("<think>b</think>c"), (Answer{"b", "c", {}, FinishReason::kStop}));
}

TEST_F(Reader, AStopStringBeforeACallEndsTheAnswer) {
  answer_.stops = {"wait"};
  EXPECT_EQ(Read("now wait\n" + std::string(kCallF)),
            (Answer{"", "now ", {}, FinishReason::kStop}));
}

TEST_F(Reader, AStopStringInACallOfAnUnknownNameIsText) {
  answer_.stops = {"zz"};
  EXPECT_EQ(Read("a<tool_call>{\"name\": \"zzz\"}</tool_call>"),
            (Answer{"", "a{\"name\": \"", {}, FinishReason::kStop}));
}

TEST_F(Reader, ACallEndsReasoningAndWhatFollowsIsContent) {
  EXPECT_EQ(Read("<think>hm\n" + std::string(kCallF) + "\n</think>\n\nyes"),
            (Answer{"hm", "yes", {R"(f{"x": 1})"}, FinishReason::kToolCalls}));
}

TEST_F(Reader, ChoicesThatComeInTurnsDoNotTouchEachOther) {
  const std::vector<std::string> texts = {"<think>a</think>b" + std::string(kCallF),
                                          "c<tool_call>{\"name\": \"zzz\"}</tool_call>d"};
  std::vector<ChoiceReader> readers;
  std::vector<std::vector<base::TokenId>> tokens;
  std::vector<std::vector<EventContent>> events(texts.size());
  for (const std::string& text : texts) {
    readers.emplace_back(answer_, &random_);
    tokens.push_back(Bytes(text, *answer_.tokenizer));
  }
  for (size_t at = 0; at < std::max(tokens[0].size(), tokens[1].size()); ++at) {
    for (size_t i = 0; i < readers.size(); ++i) {
      if (at < tokens[i].size()) {
        readers[i].AddToken({.token = tokens[i][at]}, events[i]);
      }
    }
  }
  for (size_t i = 0; i < readers.size(); ++i) {
    readers[i].End(engine::EndReason::kEndToken, events[i]);
    EXPECT_EQ(Put(events[i]), Read(texts[i]));
  }
}

TEST_F(Reader, LengthWinsOverCalls) {
  EXPECT_EQ(Read(std::string(kCallF), engine::EndReason::kLength).finish, FinishReason::kLength);
}

}  // namespace
}  // namespace millrace::local
