// Random arrivals, departures, pauses and limits over a cache whose every cell remembers what it
// was computed from.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "base/random.h"
#include "scheduler/apply.h"
#include "scheduler/plan.h"

namespace millrace::scheduler {
namespace {

using base::TokenId;

constexpr int32_t kVocabulary = 50;

uint64_t Extend(uint64_t hash, TokenId token) {
  return base::SplitMix64(hash ^ static_cast<uint64_t>(ToIndex(token) + 1));
}

// What the model draws after a text, for a choice with this seed: a token, or the end.
struct Draw {
  TokenId token{};
  bool ends = false;
};
Draw DrawAfter(uint64_t text_hash, uint64_t seed) {
  const uint64_t value = base::SplitMix64(text_hash ^ base::SplitMix64(seed));
  return {.token = TokenId{static_cast<int32_t>(value % kVocabulary)},
          .ends = (value >> 32) % 24 == 0};
}

struct Job {
  std::vector<TokenId> prompt;
  int32_t choice_count = 1;
  uint64_t seed = 0;
  size_t tokens_max = 0;
  std::vector<std::vector<TokenId>> outputs;
  std::vector<int> ends;  // how often each choice ended
  bool cancelled = false;
};

// The answer of one choice computed without any scheduler.
std::vector<TokenId> Reference(const Job& job, int32_t choice) {
  uint64_t hash = 0;
  for (TokenId token : job.prompt) {
    hash = Extend(hash, token);
  }
  std::vector<TokenId> output;
  while (output.size() < job.tokens_max) {
    const Draw draw = DrawAfter(hash, job.seed + static_cast<uint64_t>(choice));
    if (draw.ends) {
      break;
    }
    output.push_back(draw.token);
    hash = Extend(hash, draw.token);
  }
  return output;
}

class Simulation {
 public:
  Simulation(uint64_t seed, int32_t block_count, int32_t block_size)
      : state_(block_count, block_size), random_(seed) {
    cells_.resize(static_cast<size_t>(block_count) * static_cast<size_t>(block_size));
    limits_.running_sequences_max = 1 + Below(12);
    limits_.step_tokens_max = limits_.running_sequences_max + 1 + Below(60);
  }

  void Run(int32_t request_count) {
    int32_t idle_steps = 0;
    while (next_id_ < request_count || !state_.requests.empty()) {
      if (next_id_ < request_count && Below(3) == 0) {
        Arrive();
      }
      Disturb();
      const bool worked = RunStep();
      idle_steps = worked ? 0 : idle_steps + 1;
      ASSERT_LT(idle_steps, 1000) << "stuck with " << state_.requests.size() << " requests";
      if (testing::Test::HasFatalFailure()) {
        return;
      }
    }
    CheckAnswers();
    EXPECT_EQ(state_.tree.available_count(), state_.tree.block_count());
    state_.tree.Clear();
    EXPECT_EQ(state_.tree.free_count(), state_.tree.block_count());
    EXPECT_EQ(state_.tree.tenant_count(), 0);
  }

  int64_t preempted_count() const { return preempted_count_; }

 private:
  int32_t Below(int32_t limit) {
    return static_cast<int32_t>(random_() % static_cast<uint64_t>(limit));
  }

  void Arrive() {
    const int32_t capacity = state_.tree.block_count() * state_.tree.block_size();
    Job job;
    const int32_t family = Below(3);
    const int32_t shared = Below(capacity / 3);
    for (int32_t i = 0; i < shared; ++i) {
      job.prompt.push_back(TokenId{(family * 17 + i) % kVocabulary});
    }
    for (int32_t i = 1 + Below(10); i > 0; --i) {
      job.prompt.push_back(TokenId{Below(kVocabulary)});
    }
    job.choice_count = Below(4) == 0 ? 1 + Below(4) : 1;
    job.seed = random_();
    job.tokens_max = static_cast<size_t>(1 + Below(40));
    job.outputs.resize(static_cast<size_t>(job.choice_count));
    job.ends.resize(static_cast<size_t>(job.choice_count));
    const RequestId id{next_id_++};
    Submit(state_, {.id = id,
                    .prompt = job.prompt,
                    .choice_count = job.choice_count,
                    .tenant = std::to_string(Below(2))});
    jobs_.emplace(id, std::move(job));
  }

  // Releases, cancels, pauses and resumes at random.
  void Disturb() {
    for (const auto& [held, request] : state_.requests) {
      if (request.held && Below(3) == 0) {
        Release(state_, held);
      }
    }
    if (state_.requests.empty()) {
      return;
    }
    auto it = state_.requests.begin();
    std::advance(it, Below(static_cast<int32_t>(state_.requests.size())));
    const RequestId id = it->first;
    if (Below(60) == 0) {
      jobs_.at(id).cancelled = true;
      Cancel(state_, id);
      return;
    }
    if (it->second.paused) {
      SetPaused(state_, id, Below(4) != 0);
    } else if (it->second.forked && Below(20) == 0) {
      SetPaused(state_, id, true);
    }
  }

  bool RunStep() {
    std::vector<SequenceKey> decoding;
    for (SequenceKey key : state_.running) {
      if (state_.sequences.at(key).pending_count() == 1 &&
          state_.requests.at(key.request).may_run()) {
        decoding.push_back(key);
      }
    }
    const StepPlan plan = Plan(state_, limits_);
    preempted_count_ += plan.preempted_count;
    CheckPlan(plan, decoding);
    StepResult result{.outcomes = {}, .seconds = 0.001 * Below(500)};
    std::map<RequestId, bool> late;
    for (const PlanRow& row : plan.rows) {
      const bool is_late = late.try_emplace(row.sequence.request, Below(12) == 0).first->second;
      Compute(row, is_late, result);
    }
    for (SequenceKey key : plan.exhausted) {
      Job& job = jobs_.at(key.request);
      ++job.ends[static_cast<size_t>(key.choice)];
      job.tokens_max = job.outputs[static_cast<size_t>(key.choice)].size();
      job.cancelled = job.choice_count > 1;  // the other choices have another limit
    }
    for (const BlockCopy& copy : Apply(state_, plan, result, limits_)) {
      std::copy_n(CellOf(copy.from, 0), state_.tree.block_size(), CellOf(copy.to, 0));
    }
    CheckBlocks();
    return !plan.rows.empty() || !plan.exhausted.empty();
  }

  std::vector<uint64_t>::iterator CellOf(kv::BlockId block, int32_t offset) {
    return cells_.begin() + kv::ToIndex(block) * state_.tree.block_size() + offset;
  }

  // Reads every cell the row depends on, as attention would, and writes the new ones.
  void Compute(const PlanRow& row, bool late, StepResult& result) {
    const Sequence& sequence = state_.sequences.at(row.sequence);
    ASSERT_EQ(sequence.computed_count, row.first_position);
    uint64_t hash = 0;
    for (int32_t p = 0; p < row.first_position + row.token_count; ++p) {
      hash = Extend(hash, sequence.tokens[static_cast<size_t>(p)]);
      const auto block = static_cast<size_t>(p / state_.tree.block_size());
      ASSERT_LT(block, sequence.table.blocks().size());
      const auto cell = CellOf(sequence.table.blocks()[block], p % state_.tree.block_size());
      if (p < row.first_position) {
        ASSERT_EQ(*cell, hash) << "position " << p << " holds another text";
      } else {
        ASSERT_TRUE(p >= sequence.table.published_positions());
        *cell = hash;
      }
    }
    Job& job = jobs_.at(row.sequence.request);
    if (late) {
      result.outcomes.resize(result.outcomes.size() + static_cast<size_t>(row.draw_count),
                             {.tokens = {}, .late = true});
      return;
    }
    for (int32_t i = 0; i < row.draw_count; ++i) {
      const auto choice = static_cast<size_t>(row.draw_count > 1 ? i : row.sequence.choice);
      const Draw draw = DrawAfter(hash, job.seed + choice);
      DrawOutcome outcome{.tokens = {}, .ended = draw.ends};
      if (!draw.ends) {
        outcome.tokens.push_back(draw.token);
        job.outputs[choice].push_back(draw.token);
        outcome.ended = job.outputs[choice].size() == job.tokens_max;
      }
      job.ends[choice] += outcome.ended ? 1 : 0;
      result.outcomes.push_back(std::move(outcome));
    }
  }

  void CheckPlan(const StepPlan& plan, const std::vector<SequenceKey>& decoding) {
    int32_t tokens = 0;
    std::set<SequenceKey> planned(plan.exhausted.begin(), plan.exhausted.end());
    for (const PlanRow& row : plan.rows) {
      tokens += row.token_count;
      ASSERT_GT(row.token_count, 0);
      ASSERT_TRUE(planned.insert(row.sequence).second);
      ASSERT_TRUE(state_.requests.at(row.sequence.request).may_run());
    }
    ASSERT_LE(tokens, limits_.step_tokens_max);
    for (SequenceKey key : decoding) {
      ASSERT_TRUE(planned.contains(key) || state_.waiting.contains(key)) << "decode left out";
    }
    ASSERT_TRUE(std::ranges::is_sorted(plan.admitted));
    for (const auto& [id, request] : state_.requests) {
      if (!request.admitted && request.may_run() && !plan.admitted.empty()) {
        ASSERT_GT(id, plan.admitted.back()) << "overtaken";
      }
    }
    const bool all_wait = std::ranges::none_of(
        state_.requests, [](const auto& entry) { return entry.second.may_run(); });
    ASSERT_TRUE(!planned.empty() || all_wait) << "nothing planned though something could run";
  }

  void CheckBlocks() {
    std::map<kv::BlockId, int32_t> holders;
    for (const auto& [key, sequence] : state_.sequences) {
      ASSERT_NE(state_.running.contains(key), state_.waiting.contains(key));
      ASSERT_GE(sequence.pending_count(), 1);
      ASSERT_TRUE(state_.running.contains(key) || sequence.table.blocks().empty());
      for (kv::BlockId block : sequence.table.blocks()) {
        ++holders[block];
      }
    }
    int32_t free = 0;
    int32_t idle = 0;
    for (int32_t i = 0; i < state_.tree.block_count(); ++i) {
      const kv::BlockId block{i};
      const int32_t by_tree = state_.pool.reference_count(block) - holders[block];
      ASSERT_TRUE(by_tree == 0 || by_tree == 1) << "block " << i;
      free += state_.pool.reference_count(block) == 0 ? 1 : 0;
      idle += by_tree == 1 && holders[block] == 0 ? 1 : 0;
      ASSERT_EQ(state_.tree.is_idle(block), by_tree == 1 && holders[block] == 0);
    }
    ASSERT_EQ(free, state_.tree.free_count());
    ASSERT_EQ(idle, state_.tree.idle_count());
  }

  void CheckAnswers() {
    for (const auto& [id, job] : jobs_) {
      for (int32_t choice = 0; choice < job.choice_count; ++choice) {
        const int ends = job.ends[static_cast<size_t>(choice)];
        ASSERT_LE(ends, 1);
        if (!job.cancelled) {
          ASSERT_EQ(ends, 1) << "request " << static_cast<int64_t>(id) << " choice " << choice;
          ASSERT_EQ(job.outputs[static_cast<size_t>(choice)], Reference(job, choice))
              << "request " << static_cast<int64_t>(id) << " choice " << choice;
        }
      }
    }
  }

  State state_;
  Limits limits_;
  std::mt19937_64 random_;
  std::vector<uint64_t> cells_;  // what each position of each block was computed from
  std::map<RequestId, Job> jobs_;
  int64_t next_id_ = 0;
  int64_t preempted_count_ = 0;
};

TEST(Simulation, EveryAnswerIsThatOfARequestAloneAndEveryBlockComesBack) {
  int64_t preempted_count = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    // Small caches preempt all the time, large ones share.
    Simulation simulation(seed, 8 + static_cast<int32_t>(seed) * 3,
                          2 + static_cast<int32_t>(seed % 5));
    simulation.Run(150);
    if (HasFatalFailure()) {
      return;
    }
    preempted_count += simulation.preempted_count();
  }
  EXPECT_GT(preempted_count, 1000);
}

}  // namespace
}  // namespace millrace::scheduler
