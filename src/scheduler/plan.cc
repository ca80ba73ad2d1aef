#include "scheduler/plan.h"

#include <algorithm>
#include <optional>
#include <ranges>
#include <set>
#include <span>

#include "base/check.h"

namespace millrace::scheduler {
namespace {

// Tokens both begin with, in whole blocks.
int32_t CommonBlockTokens(std::span<const base::TokenId> a, std::span<const base::TokenId> b,
                          int32_t block_size) {
  const auto differ = std::ranges::mismatch(a, b);
  const auto common = static_cast<int32_t>(differ.in1 - a.begin());
  return common / block_size * block_size;
}

// A prompt that asks for part of a step's budget.
struct PromptWork {
  SequenceKey key;
  int32_t remainder = 0;  // tokens to its end
  int32_t goal = 0;       // tokens after which it, or somebody who waits for it, gets something
  int32_t share = 0;
};

// Gives out `budget`; `work` is in order of age.
void DivideBudget(std::vector<PromptWork>& work, int32_t budget) {
  const auto give = [&](PromptWork& to, int32_t wanted) {
    const int32_t more = std::min(wanted - to.share, budget);
    to.share += more;
    budget -= more;
  };
  give(work.front(), std::min(work.front().remainder, (budget + 1) / 2));
  std::vector<PromptWork*> by_goal;
  for (PromptWork& entry : work) {
    by_goal.push_back(&entry);
  }
  std::ranges::stable_sort(by_goal, {}, [](const PromptWork* entry) { return entry->goal; });
  for (PromptWork* entry : by_goal) {
    give(*entry, std::max(entry->share, entry->goal));
  }
  for (PromptWork& entry : work) {
    give(entry, entry.remainder);
  }
}

class Planner {
 public:
  Planner(State& state, const Limits& limits) : state_(state), limits_(limits) {}

  StepPlan Run() {
    PlanDecodeRows();
    Admit();
    // When every sequence that could run is short of blocks, the youngest give theirs up one by one
    // until the oldest of them moves.
    while (!PlanPromptRows() && YieldToBlocked()) {
    }
    return std::move(plan_);
  }

 private:
  void PlanDecodeRows();
  void Admit();
  bool TryAdmit(SequenceKey key);
  bool PlanPromptRows();
  std::vector<PromptWork> CollectPrompts();
  bool PlanPromptRow(SequenceKey key, int32_t token_count);
  bool YieldToBlocked();

  bool MakeRoom(SequenceKey key, int32_t position_count);
  bool PreemptIdle();
  std::optional<SequenceKey> PickVictim(SequenceKey key) const;
  void TakeBlocksOf(SequenceKey victim);
  void AttachPrefix(SequenceKey key);
  bool WaitsForLeader(SequenceKey key);
  std::optional<Sequence::Leader> FindLeader(SequenceKey key) const;
  int32_t SeatsOf(SequenceKey key) const;
  int32_t SeatsTaken() const;
  void AddRow(SequenceKey key, int32_t token_count);

  Sequence& SequenceOf(SequenceKey key) const { return state_.sequences.at(key); }
  Request& RequestOf(SequenceKey key) const { return state_.requests.at(key.request); }
  std::vector<SequenceKey> Running() const {
    return {state_.running.begin(), state_.running.end()};
  }

  State& state_;
  const Limits& limits_;
  StepPlan plan_;
  std::set<SequenceKey> planned_;
  std::optional<SequenceKey> blocked_;  // the oldest prompt without a block for its next token
};

void Planner::PlanDecodeRows() {
  for (SequenceKey key : Running()) {
    // An earlier row may have taken this one's blocks.
    if (!state_.running.contains(key) || !RequestOf(key).may_run() ||
        SequenceOf(key).pending_count() != 1) {
      continue;
    }
    if (static_cast<int32_t>(plan_.rows.size()) >= limits_.step_tokens_max) {
      break;
    }
    if (MakeRoom(key, SequenceOf(key).token_count())) {
      AddRow(key, 1);
      plan_.prompt_token_count += RequestOf(key).forked ? 0 : 1;  // the last one of a prompt
    } else if (state_.running.size() == 1) {
      plan_.exhausted.push_back(key);
      planned_.insert(key);
    } else {
      TakeBlocksOf(key);
    }
  }
}

void Planner::Admit() {
  const std::vector<SequenceKey> waiting(state_.waiting.begin(), state_.waiting.end());
  for (SequenceKey key : waiting) {
    if (!RequestOf(key).may_run()) {
      continue;
    }
    // A request with more choices than seats runs when it is alone.
    while (!state_.running.empty() && SeatsTaken() + SeatsOf(key) > limits_.running_sequences_max) {
      if (!PreemptIdle()) {
        return;
      }
    }
    if (!TryAdmit(key)) {
      return;
    }
  }
}

// Starts a waiting sequence when the blocks for all its tokens are there, and one to spare for each
// sequence that runs already, so that its admission does not lead to its own preemption.
bool Planner::TryAdmit(SequenceKey key) {
  Sequence& sequence = SequenceOf(key);
  Request& request = RequestOf(key);
  const int32_t cached_before = request.cached_token_count;
  const int32_t reached_before = sequence.reached_count;
  AttachPrefix(key);
  sequence.leader = FindLeader(key);
  const int32_t shared =
      std::max(sequence.computed_count, sequence.leader ? sequence.leader->shared_count : 0);
  const int32_t needed = state_.BlocksFor(sequence.token_count()) - state_.BlocksFor(shared);
  const auto fits = [&] {
    return needed + static_cast<int32_t>(state_.running.size()) <= state_.tree.available_count();
  };
  while (!fits() && PreemptIdle()) {
  }
  if (!fits()) {
    sequence.table.Release();
    sequence.computed_count = 0;
    sequence.reached_count = reached_before;
    sequence.leader.reset();
    request.cached_token_count = cached_before;
    if (state_.running.empty()) {
      plan_.exhausted.push_back(key);
    }
    return false;
  }
  state_.waiting.erase(key);
  state_.running.insert(key);
  sequence.admission = ++state_.admission_count;
  if (!request.admitted) {
    request.admitted = true;
    plan_.admitted.push_back(key.request);
  }
  return true;
}

// Plans chunks of prompts, and of forced tokens. True when the step has work.
bool Planner::PlanPromptRows() {
  blocked_.reset();
  std::vector<PromptWork> work = CollectPrompts();
  const int32_t budget = std::min(limits_.step_tokens_max - static_cast<int32_t>(plan_.rows.size()),
                                  state_.prompt_tokens_limit);
  int64_t wanted = 0;
  for (const PromptWork& entry : work) {
    wanted += entry.remainder;
  }
  plan_.prompt_limited = wanted > budget;
  if (!work.empty() && budget > 0) {
    DivideBudget(work, budget);
  }
  for (const PromptWork& entry : work) {
    if (entry.share > 0 && state_.running.contains(entry.key) &&
        !PlanPromptRow(entry.key, entry.share) && !blocked_) {
      blocked_ = entry.key;
    }
  }
  return !plan_.rows.empty();
}

// Running sequences without a row that do not wait for a leader, by age. A leader's goal is the
// nearest token its followers wait for.
std::vector<PromptWork> Planner::CollectPrompts() {
  std::vector<PromptWork> work;
  std::vector<Sequence::Leader> followed;
  for (SequenceKey key : Running()) {
    if (planned_.contains(key) || !RequestOf(key).may_run()) {
      continue;
    }
    AttachPrefix(key);
    if (WaitsForLeader(key)) {
      followed.push_back(*SequenceOf(key).leader);
    } else {
      const int32_t remainder = SequenceOf(key).pending_count();
      work.push_back({.key = key, .remainder = remainder, .goal = remainder});
    }
  }
  for (const Sequence::Leader& leader : followed) {
    const auto entry = std::ranges::find(work, leader.key, &PromptWork::key);
    if (entry != work.end()) {
      entry->goal =
          std::min(entry->goal, leader.shared_count - SequenceOf(leader.key).computed_count);
    }
  }
  return work;
}

// As much of the chunk as there are blocks for; false when that is nothing.
bool Planner::PlanPromptRow(SequenceKey key, int32_t token_count) {
  Sequence& sequence = SequenceOf(key);
  if (!MakeRoom(key, sequence.computed_count + token_count)) {
    const int32_t room = sequence.table.capacity() - sequence.computed_count +
                         state_.tree.available_count() * state_.tree.block_size();
    token_count = std::min(token_count, room);
    if (token_count <= 0) {
      return false;
    }
    const bool reserved = sequence.table.TryReserve(sequence.computed_count + token_count);
    MILLRACE_CHECK(reserved);
  }
  plan_.prompt_token_count += token_count;
  AddRow(key, token_count);
  return true;
}

// Called when nothing could be planned: frees the blocks of the youngest other sequence for the
// oldest blocked one. False when there is nothing more to try.
bool Planner::YieldToBlocked() {
  if (!blocked_) {
    return false;
  }
  for (SequenceKey key : state_.running | std::views::reverse) {
    if (key != *blocked_) {
      TakeBlocksOf(key);
      return true;
    }
  }
  plan_.exhausted.push_back(*blocked_);
  return false;
}

bool Planner::MakeRoom(SequenceKey key, int32_t position_count) {
  while (!SequenceOf(key).table.TryReserve(position_count)) {
    if (PreemptIdle()) {
      continue;
    }
    const std::optional<SequenceKey> victim = PickVictim(key);
    if (!victim) {
      return false;
    }
    TakeBlocksOf(*victim);
  }
  return true;
}

// Takes the blocks and the seat of the youngest sequence whose reader is behind, or else of the
// youngest that is held.
bool Planner::PreemptIdle() {
  for (const auto is_idle : {&Request::paused, &Request::held}) {
    for (SequenceKey key : state_.running | std::views::reverse) {
      if (RequestOf(key).*is_idle) {
        TakeBlocksOf(key);
        return true;
      }
    }
  }
  return false;
}

// The youngest sequence without a row in this step that is younger than `key`.
std::optional<SequenceKey> Planner::PickVictim(SequenceKey key) const {
  for (SequenceKey other : state_.running | std::views::reverse) {
    if (other > key && !planned_.contains(other)) {
      return other;
    }
  }
  return std::nullopt;
}

void Planner::TakeBlocksOf(SequenceKey victim) {
  Preempt(state_, victim);
  ++plan_.preempted_count;
}

// Takes over cached blocks that continue what the sequence has. The last token is always computed:
// its logits are needed.
void Planner::AttachPrefix(SequenceKey key) {
  Sequence& sequence = SequenceOf(key);
  if (sequence.computed_count != sequence.table.published_positions()) {
    return;
  }
  sequence.table.AttachPrefix(sequence.tokens, sequence.token_count() - 1);
  const int32_t attached_end = sequence.table.published_positions();
  if (Request& request = RequestOf(key); !request.forked) {
    request.cached_token_count += std::max(0, attached_end - sequence.reached_count);
  }
  sequence.computed_count = attached_end;
  sequence.reached_count = std::max(sequence.reached_count, attached_end);
}

bool Planner::WaitsForLeader(SequenceKey key) {
  Sequence& sequence = SequenceOf(key);
  while (sequence.leader) {
    const Sequence::Leader& leader = *sequence.leader;
    if (state_.running.contains(leader.key) && RequestOf(leader.key).may_run() &&
        SequenceOf(leader.key).admission == leader.admission &&
        SequenceOf(leader.key).computed_count < leader.shared_count &&
        sequence.computed_count < leader.shared_count) {
      return true;
    }
    sequence.leader = FindLeader(key);
  }
  return false;
}

// The running sequence, admitted earlier, that is about to compute most of what this one needs.
// Earlier admissions only: the first one has no leader, so waiting never goes round in a circle.
std::optional<Sequence::Leader> Planner::FindLeader(SequenceKey key) const {
  const Sequence& sequence = SequenceOf(key);
  const bool runs = state_.running.contains(key);
  std::optional<Sequence::Leader> best;
  for (SequenceKey other_key : state_.running) {
    const Sequence& other = SequenceOf(other_key);
    if (other_key == key || (runs && other.admission > sequence.admission) ||
        other.pending_count() <= 1 || !RequestOf(other_key).may_run() ||
        RequestOf(other_key).tenant != RequestOf(key).tenant) {
      continue;
    }
    const std::span<const base::TokenId> mine(sequence.tokens.data(), sequence.tokens.size() - 1);
    const int32_t shared = CommonBlockTokens(mine, other.tokens, state_.tree.block_size());
    if (shared > std::max(sequence.computed_count, other.computed_count) &&
        (!best || shared > best->shared_count)) {
      best = {.key = other_key, .admission = other.admission, .shared_count = shared};
    }
  }
  return best;
}

int32_t Planner::SeatsOf(SequenceKey key) const {
  const Request& request = RequestOf(key);
  return request.forked ? 1 : request.choice_count;
}

int32_t Planner::SeatsTaken() const {
  int32_t seats = 0;
  for (SequenceKey key : state_.running) {
    seats += SeatsOf(key);
  }
  return seats;
}

void Planner::AddRow(SequenceKey key, int32_t token_count) {
  const Sequence& sequence = SequenceOf(key);
  const Request& request = RequestOf(key);
  const bool at_end = sequence.pending_count() == token_count;
  plan_.rows.push_back({.sequence = key,
                        .first_position = sequence.computed_count,
                        .token_count = token_count,
                        .draw_count = !at_end          ? 0
                                      : request.forked ? 1
                                                       : request.choice_count});
  planned_.insert(key);
}

}  // namespace

StepPlan Plan(State& state, const Limits& limits) { return Planner(state, limits).Run(); }

}  // namespace millrace::scheduler
