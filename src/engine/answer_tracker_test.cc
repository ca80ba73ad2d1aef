#include "engine/answer_tracker.h"

#include <gtest/gtest.h>

#include <string>

namespace millrace::engine {
namespace {

using base::TokenId;

// Tokens are letters here. `<` opens and `>` closes in the single-token syntax, `<t` and `/t` in
// the other; `_` is blank, `.` ends a choice. A run prints each event as its letter and its kind
// (a, r, d), then the reason of the end (E or L).
TokenId Token(char letter) { return TokenId{letter}; }

std::vector<TokenId> Tokens(const std::string& letters) {
  std::vector<TokenId> tokens;
  for (char letter : letters) {
    tokens.push_back(Token(letter));
  }
  return tokens;
}

GenerationRequest Request() {
  GenerationRequest request;
  request.end_tokens = {Token('.')};
  request.answer_tokens_max = 100;
  return request;
}

GenerationRequest Reasoning(const std::string& open, const std::string& close, int32_t budget) {
  GenerationRequest request = Request();
  request.reasoning = ReasoningSyntax{.open = Tokens(open),
                                      .blank = Tokens("_"),
                                      .close = Tokens(close),
                                      .forced_close = Tokens("!" + close),
                                      .starts_inside = false};
  request.reasoning_tokens_max = budget;
  return request;
}

struct Trace {
  std::string events;    // what the reader saw
  std::string sequence;  // what the model was fed
  std::string forced;    // the forced part of it
};

Trace Follow(const GenerationRequest& request, const std::string& drawn, int32_t room = 1000) {
  AnswerTracker tracker(&request, room);
  Trace trace;
  for (char letter : drawn) {
    const TrackedDraw out = tracker.Feed({.id = Token(letter)});
    for (const TokenEvent& event : out.events) {
      if (event.token) {
        trace.events += static_cast<char>(ToIndex(*event.token));
        trace.events += "ard"[static_cast<size_t>(event.kind)];
      }
      if (event.end) {
        trace.events += *event.end == EndReason::kLength ? 'L' : 'E';
      }
    }
    for (size_t i = 0; i < out.tokens.size(); ++i) {
      const auto text = static_cast<char>(ToIndex(out.tokens[i]));
      trace.sequence += text;
      if (i + static_cast<size_t>(out.forced_count) >= out.tokens.size()) {
        trace.forced += text;
      }
    }
    if (out.ended) {
      break;
    }
  }
  return trace;
}

TEST(AnswerTracker, WithoutReasoningEveryTokenIsAnswer) {
  EXPECT_EQ(Follow(Request(), "ab<.").events, "aaba<aE");
}

TEST(AnswerTracker, EndsAfterExactlyTheAnswerTokensAllowed) {
  GenerationRequest request = Request();
  request.answer_tokens_max = 3;
  EXPECT_EQ(Follow(request, "abc.").events, "aabacaL");
  EXPECT_EQ(Follow(request, "ab.").events, "aabaE");
}

TEST(AnswerTracker, ReasoningIsNotCountedAsAnswer) {
  GenerationRequest request = Reasoning("<", ">", 50);
  request.answer_tokens_max = 2;
  EXPECT_EQ(Follow(request, "<xyz>abc").events, "<dxryrzr>daabaL");
}

TEST(AnswerTracker, BlanksBeforeTheOpeningBelongToIt) {
  EXPECT_EQ(Follow(Reasoning("<", ">", 50), "__<x>a.").events, "_d_d<dxr>daaE");
}

TEST(AnswerTracker, BlanksBeforeAnAnswerAreAnswer) {
  EXPECT_EQ(Follow(Reasoning("<", ">", 50), "__a<.").events, "_a_aaa<aE");
}

TEST(AnswerTracker, BlanksMayNotExceedTheAnswerLimit) {
  GenerationRequest request = Reasoning("<", ">", 50);
  request.answer_tokens_max = 2;
  const Trace trace = Follow(request, "__a");
  EXPECT_EQ(trace.events, "_a_aL");
  EXPECT_EQ(trace.sequence, "__");
  EXPECT_EQ(Follow(request, "__<xy>ab").events, "_d_d<dxryr>daabaL");
}

TEST(AnswerTracker, EndTokenAfterBlanksAtTheLimitIsStillLength) {
  GenerationRequest request = Reasoning("<", ">", 50);
  request.answer_tokens_max = 1;
  EXPECT_EQ(Follow(request, "_.").events, "_aL");
}

TEST(AnswerTracker, SpentBudgetForcesTheClosing) {
  const Trace trace = Follow(Reasoning("<", ">", 3), "<xyzab.");
  EXPECT_EQ(trace.events, "<dxryrzr!d>daabaE");
  EXPECT_EQ(trace.sequence, "<xyz!>ab");
  EXPECT_EQ(trace.forced, "!>");
}

TEST(AnswerTracker, ClosingRightAtTheBudgetIsTheModelsOwn) {
  const Trace trace = Follow(Reasoning("<", ">", 3), "<xy>a.");
  EXPECT_EQ(trace.events, "<dxryr>daaE");
  EXPECT_EQ(trace.forced, "");
}

TEST(AnswerTracker, BudgetOfZeroClosesAtOnce) {
  EXPECT_EQ(Follow(Reasoning("<", ">", 0), "<a.").events, "<d!d>daaE");
  GenerationRequest inside = Reasoning("<", ">", 0);
  inside.reasoning->starts_inside = true;
  const Trace trace = Follow(inside, "xa.");
  EXPECT_EQ(trace.events, "!d>daaE");
  EXPECT_EQ(trace.sequence, "!>a");
}

TEST(AnswerTracker, PromptMayEndInsideReasoning) {
  GenerationRequest request = Reasoning("<", ">", 50);
  request.reasoning->starts_inside = true;
  EXPECT_EQ(Follow(request, "xy>a.").events, "xryr>daaE");
}

TEST(AnswerTracker, DelimitersOfSeveralTokensAreHeldBackUntilDecided) {
  const GenerationRequest request = Reasoning("<t", "/t", 50);
  EXPECT_EQ(Follow(request, "<tx/y//t/a.").events, "<dtdxr/ryr/r/dtd/aaaE");
  EXPECT_EQ(Follow(request, "<ab.").events, "<aaabaE");
  EXPECT_EQ(Follow(request, "<tx/.").events, "<dtdxr/rE");
}

TEST(AnswerTracker, ClosingBegunWithinTheBudgetMayFinish) {
  EXPECT_EQ(Follow(Reasoning("<t", "/t", 3), "<txy/ta.").events, "<dtdxryr/dtdaaE");
}

TEST(AnswerTracker, ReasoningNeverExceedsTheBudgetWhateverIsHeldBack) {
  // The third reasoning token looked like a closing; what follows it is dropped, then forced.
  const Trace trace = Follow(Reasoning("<t", "/t", 3), "<txy/za.");
  EXPECT_EQ(trace.events, "<dtdxryr/r!d/dtdaaE");
  EXPECT_EQ(trace.sequence, "<txy/!/ta");
}

TEST(AnswerTracker, CompletionLimitCountsDelimitersAndForcedTokens) {
  GenerationRequest request = Reasoning("<", ">", 2);
  for (int32_t limit = 1; limit <= 7; ++limit) {
    request.completion_tokens_max = limit;
    const Trace trace = Follow(request, "<xyabc");
    EXPECT_EQ(trace.sequence, std::string("<xy!>abc").substr(0, static_cast<size_t>(limit)));
    EXPECT_EQ(trace.events.back(), 'L') << trace.events;
    EXPECT_EQ(trace.events.size(), static_cast<size_t>(limit) * 2 + 1) << trace.events;
  }
}

TEST(AnswerTracker, FullContextEndsTheChoice) {
  EXPECT_EQ(Follow(Request(), "abcdef", 4).events, "aabacadaL");
  EXPECT_EQ(Follow(Reasoning("<", ">", 50), "<xyz", 3).events, "<dxryrL");
  EXPECT_EQ(Follow(Reasoning("<", ">", 50), "___", 2).events, "_a_aL");
}

TEST(AnswerTracker, EndForLengthFlushesWhatWasHeldBack) {
  const GenerationRequest request = Reasoning("<t", "/t", 50);
  AnswerTracker tracker(&request, 100);
  tracker.Feed({.id = Token('<')});
  const TrackedDraw out = tracker.EndForLength();
  ASSERT_EQ(out.events.size(), 1U);
  EXPECT_EQ(out.events[0].token, Token('<'));
  EXPECT_EQ(out.events[0].end, EndReason::kLength);
}

}  // namespace
}  // namespace millrace::engine
