// Records what a step brought.
#pragma once

#include <span>
#include <vector>

#include "scheduler/plan.h"
#include "scheduler/state.h"

namespace millrace::scheduler {

// What one draw led to. A choice that goes on has at least one new token: the drawn one, or tokens
// forced upon it.
//
// A late one is not known yet. All draws of its request have to be late then: the request is held,
// and when it is released the last token of its rows is computed again, to be drawn from.
struct DrawOutcome {
  std::vector<base::TokenId> tokens;
  bool ended = false;
  bool late = false;
};

struct StepResult {
  std::vector<DrawOutcome> outcomes;  // plan.rows' draws, one after another
  double seconds = 0;                 // the step took
};

// Keys and values of `from` are to be copied into `to` before the next step computes anything.
struct BlockCopy {
  kv::BlockId from{};
  kv::BlockId to{};
};

// Advances the planned sequences, publishes their full blocks, forks requests whose first tokens
// were drawn, ends what has ended (and plan.exhausted), and adapts the prompt tokens of a step to
// `limits.step_seconds_target`. The state must be as Plan left it.
//
// A fork shares the prompt's full blocks; the last, partial one is copied. The caller makes the
// copies in order, at once.
[[nodiscard]] std::vector<BlockCopy> Apply(State& state, const StepPlan& plan,
                                           const StepResult& result, const Limits& limits);

}  // namespace millrace::scheduler
