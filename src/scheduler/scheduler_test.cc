#include <gtest/gtest.h>

#include <numeric>

#include "scheduler/apply.h"
#include "scheduler/plan.h"

namespace millrace::scheduler {
namespace {

using base::TokenId;

constexpr int32_t kBlockSize = 4;

std::vector<TokenId> Prompt(int32_t count, int32_t first = 0) {
  std::vector<TokenId> tokens(static_cast<size_t>(count));
  for (int32_t i = 0; i < count; ++i) {
    tokens[static_cast<size_t>(i)] = TokenId{first + i};
  }
  return tokens;
}

RequestId Id(int64_t value) { return RequestId{value}; }
SequenceKey Key(int64_t request, int32_t choice = 0) { return {Id(request), choice}; }

void Add(State& state, int64_t id, std::vector<TokenId> prompt, int32_t choice_count = 1,
         std::string tenant = "t") {
  Submit(state, {.id = Id(id),
                 .prompt = std::move(prompt),
                 .choice_count = choice_count,
                 .tenant = std::move(tenant)});
}

// Runs one step in which every draw gives token 7 and nothing ends. Returns the plan.
StepPlan Step(State& state, const Limits& limits, double seconds = 0) {
  StepPlan plan = Plan(state, limits);
  StepResult result{.outcomes = {}, .seconds = seconds};
  for (const PlanRow& row : plan.rows) {
    for (int32_t i = 0; i < row.draw_count; ++i) {
      result.outcomes.push_back({.tokens = {TokenId{7}}});
    }
  }
  (void)Apply(state, plan, result, limits);
  return plan;
}

int32_t TokensOf(const StepPlan& plan, SequenceKey key) {
  for (const PlanRow& row : plan.rows) {
    if (row.sequence == key) {
      return row.token_count;
    }
  }
  return 0;
}

TEST(Plan, LongPromptIsComputedInChunksAndThenDecodes) {
  State state(100, kBlockSize);
  state.prompt_tokens_limit = 40;
  const Limits limits{.step_tokens_max = 40};
  Add(state, 1, Prompt(100));
  EXPECT_EQ(TokensOf(Step(state, limits), Key(1)), 40);
  EXPECT_EQ(TokensOf(Step(state, limits), Key(1)), 40);
  const StepPlan last = Step(state, limits);
  EXPECT_EQ(last.rows.at(0).token_count, 20);
  EXPECT_EQ(last.rows.at(0).draw_count, 1);
  EXPECT_EQ(TokensOf(Step(state, limits), Key(1)), 1);
}

TEST(Plan, DecodeRowsComeFirstAndAreNeverLeftOut) {
  State state(200, kBlockSize);
  const Limits limits{.running_sequences_max = 8, .step_tokens_max = 16};
  for (int64_t id = 1; id <= 6; ++id) {
    Add(state, id, Prompt(1, static_cast<int32_t>(id)));
  }
  Step(state, limits);
  Add(state, 7, Prompt(100, 500));
  for (int i = 0; i < 5; ++i) {
    const StepPlan plan = Step(state, limits);
    ASSERT_EQ(plan.rows.size(), 7U);
    for (size_t row = 0; row < 6; ++row) {
      EXPECT_EQ(plan.rows[row].sequence, Key(static_cast<int64_t>(row) + 1));
    }
    EXPECT_EQ(plan.rows[6].token_count, 10);
  }
}

TEST(Plan, ShortPromptDoesNotWaitForALongOne) {
  State state(500, kBlockSize);
  const Limits limits{.step_tokens_max = 32};
  Add(state, 1, Prompt(1000));
  Step(state, limits);
  Add(state, 2, Prompt(10, 5000));
  const StepPlan plan = Step(state, limits);
  EXPECT_EQ(TokensOf(plan, Key(2)), 10);
  EXPECT_EQ(TokensOf(plan, Key(1)), 22);
}

TEST(Plan, ChunkShrinksToTheTimeOfAStepAndGrowsBack) {
  State state(5000, kBlockSize);
  const Limits limits{.step_tokens_max = 512, .step_seconds_target = 0.25};
  Add(state, 1, Prompt(20'000));
  int32_t tokens = 0;
  for (int i = 0; i < 12; ++i) {
    tokens = Step(state, limits, tokens * 0.002).prompt_token_count;  // 2 ms a token
  }
  EXPECT_GE(tokens, 100);
  EXPECT_LE(tokens, 140);
  for (int i = 0; i < 12; ++i) {
    tokens = Step(state, limits, 0.01).prompt_token_count;
  }
  EXPECT_EQ(tokens, 512);
}

TEST(Plan, SecondRequestTakesItsPrefixFromTheCache) {
  State state(100, kBlockSize);
  const Limits limits;
  Add(state, 1, Prompt(20));
  Step(state, limits);
  Cancel(state, Id(1));
  Add(state, 2, Prompt(20));
  const StepPlan plan = Step(state, limits);
  // 19 of 20 tokens may come from the cache: four whole blocks.
  EXPECT_EQ(TokensOf(plan, Key(2)), 4);
  EXPECT_EQ(state.requests.at(Id(2)).cached_token_count, 16);
}

TEST(Plan, RequestsArrivingTogetherComputeTheirCommonPrefixOnce) {
  State state(2000, kBlockSize);
  const Limits limits{.step_tokens_max = 100};
  constexpr int32_t kShared = 800;
  for (int64_t id = 1; id <= 4; ++id) {
    std::vector<TokenId> prompt = Prompt(kShared);
    for (int32_t i = 0; i < 5; ++i) {
      prompt.push_back(TokenId{10'000 + static_cast<int32_t>(id)});
    }
    Add(state, id, std::move(prompt));
  }
  int32_t computed = 0;
  for (int i = 0; i < 60; ++i) {
    computed += Step(state, limits).prompt_token_count;
  }
  EXPECT_EQ(computed, kShared + 4 * 5);
  EXPECT_EQ(state.requests.at(Id(1)).cached_token_count, 0);
  EXPECT_EQ(state.requests.at(Id(4)).cached_token_count, kShared);
}

TEST(Plan, FollowerGoesOnAloneWhenItsLeaderIsCancelled) {
  State state(2000, kBlockSize);
  const Limits limits{.step_tokens_max = 32};
  Add(state, 1, Prompt(400));
  Add(state, 2, Prompt(400));
  Step(state, limits);
  const StepPlan shared = Step(state, limits);
  EXPECT_EQ(TokensOf(shared, Key(2)), 0);
  Cancel(state, Id(1));
  const StepPlan alone = Step(state, limits);
  EXPECT_EQ(TokensOf(alone, Key(2)), 32);
  EXPECT_EQ(alone.rows.at(0).first_position, 64);
}

TEST(Plan, LeaderCountsAsShortAsWhatItsFollowersWaitFor) {
  State state(4000, kBlockSize);
  state.prompt_tokens_limit = 32;
  const Limits limits{.step_tokens_max = 32};
  std::vector<TokenId> follower = Prompt(40, 20'000);
  follower.push_back(TokenId{1});
  Add(state, 1, Prompt(5000));          // the oldest has half of every step
  Add(state, 2, Prompt(5000, 20'000));  // leads
  Add(state, 3, std::move(follower));
  Add(state, 4, Prompt(100, 40'000));  // shorter than the leader, longer than what is waited for
  const StepPlan plan = Step(state, limits);
  EXPECT_EQ(TokensOf(plan, Key(1)), 16);
  EXPECT_EQ(TokensOf(plan, Key(2)), 16);
  for (int i = 0; i < 3; ++i) {
    Step(state, limits);
  }
  EXPECT_TRUE(state.requests.at(Id(3)).forked);
  EXPECT_FALSE(state.requests.at(Id(4)).forked);
}

TEST(Plan, OtherTenantsDoNotFollow) {
  State state(2000, kBlockSize);
  const Limits limits{.step_tokens_max = 64};
  Add(state, 1, Prompt(20), 1, "a");
  Add(state, 2, Prompt(20), 1, "b");
  const StepPlan plan = Step(state, limits);
  EXPECT_EQ(plan.rows.size(), 2U);
}

TEST(Plan, ChoicesForkAfterOnePromptAndShareItsFullBlocks) {
  State state(100, kBlockSize);
  const Limits limits;
  Add(state, 1, Prompt(10), 3);
  StepPlan plan = Plan(state, limits);
  ASSERT_EQ(plan.rows.size(), 1U);
  EXPECT_EQ(plan.rows[0].draw_count, 3);
  StepResult result;
  for (int32_t i = 0; i < 3; ++i) {
    result.outcomes.push_back({.tokens = {TokenId{i}}});
  }
  const std::vector<BlockCopy> copies = Apply(state, plan, result, limits);
  EXPECT_EQ(copies.size(), 2U);
  const auto first = state.sequences.at(Key(1, 0)).table.blocks();
  const auto third = state.sequences.at(Key(1, 2)).table.blocks();
  EXPECT_EQ(first[0], third[0]);
  EXPECT_EQ(first[1], third[1]);
  EXPECT_NE(first[2], third[2]);
  EXPECT_EQ(copies[1].from, first[2]);
  EXPECT_EQ(copies[1].to, third[2]);
  EXPECT_EQ(Plan(state, limits).rows.size(), 3U);
}

TEST(Plan, YoungestGivesWayWhenBlocksRunOut) {
  State state(6, kBlockSize);
  const Limits limits;
  Add(state, 1, Prompt(8, 0));
  Add(state, 2, Prompt(8, 100));
  for (int i = 0; i < 4; ++i) {
    Step(state, limits);
  }
  int32_t preempted = 0;
  for (int i = 0; i < 4; ++i) {
    preempted += Step(state, limits).preempted_count;
  }
  EXPECT_EQ(preempted, 1);
  EXPECT_TRUE(state.running.contains(Key(1)));
  EXPECT_TRUE(state.waiting.contains(Key(2)));
  Cancel(state, Id(1));
  const StepPlan again = Step(state, limits);
  // Its published blocks survived: only the tail is computed again.
  EXPECT_LE(TokensOf(again, Key(2)), 2 * kBlockSize);
  EXPECT_GT(TokensOf(again, Key(2)), 0);
}

TEST(Plan, PausedRequestLosesItsBlocksFirst) {
  State state(6, kBlockSize);
  const Limits limits;
  Add(state, 1, Prompt(8, 0));
  Add(state, 2, Prompt(8, 100));
  Step(state, limits);
  SetPaused(state, Id(1), true);
  for (int i = 0; i < 12; ++i) {
    Step(state, limits);
  }
  EXPECT_TRUE(state.running.contains(Key(2)));
  EXPECT_TRUE(state.waiting.contains(Key(1)));
}

TEST(Plan, SequenceThatFillsTheWholeCacheIsReportedExhausted) {
  State state(3, kBlockSize);
  const Limits limits;
  Add(state, 1, Prompt(11));
  Step(state, limits);
  Step(state, limits);
  const StepPlan plan = Step(state, limits);
  EXPECT_EQ(plan.exhausted, std::vector<SequenceKey>{Key(1)});
  EXPECT_TRUE(state.requests.empty());
  EXPECT_EQ(state.tree.available_count(), 3);
}

TEST(Plan, AdmissionStopsAtTheSeatLimitInOrderOfArrival) {
  State state(100, kBlockSize);
  const Limits limits{.running_sequences_max = 4};
  Add(state, 1, Prompt(4, 0), 3);
  Add(state, 2, Prompt(4, 100), 2);
  Add(state, 3, Prompt(4, 200), 1);
  Step(state, limits);
  EXPECT_EQ(state.waiting, (std::set<SequenceKey>{Key(2), Key(3)}));
  EXPECT_EQ(state.waiting_request_count(), 2);
  Cancel(state, Id(1));
  Step(state, limits);
  EXPECT_TRUE(state.waiting.empty());
}

TEST(Plan, NothingToDoIsAnEmptyPlan) {
  State state(10, kBlockSize);
  const StepPlan plan = Plan(state, {});
  EXPECT_TRUE(plan.rows.empty());
  EXPECT_TRUE(plan.exhausted.empty());
}

}  // namespace
}  // namespace millrace::scheduler
