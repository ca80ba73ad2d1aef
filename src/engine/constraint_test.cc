// Answers that are held to something: what may be drawn, what is forced, where it ends.
#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "engine/answer_tracker.h"
#include "engine/engine.h"
#include "engine/testing/generation.h"
#include "engine/testing/hash_model.h"
#include "engine/testing/pattern_constraint.h"
#include "metrics/registry.h"

namespace millrace::engine {
namespace {

using base::TokenId;
using testing::PatternConstraint;

constexpr size_t kMaskWords = 4;  // letters are tokens: 128 of them

// "a(bc)d": a, then b or c, then d.
std::vector<std::vector<TokenId>> Pattern(const std::string& text) {
  std::vector<std::vector<TokenId>> places;
  bool inside = false;
  for (char letter : text) {
    if (letter == '(' || letter == ')') {
      inside = letter == '(';
      if (inside) {
        places.emplace_back();
      }
      continue;
    }
    if (!inside) {
      places.emplace_back();
    }
    places.back().push_back(TokenId{letter});
  }
  return places;
}

std::string Allowed(std::span<const uint32_t> mask) {
  std::string letters;
  for (char letter = ' '; letter < 127; ++letter) {
    const auto index = static_cast<size_t>(letter);
    if ((mask[index / 32] >> (index % 32) & 1) != 0) {
      letters += letter;
    }
  }
  return letters;
}

std::string TokensOf(const TrackedDraw& out) {
  std::string letters;
  for (TokenId token : out.tokens) {
    letters += static_cast<char>(ToIndex(token));
  }
  return letters;
}

// `.` ends an answer; `<` opens reasoning and `>` closes it.
GenerationRequest Request() {
  GenerationRequest request;
  request.end_tokens = {TokenId{'.'}};
  request.answer_tokens_max = 100;
  request.make_constraint = [] { return nullptr; };  // that there is one, for the bounds
  return request;
}

GenerationRequest Reasoning(int32_t budget) {
  GenerationRequest request = Request();
  request.reasoning = ReasoningSyntax{.open = {TokenId{'<'}},
                                      .blank = {TokenId{'_'}},
                                      .close = {TokenId{'>'}},
                                      .forced_close = {TokenId{'!'}, TokenId{'>'}}};
  request.reasoning_tokens_max = budget;
  return request;
}

TEST(Constraint, DrawsAreMaskedAndForcedRunsFollowAtOnce) {
  PatternConstraint constraint(Pattern("a(xy)bc(xy)"), TokenId{'.'});
  const GenerationRequest request = Request();
  AnswerTracker tracker(&request, 100, &constraint);
  EXPECT_EQ(Allowed(tracker.Mask(kMaskWords)), "a");
  EXPECT_EQ(TokensOf(tracker.Feed({.id = TokenId{'a'}})), "a");
  EXPECT_EQ(Allowed(tracker.Mask(kMaskWords)), "xy");
  const TrackedDraw out = tracker.Feed({.id = TokenId{'y'}});
  EXPECT_EQ(TokensOf(out), "ybc");
  EXPECT_EQ(out.forced_count, 2);
  EXPECT_EQ(out.events.size(), 3U);
  EXPECT_EQ(Allowed(tracker.Mask(kMaskWords)), "xy");
}

TEST(Constraint, AnAnswerThatMustEndEndsWithoutAnotherDraw) {
  PatternConstraint constraint(Pattern("(ab)cd"), TokenId{'.'});
  const GenerationRequest request = Request();
  AnswerTracker tracker(&request, 100, &constraint);
  const TrackedDraw out = tracker.Feed({.id = TokenId{'b'}});
  EXPECT_EQ(TokensOf(out), "bcd");
  EXPECT_TRUE(out.ended);
  EXPECT_EQ(out.events.back().end, EndReason::kEndToken);
}

TEST(Constraint, WithoutReasoningTheAnswerMayBeginAsADelimiterDoes) {
  PatternConstraint constraint(Pattern("<(ab)c"), TokenId{'.'});
  GenerationRequest request = Reasoning(0);
  request.reasoning->open = {TokenId{'<'}, TokenId{'t'}};
  AnswerTracker tracker(&request, 100, &constraint);
  EXPECT_EQ(Allowed(tracker.Mask(kMaskWords)), "<");
  EXPECT_EQ(TokensOf(tracker.Feed({.id = TokenId{'<'}})), "<");
  EXPECT_EQ(Allowed(tracker.Mask(kMaskWords)), "ab");
  EXPECT_TRUE(tracker.Feed({.id = TokenId{'a'}}).ended);
}

TEST(Constraint, LimitsCutForcedRunsExactly) {
  for (int32_t limit = 1; limit <= 4; ++limit) {
    for (const bool answer : {true, false}) {
      PatternConstraint constraint(Pattern("(ab)cde"), TokenId{'.'});
      GenerationRequest request = Request();
      (answer ? request.answer_tokens_max : request.completion_tokens_max.emplace()) = limit;
      AnswerTracker tracker(&request, 100, &constraint);
      const TrackedDraw out = tracker.Feed({.id = TokenId{'a'}});
      EXPECT_EQ(TokensOf(out), std::string("acde").substr(0, static_cast<size_t>(limit)));
      EXPECT_TRUE(out.ended);
      EXPECT_EQ(out.events.size(), static_cast<size_t>(limit));
      EXPECT_EQ(out.events.back().end, EndReason::kLength);
    }
  }
}

TEST(Constraint, ReasoningIsFreeButMayNotEndTheAnswer) {
  PatternConstraint constraint(Pattern("(ab)c"), TokenId{'.'});
  const GenerationRequest request = Reasoning(50);
  AnswerTracker tracker(&request, 100, &constraint);
  EXPECT_EQ(Allowed(tracker.Mask(kMaskWords)), "<ab");  // reasoning first, or the answer at once
  tracker.Feed({.id = TokenId{'<'}});
  const std::string inside = Allowed(tracker.Mask(kMaskWords));
  EXPECT_EQ(inside.find('.'), std::string::npos);
  EXPECT_NE(inside.find('z'), std::string::npos);
  tracker.Feed({.id = TokenId{'z'}});
  tracker.Feed({.id = TokenId{'>'}});
  EXPECT_EQ(Allowed(tracker.Mask(kMaskWords)), "ab");
  const TrackedDraw out = tracker.Feed({.id = TokenId{'a'}});
  EXPECT_EQ(TokensOf(out), "ac");
  EXPECT_TRUE(out.ended);
}

TEST(Constraint, ASpentBudgetLeadsStraightIntoTheAnswer) {
  PatternConstraint constraint(Pattern("(ab)"), TokenId{'.'});
  const GenerationRequest request = Reasoning(2);
  AnswerTracker tracker(&request, 100, &constraint);
  tracker.Feed({.id = TokenId{'<'}});
  tracker.Feed({.id = TokenId{'z'}});
  EXPECT_EQ(TokensOf(tracker.Feed({.id = TokenId{'z'}})), "z!>");
  EXPECT_EQ(Allowed(tracker.Mask(kMaskWords)), "ab");
}

TEST(Constraint, LogProbabilitiesTurnForcedRunsOff) {
  PatternConstraint constraint(Pattern("(ab)cd"), TokenId{'.'});
  GenerationRequest request = Request();
  request.sampling.top_logprobs = 0;
  AnswerTracker tracker(&request, 100, &constraint);
  EXPECT_EQ(TokensOf(tracker.Feed({.id = TokenId{'a'}})), "a");
  EXPECT_EQ(Allowed(tracker.Mask(kMaskWords)), "c");
}

std::unique_ptr<Engine> MakeEngine(const base::Clock* clock, metrics::Registry* registry) {
  return Engine::Create(std::make_unique<testing::HashModel>(testing::HashModelOptions{}),
                        {.thread_count = 2, .kv_bytes_max = 1 << 20}, clock, registry)
      .value();
}

// The whole engine: forced runs are computed like prompts, so what is drawn behind them is what the
// model says of that text.
TEST(Constraint, TheEngineDrawsWhatTheModelSaysBehindAForcedRun) {
  constexpr int32_t kVocabulary = 64;
  const base::SystemClock clock;
  metrics::Registry registry;
  const auto engine = MakeEngine(&clock, &registry);
  std::vector<TokenId> run;
  for (int32_t i = 0; i < 40; ++i) {
    run.push_back(TokenId{i % 60});
  }
  std::vector<TokenId> all;
  for (int32_t i = 0; i < 63; ++i) {
    all.push_back(TokenId{i});
  }
  std::vector<std::vector<TokenId>> places = {all};
  for (TokenId token : run) {
    places.push_back({token});
  }
  places.push_back(all);
  GenerationRequest request;
  request.prompt = {TokenId{5}, TokenId{6}, TokenId{7}};
  request.choice_count = 3;
  request.seed = 11;
  request.sampling = {.temperature = 0.9, .top_p = 0.9};
  request.end_tokens = {TokenId{63}};
  request.answer_tokens_max = 100;
  request.make_constraint = [&places] {
    return std::make_unique<PatternConstraint>(places, TokenId{63});
  };
  const testing::GenerationResult result = testing::Generate(*engine, request);
  ASSERT_FALSE(result.failure);
  for (size_t i = 0; i < 3; ++i) {
    const std::vector<TokenId>& tokens = result.choices[i].tokens;
    ASSERT_EQ(tokens.size(), run.size() + 2);
    EXPECT_TRUE(std::equal(run.begin(), run.end(), tokens.begin() + 1));
    EXPECT_EQ(result.choices[i].end, EndReason::kEndToken);
    sampling::Sampler sampler(request.sampling, request.seed + i, request.prompt);
    std::vector<TokenId> text = request.prompt;
    std::vector<uint32_t> no_end = {~uint32_t{0}, ~uint32_t{0} >> 1};
    for (size_t at = 0; at < tokens.size(); ++at) {
      std::vector<float> logits = testing::HashModel::LogitsAfter(text, kVocabulary);
      if (at == 0 || at + 1 == tokens.size()) {
        EXPECT_EQ(sampler.Sample(logits, no_end).id, tokens[at]);
      } else {
        sampler.Accept(tokens[at]);
      }
      text.push_back(tokens[at]);
    }
  }
}

// Allows everything but the end, then fails in one of its calls.
class FailingConstraint final : public TokenConstraint {
 public:
  FailingConstraint(bool in_mask, int32_t after) : in_mask_(in_mask), left_(after) {}

  void FillMask(std::span<uint32_t> mask) override {
    if (in_mask_ && left_ == 0) {
      throw std::runtime_error("no more");
    }
    std::ranges::fill(mask, ~uint32_t{0});
    mask[1] = ~uint32_t{0} >> 1;  // without token 63
  }
  void Accept(base::TokenId) override {
    if (left_ == 0) {
      throw std::runtime_error("no more");
    }
    --left_;
  }
  std::vector<base::TokenId> TakeForced(size_t) override { return {}; }
  bool MustEnd() override { return false; }

 private:
  const bool in_mask_;
  int32_t left_;
};

TEST(Constraint, ThatFailsCostsItsOwnRequestOnly) {
  const base::SystemClock clock;
  metrics::Registry registry;
  const auto engine = MakeEngine(&clock, &registry);
  GenerationRequest free;
  free.prompt = {TokenId{5}, TokenId{6}, TokenId{7}};
  free.seed = 3;
  free.sampling = {.temperature = 0.9};
  free.answer_tokens_max = 200;
  for (const bool in_mask : {true, false}) {
    GenerationRequest failing = free;
    failing.choice_count = 2;
    failing.make_constraint = [in_mask] { return std::make_unique<FailingConstraint>(in_mask, 5); };
    std::optional<testing::GenerationResult> other;
    std::thread beside([&] { other = testing::Generate(*engine, free); });
    const testing::GenerationResult failed = testing::Generate(*engine, failing);
    beside.join();
    ASSERT_TRUE(failed.failure);
    EXPECT_EQ(failed.failure->kind, base::ErrorKind::kInvalidArgument);
    ASSERT_TRUE(other.has_value());
    EXPECT_FALSE(other->failure);
    EXPECT_EQ(other->choices[0].tokens.size(), 200U);
  }
}

// Allows everything but the end. Its calls wait at a gate, from the sixth token on.
class SlowConstraint final : public TokenConstraint {
 public:
  SlowConstraint(bool in_mask, std::latch* gate) : in_mask_(in_mask), gate_(gate) {}

  void FillMask(std::span<uint32_t> mask) override {
    if (in_mask_ && accepted_ == 5) {
      gate_->wait();
    }
    std::ranges::fill(mask, ~uint32_t{0});
    mask[1] = ~uint32_t{0} >> 1;  // without token 63
  }
  void Accept(base::TokenId) override {
    if (!in_mask_ && accepted_ == 5) {
      gate_->wait();
    }
    ++accepted_;
  }
  std::vector<base::TokenId> TakeForced(size_t) override { return {}; }
  bool MustEnd() override { return false; }

 private:
  const bool in_mask_;
  std::latch* gate_;
  int32_t accepted_ = 0;
};

class BusyConstraint : public ::testing::TestWithParam<bool> {
 protected:
  // Three choices held by slow constraints, of a tenant of its own.
  GenerationRequest Slow() {
    GenerationRequest slow = Free(40);
    slow.choice_count = 3;
    slow.tenant = "slow";
    slow.make_constraint = [this] { return std::make_unique<SlowConstraint>(GetParam(), &gate_); };
    return slow;
  }
  static GenerationRequest Free(int32_t token_count) {
    GenerationRequest free;
    free.prompt = {TokenId{5}, TokenId{6}, TokenId{7}};
    free.seed = 3;
    free.sampling = {.temperature = 0.9, .frequency_penalty = 0.5};
    free.answer_tokens_max = token_count;
    return free;
  }

  const base::SystemClock clock_;
  metrics::Registry registry_;
  std::latch gate_{1};  // outlives the engine, whose jobs wait at it
  std::unique_ptr<Engine> engine_ = MakeEngine(&clock_, &registry_);
};

TEST_P(BusyConstraint, HoldsUpItsOwnRequestOnly) {
  std::optional<testing::GenerationResult> slow;
  std::thread beside([&] { slow = testing::Generate(*engine_, Slow()); });
  // Also another one that is held to something, and does so in time.
  GenerationRequest held = Free(300);
  held.make_constraint = [this] {
    static std::latch open(0);
    return std::make_unique<SlowConstraint>(GetParam(), &open);
  };
  const testing::GenerationResult in_time = testing::Generate(*engine_, held);
  EXPECT_EQ(testing::Generate(*engine_, Free(300)).choices[0].tokens.size(), 300U);
  gate_.count_down();
  beside.join();
  ASSERT_TRUE(slow.has_value());
  EXPECT_FALSE(slow->failure);
  // The same draws as without any delay.
  EXPECT_EQ(slow->choices, testing::Generate(*engine_, Slow()).choices);
  ASSERT_EQ(slow->choices.size(), 3U);
  ASSERT_EQ(in_time.choices[0].tokens.size(), 300U);
  EXPECT_TRUE(std::equal(slow->choices[0].tokens.begin(), slow->choices[0].tokens.end(),
                         in_time.choices[0].tokens.begin()));
}

TEST_P(BusyConstraint, NeedNotBeWaitedForByAClientThatLeaves) {
  {
    const auto handle = engine_->Submit(Slow()).value();
    for (int i = 0; i < 5; ++i) {
      (void)testing::WaitForEvent(*handle);
    }
  }
  testing::WaitUntilIdle(*engine_);  // though the gate is closed
  EXPECT_EQ(testing::Generate(*engine_, Free(50)).choices[0].tokens.size(), 50U);
  gate_.count_down();
}

TEST_P(BusyConstraint, DoesNotKeepARequestFromFailing) {
  const auto handle = engine_->Submit(Slow()).value();
  for (int i = 0; i < 5; ++i) {
    (void)testing::WaitForEvent(*handle);
  }
  engine_->FailAll(base::Internal("all"));
  EXPECT_TRUE(testing::ReadAll(*handle, 3).failure);
  gate_.count_down();
}

INSTANTIATE_TEST_SUITE_P(WhereItIsSlow, BusyConstraint, ::testing::Bool(), [](const auto& where) {
  return where.param ? "InMasks" : "BehindTokens";
});

}  // namespace
}  // namespace millrace::engine
