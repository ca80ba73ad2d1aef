// Passes over a row of logits, written so that a compiler turns them into vector code on any
// machine.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"

namespace millrace::sampling {

struct Candidate {
  float logit = 0;
  base::TokenId id{};
  double weight = 0;  // exp((logit - best) / temperature), set by the sampler
};

// Logits of one partial sum of ExpSums.
inline constexpr size_t kSumSpan = 1024;

// The largest logit; minus infinity when every one is minus infinity or not a number.
float LargestLogit(std::span<const float> logits);

// The lowest id whose logit is at least `limit`; nothing fits: the size of the row.
size_t FirstAtLeast(std::span<const float> logits, float limit);

// The `count` best tokens, best first, equal ones by id. Fewer when fewer are above minus infinity.
// One pass that keeps about twice `count` entries and skips everything below the worst it needs.
void SelectBest(std::span<const float> logits, size_t count, std::vector<Candidate>& out);

// Tokens with a logit of at least `limit`, in order of id.
void SelectAtLeast(std::span<const float> logits, float limit, std::vector<Candidate>& out);

// exp((logit - best) * scale) for a finite `best` no smaller than any logit; relative error below
// 3e-7, tiny for anything that is not a number or far below `best`.
float ExpWeight(float logit, float best, float scale);

// Sums of ExpWeight over each kSumSpan logits, in `sums`; returns the sum of all. Always added up
// in the same order.
double ExpSums(std::span<const float> logits, float best, float scale, std::vector<double>& sums);

// The smallest set of best tokens whose weights (ExpWeight) sum to at least `mass`, with its
// weights set, in no order of rank but always the same one. Every token above minus infinity when
// all of them together do not reach it. Two passes and a sort of about a thousandth of the tokens.
void SelectMass(std::span<const float> logits, float best, float scale, double mass,
                std::vector<Candidate>& out);

}  // namespace millrace::sampling
