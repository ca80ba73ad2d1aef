// What a client may rely on in an answer, whatever the model writes (api-contract 3 and 4).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "base/utf8.h"
#include "local/testing/served_model.h"
#include "model/testing/tiny_model.h"

namespace millrace::local {
namespace {

using chat::CollectedAnswer;
using chat::FinishReason;
using testing::ServedModel;

constexpr uint64_t kSeeds = 40;

class Answers : public ::testing::Test {
 protected:
  void Serve(engine::EngineOptions options) { served_.emplace(file_.path(), options); }

  model::testing::TinyModelFile file_;
  std::optional<ServedModel> served_{std::in_place, file_.path()};
};

std::string JoinedTokens(const chat::CollectedChoice& choice) {
  std::string bytes;
  for (const chat::ContentLogprob& entry : choice.logprobs) {
    bytes += entry.token.bytes;
  }
  return bytes;
}

TEST_F(Answers, HaveOneLogprobEntryForEachTokenOfTheContent_C131) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    chat::ChatRequest request = served_->AskLong("Tell me", seed);
    request.top_logprobs = 2;
    for (const char* mark : {"<think>", "</think>", "<tool_call>", "</tool_call>", "<|im_start|>",
                             "<tool_response>", "</tool_response>"}) {
      served_->Bias(request, mark, -100);
    }
    const CollectedAnswer answer = served_->Answer(request);
    const chat::CollectedChoice& choice = answer.choices[0];
    // All that was generated is content, but for a character that was not finished.
    const std::string told = base::SanitizeUtf8(JoinedTokens(choice));
    EXPECT_TRUE(told.starts_with(choice.content)) << seed;
    EXPECT_LE(told.size(), choice.content.size() + 3) << seed;
    EXPECT_LE(static_cast<int64_t>(choice.logprobs.size()), answer.usage.completion_tokens);
    for (const chat::ContentLogprob& entry : choice.logprobs) {
      EXPECT_LE(entry.token.logprob, 0);
      ASSERT_EQ(entry.top.size(), 2U);
      EXPECT_GE(entry.top[0].logprob, entry.top[1].logprob);
      EXPECT_GE(entry.top[0].logprob, entry.token.logprob);
    }
  }
}

TEST_F(Answers, HaveNoLogprobsForReasoningMarkupAndWhatAStopStringCutOff) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    chat::ChatRequest request = served_->AskLong("Tell me", seed);
    request.enable_thinking = true;
    request.top_logprobs = 0;
    request.answer_tokens_max = 40;
    request.stop = {"e", "1"};
    served_->Bias(request, "<think>", 6);
    served_->Bias(request, "</think>", 4);
    const CollectedAnswer answer = served_->Answer(request);
    const chat::CollectedChoice& choice = answer.choices[0];
    EXPECT_EQ(choice.logprobs.empty(), choice.content.empty()) << seed;
    // The first and the last token may reach beyond what is shown.
    const std::string told = base::SanitizeUtf8(JoinedTokens(choice));
    EXPECT_EQ(told.find("think>"), std::string::npos) << seed;
    EXPECT_LE(told.size(), choice.content.size() + 24) << seed;
    EXPECT_LE(static_cast<int64_t>(answer.choices[0].logprobs.size()),
              answer.usage.completion_tokens - answer.usage.reasoning_tokens);
  }
}

TEST_F(Answers, CarryLogprobsWithTheTextTheyBelongTo_C257) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    chat::ChatRequest request = served_->AskLong("Tell me", seed);
    request.top_logprobs = 0;
    request.stop = {"never to be seen"};
    const CollectedAnswer answer = served_->Answer(request);
    std::string text;
    std::string bytes;
    for (const chat::ChatEvent& event : answer.events) {
      if (const auto* delta = std::get_if<chat::ContentDelta>(&event.what)) {
        text += delta->text;
        for (const chat::ContentLogprob& entry : delta->logprobs) {
          bytes += entry.token.bytes;
        }
        // At any time the tokens told of cover the text, and reach beyond it by less than a token.
        EXPECT_GE(base::SanitizeUtf8(bytes).size() + 3, text.size());
        EXPECT_LE(bytes.size(), text.size() + 16);
      }
    }
  }
}

TEST_F(Answers, SameLogprobsWhoeverElseIsServed) {
  chat::ChatRequest request = served_->AskLong("Tell me", 3);
  request.top_logprobs = 3;
  const auto logprobs_of = [](const CollectedAnswer& answer) {
    std::vector<std::pair<std::string, float>> out;
    for (const chat::ContentLogprob& entry : answer.choices[0].logprobs) {
      out.emplace_back(entry.token.bytes, entry.token.logprob);
      for (const chat::TokenLogprob& other : entry.top) {
        out.emplace_back(other.bytes, other.logprob);
      }
    }
    return out;
  };
  const auto alone = logprobs_of(served_->Answer(request));
  std::vector<std::unique_ptr<chat::ChatStream>> others;
  for (uint64_t i = 0; i < 5; ++i) {
    others.push_back(served_->Start(served_->AskLong("Something else", i)));
  }
  EXPECT_EQ(logprobs_of(served_->Answer(request)), alone);
  EXPECT_FALSE(alone.empty());
}

TEST_F(Answers, HaveNoLogprobsWhenNobodyAsked_C133) {
  EXPECT_TRUE(served_->Answer(served_->AskLong("Tell me")).choices[0].logprobs.empty());
}

TEST_F(Answers, NeverShowSpecialTokensAmongTheAlternatives) {
  chat::ChatRequest request = ServedModel::Ask("Tell me", 3);
  request.top_logprobs = 20;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    request.seed = seed;
    const CollectedAnswer answer = served_->Answer(request);
    for (const chat::ContentLogprob& entry : answer.choices[0].logprobs) {
      EXPECT_EQ(entry.top.size(), 20U);
      for (const chat::TokenLogprob& other : entry.top) {
        EXPECT_EQ(other.bytes.find("<|"), std::string::npos) << other.bytes;
        EXPECT_EQ(other.bytes.find("think>"), std::string::npos) << other.bytes;
      }
    }
  }
}

TEST_F(Answers, ChoiceThatMetItsStopStringStopsComputingWhileOthersGoOn) {
  Serve({.event_queue_max = 8});
  chat::ChatRequest request = served_->AskLong("Tell me", 7);
  request.n = 3;
  request.answer_tokens_max = 300;
  const CollectedAnswer whole = served_->Answer(request);
  // A stop string that only one choice writes.
  std::string stop;
  for (size_t at = 0; at + 4 < whole.choices[1].content.size() && stop.empty(); ++at) {
    const std::string part = whole.choices[1].content.substr(at, 4);
    if (base::IsValidUtf8(part) && whole.choices[0].content.find(part) == std::string::npos &&
        whole.choices[2].content.find(part) == std::string::npos) {
      stop = part;
    }
  }
  ASSERT_FALSE(stop.empty());
  request.stop = {stop};
  const auto stream = served_->Start(request);
  while (true) {
    const chat::ChatEvent event = chat::WaitForEvent(*stream);
    if (std::holds_alternative<chat::ChoiceFinished>(event.what)) {
      EXPECT_EQ(event.choice, 1);
      break;
    }
  }
  // Nobody reads now, so the others wait; the one that is over is gone.
  while (served_->backend().stats().running_sequences != 2) {
    std::this_thread::yield();
  }
  std::string rest;
  int64_t completion_tokens = 0;
  while (true) {
    const chat::ChatEvent event = chat::WaitForEvent(*stream);
    EXPECT_TRUE(event.choice != 1 || std::holds_alternative<chat::Finished>(event.what));
    completion_tokens = event.usage.completion_tokens;
    if (std::holds_alternative<chat::Finished>(event.what)) {
      break;
    }
  }
  EXPECT_GT(completion_tokens, 600);
  EXPECT_LT(completion_tokens, 900);
  served_->WaitUntilIdle();
}

TEST_F(Answers, UsageOfAStoppedChoiceDoesNotDependOnTheReader) {
  chat::ChatRequest request = served_->AskLong("Tell me", 7);
  request.n = 2;
  request.answer_tokens_max = 60;
  request.stop = {"e"};
  const auto slow = served_->Start(request);
  served_->WaitUntilIdle();  // all tokens are there before the first is read
  const CollectedAnswer late = chat::Collect(*slow, 2);
  const CollectedAnswer prompt = served_->Answer(request);
  EXPECT_EQ(late.choices, prompt.choices);
  EXPECT_EQ(late.usage.completion_tokens, prompt.usage.completion_tokens);
}

TEST_F(Answers, RequestsThatRunFailWithTheErrorTheServerGives) {
  Serve({.event_queue_max = 8});  // so that nobody ends before it is read
  chat::ChatRequest request = served_->AskLong("Tell me");
  request.answer_tokens_max = 400;
  const auto running = served_->Start(request);
  const auto other = served_->Start(request);
  served_->backend().FailRunning({base::ErrorKind::kUnavailable, "closing"});
  for (const auto& stream : {running.get(), other.get()}) {
    const CollectedAnswer answer = chat::Collect(*stream);
    ASSERT_TRUE(answer.failure);
    EXPECT_EQ(answer.failure->kind, base::ErrorKind::kUnavailable);
    EXPECT_EQ(answer.failure->message, "closing");
  }
  request.answer_tokens_max = 3;
  EXPECT_FALSE(served_->Answer(request).failure);
  served_->WaitUntilIdle();
}

TEST_F(Answers, StopStringsNeverShowEvenPartly_C123_C236) {
  int cut = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    chat::ChatRequest request = served_->AskLong("Tell me", seed);
    const std::string whole = served_->Answer(request).choices[0].content;
    for (size_t length : {1U, 3U, 7U}) {
      for (size_t at = 0; at + length <= whole.size(); at += 5) {
        const std::string stop = whole.substr(at, length);
        if (!base::IsValidUtf8(stop)) {
          continue;
        }
        request.stop = {stop};
        const CollectedAnswer answer = served_->Answer(request);
        EXPECT_EQ(answer.choices[0].content, whole.substr(0, whole.find(stop)));
        EXPECT_EQ(answer.choices[0].finish, FinishReason::kStop);
        ++cut;
      }
    }
  }
  EXPECT_GT(cut, 100);
}

}  // namespace
}  // namespace millrace::local
