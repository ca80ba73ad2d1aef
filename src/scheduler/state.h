// Everything the scheduler knows: requests, their sequences, who runs, who waits, and the blocks.
//
// Data and its bookkeeping only. What to do next is decided in plan.h; what a step brought is
// recorded in apply.h. Both are functions of this state: no clock, no thread, no model.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "kv/block_pool.h"
#include "kv/block_table.h"
#include "kv/prefix_tree.h"

namespace millrace::scheduler {

// Rises in order of arrival, so a smaller id is an older request.
enum class RequestId : int64_t {};

// One choice of one request. Ordered by age.
struct SequenceKey {
  RequestId request{};
  int32_t choice = 0;
  auto operator<=>(const SequenceKey&) const = default;
};

// What a new request brings. `prompt` is not empty and every block of it fits into the pool.
struct RequestSpec {
  RequestId id{};
  std::vector<base::TokenId> prompt;
  int32_t choice_count = 1;
  std::string tenant;
};

struct Request {
  int32_t choice_count = 1;
  int32_t open_choice_count = 1;  // not ended
  kv::TenantId tenant{};
  bool admitted = false;  // has run, if only for a moment
  bool forked = false;    // its first tokens are drawn: every open choice has a sequence of its own
  bool paused = false;    // its reader is behind: no more tokens are drawn
  bool held = false;      // what it may draw next is still being found out
  int32_t cached_token_count = 0;  // prompt tokens it did not have to compute

  bool may_run() const { return !paused && !held; }
};

// One generation being advanced. Until its request forks, choice 0 stands for all choices.
struct Sequence {
  std::vector<base::TokenId> tokens;  // prompt and generated; at least one is not computed
  int32_t computed_count = 0;         // leading tokens whose keys and values are in `table`
  int32_t reached_count = 0;          // the largest computed_count there ever was
  kv::BlockTable table;
  int64_t admission = 0;  // rises with each admission; of running sequences

  // Another running sequence that is computing a prefix of this one's tokens right now. This one
  // waits and takes over the finished blocks instead of computing them a second time.
  struct Leader {
    SequenceKey key;
    int64_t admission = 0;     // a later one means it started over
    int32_t shared_count = 0;  // tokens in common, whole blocks
  };
  std::optional<Leader> leader;

  int32_t token_count() const { return static_cast<int32_t>(tokens.size()); }
  int32_t pending_count() const { return token_count() - computed_count; }
};

struct Limits {
  int32_t running_sequences_max = 64;  // choices advanced in one step
  int32_t step_tokens_max = 512;       // tokens of one step; more than running_sequences_max
  double step_seconds_target = 0.25;   // prompt chunks shrink until a step takes no longer
};

// Invariants: a sequence is in exactly one of `running` and `waiting`; a waiting one holds no
// blocks.
struct State {
  State(int32_t block_count, int32_t block_size);
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  kv::BlockPool pool;
  kv::PrefixTree tree;
  std::map<RequestId, Request> requests;
  std::map<SequenceKey, Sequence> sequences;
  std::set<SequenceKey> running;
  std::set<SequenceKey> waiting;
  int64_t admission_count = 0;
  int32_t prompt_tokens_limit = 32;  // of one step; adapts to the speed of the machine

  int32_t BlocksFor(int32_t token_count) const;
  // Requests that never ran.
  int32_t waiting_request_count() const;
};

// Adds a request at the end of the waiting ones. When it throws (no memory), Cancel undoes it.
void Submit(State& state, RequestSpec spec);

// Removes a request with all its choices, whatever they are doing. Unknown ids are ignored.
void Cancel(State& state, RequestId id);

// A paused request draws no tokens; its blocks are the first to be taken when they run short, those
// of held ones are next.
// Unknown ids are ignored.
void SetPaused(State& state, RequestId id, bool paused);

// What a request may draw is known: it goes on. Unknown ids are ignored.
void Release(State& state, RequestId id);

// Ends one choice; the request goes with its last one.
void Finish(State& state, SequenceKey key);

// Takes a running sequence's blocks and puts it back among the waiting ones. Its published blocks
// stay cached, the rest is computed again later, to the same values.
void Preempt(State& state, SequenceKey key);

}  // namespace millrace::scheduler
