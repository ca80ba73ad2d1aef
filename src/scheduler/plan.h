// Decides what the next step computes.
#pragma once

#include <cstdint>
#include <vector>

#include "scheduler/state.h"

namespace millrace::scheduler {

// The new tokens of one sequence: positions first_position … first_position + token_count - 1.
struct PlanRow {
  SequenceKey sequence;
  int32_t first_position = 0;
  int32_t token_count = 0;
  // Tokens to draw from the logits of the last position: 0 inside a prompt, 1 for a running choice,
  // one for each choice at the end of a request's prompt.
  int32_t draw_count = 0;
};

struct StepPlan {
  std::vector<PlanRow> rows;        // decode rows first, then prompt chunks; each by age
  std::vector<RequestId> admitted;  // run for the first time
  std::vector<SequenceKey>
      exhausted;                   // cannot grow even with the whole cache to themselves: end them
  int32_t prompt_token_count = 0;  // prompt tokens, and forced ones, in all rows
  int32_t preempted_count = 0;     // sequences that lost their blocks
  bool prompt_limited = false;     // more prompt tokens were ready than the step may take
};

// Plans one step and takes the blocks it needs.
//
// Requests that are paused or held have no rows.
//
// 1. Every other running choice with one token to compute gets a row: decoding never waits for
//    prompts. A choice that needs a block when none is free or idle takes it from a request that
//    has none, else from the youngest sequence younger than itself; if there is none it gives way
//    itself.
// 2. Waiting sequences are admitted in order of arrival while seats and blocks last. The first that
//    does not fit stops those behind it, so nobody is overtaken for ever; only requests without
//    rows are passed over, and those give up seats and blocks to whoever can use them.
// 3. What is left of the token budget goes to prompts: half of it to the oldest, so that it moves
//    on at a known rate; the other half to the shortest remainders first, so that a short question
//    does not wait for a long document. Sequences with a leader wait for its blocks instead.
//
// No rows and nothing exhausted means there is nothing to do until a request comes, resumes or is
// released.
// Rows cover at least the oldest sequence that is able to run: there is always progress.
StepPlan Plan(State& state, const Limits& limits);

}  // namespace millrace::scheduler
