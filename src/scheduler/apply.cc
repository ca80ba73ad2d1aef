#include "scheduler/apply.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace millrace::scheduler {
namespace {

// Below this a matrix product is no longer limited by arithmetic, so smaller chunks save no time.
constexpr int32_t kPromptTokensMin = 32;

void AppendTokens(Sequence& sequence, const DrawOutcome& outcome) {
  MILLRACE_CHECK(!outcome.tokens.empty());
  sequence.tokens.insert(sequence.tokens.end(), outcome.tokens.begin(), outcome.tokens.end());
}

// Gives a further choice a sequence of its own behind the prompt that choice 0 has just computed.
void ForkChoice(State& state, SequenceKey key, const DrawOutcome& outcome,
                std::vector<BlockCopy>& copies) {
  const Sequence& first = state.sequences.at({.request = key.request, .choice = 0});
  Sequence fork{.tokens = first.tokens,
                .table = {&state.tree, state.requests.at(key.request).tenant},
                .leader = {}};
  const int32_t prompt_count = first.computed_count;
  fork.table.AttachPrefix(fork.tokens, prompt_count);
  AppendTokens(fork, outcome);
  if (!fork.table.TryReserve(prompt_count)) {
    fork.table.Release();
    state.sequences.emplace(key, std::move(fork));
    state.waiting.insert(key);  // computes the end of the prompt for itself later
    return;
  }
  if (fork.table.published_positions() < prompt_count) {
    copies.push_back({.from = first.table.blocks().back(), .to = fork.table.blocks().back()});
  }
  fork.computed_count = prompt_count;
  fork.reached_count = prompt_count;
  fork.admission = ++state.admission_count;
  state.sequences.emplace(key, std::move(fork));
  state.running.insert(key);
}

void ApplyRow(State& state, const PlanRow& row, std::span<const DrawOutcome> outcomes,
              std::vector<BlockCopy>& copies) {
  Sequence& sequence = state.sequences.at(row.sequence);
  const bool late = !outcomes.empty() && outcomes.front().late;
  sequence.computed_count += late ? row.token_count - 1 : row.token_count;
  sequence.reached_count = std::max(sequence.reached_count, sequence.computed_count);
  sequence.table.Publish(sequence.tokens, sequence.computed_count);
  if (outcomes.empty()) {
    return;
  }
  Request& request = state.requests.at(row.sequence.request);
  if (late) {
    request.held = true;
    return;
  }
  request.forked = true;
  int32_t ended_at_birth = 0;
  for (size_t i = 1; i < outcomes.size(); ++i) {
    if (outcomes[i].ended) {
      ++ended_at_birth;
    } else {
      const SequenceKey key{.request = row.sequence.request, .choice = static_cast<int32_t>(i)};
      ForkChoice(state, key, outcomes[i], copies);
    }
  }
  request.open_choice_count -= ended_at_birth;
  if (outcomes.front().ended) {
    Finish(state, row.sequence);
  } else {
    AppendTokens(sequence, outcomes.front());
  }
}

void AdaptPromptTokens(State& state, const StepPlan& plan, double seconds, const Limits& limits) {
  if (plan.prompt_token_count < kPromptTokensMin) {
    return;  // says nothing about the speed of a chunk
  }
  int32_t& limit = state.prompt_tokens_limit;
  if (seconds > limits.step_seconds_target) {
    const double fitting = plan.prompt_token_count * limits.step_seconds_target / seconds;
    limit = std::min(limit, static_cast<int32_t>(fitting));
  } else if (plan.prompt_limited) {
    const double growth = seconds > 0 ? std::min(2.0, limits.step_seconds_target / seconds) : 2.0;
    limit = static_cast<int32_t>(limit * growth);
  }
  limit = std::clamp(limit, kPromptTokensMin, std::max(kPromptTokensMin, limits.step_tokens_max));
}

}  // namespace

std::vector<BlockCopy> Apply(State& state, const StepPlan& plan, const StepResult& result,
                             const Limits& limits) {
  std::vector<BlockCopy> copies;
  std::span<const DrawOutcome> outcomes(result.outcomes);
  for (const PlanRow& row : plan.rows) {
    const auto draw_count = static_cast<size_t>(row.draw_count);
    MILLRACE_CHECK(outcomes.size() >= draw_count);
    ApplyRow(state, row, outcomes.first(draw_count), copies);
    outcomes = outcomes.subspan(draw_count);
  }
  for (SequenceKey key : plan.exhausted) {
    Finish(state, key);
  }
  AdaptPromptTokens(state, plan, result.seconds, limits);
  return copies;
}

}  // namespace millrace::scheduler
