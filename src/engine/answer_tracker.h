// Follows one choice token by token: what is reasoning, what is answer, and when it must end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "engine/engine.h"
#include "sampling/sampler.h"

namespace millrace::engine {

// What one drawn token led to.
struct TrackedDraw {
  std::vector<TokenEvent> events;     // `choice` is left to the caller
  std::vector<base::TokenId> tokens;  // what the sequence grows by
  int32_t forced_count = 0;           // so many at the end of `tokens` were forced, not drawn
  bool ended = false;                 // events.back() has the reason
};

// Limits are exact: after the last allowed answer token the choice ends, without looking at what
// would have come next. A token that may belong to a delimiter of several tokens is held back until
// that is decided, so events can be a few tokens late. A token drawn after a held-back one turned
// out to be the last allowed is dropped: it is in no event and not part of the sequence.
//
// When the reasoning budget is spent the closing sequence is forced at once. A delimiter begun
// within the budget may finish beyond it; should it turn out to be none, what is over the budget is
// reported as delimiter, so the budget bounds the reported reasoning tokens always.
class AnswerTracker {
 public:
  // `request` and `constraint` (may be null) are kept. `room` is the number of tokens the choice
  // may generate before its context is full, > 0.
  AnswerTracker(const GenerationRequest* request, int32_t room,
                TokenConstraint* constraint = nullptr);

  // No call of Feed or EndForLength makes more events than this.
  static size_t EventsPerDrawMax(const GenerationRequest& request);

  // What the next draw may be: a bit a token, `word_count` words, valid until the next call; empty
  // when it may be anything. Inside reasoning everything but the end, so that an answer that is
  // held to something comes to be.
  std::span<const uint32_t> Mask(size_t word_count);

  // The choice drew `drawn`. Not to be called after the end.
  TrackedDraw Feed(sampling::SampledToken drawn);

  // The choice cannot go on: ends it with kLength.
  TrackedDraw EndForLength();

 private:
  enum class Phase { kOpening, kReasoning, kAnswer };
  using Held = sampling::SampledToken;

  void FeedOpening(Held drawn, TrackedDraw& out);
  void FeedReasoning(Held drawn, TrackedDraw& out);
  void FeedAnswer(Held drawn, TrackedDraw& out);
  void Append(base::TokenId token, TrackedDraw& out);
  void Emit(Held what, TokenKind kind, TrackedDraw& out);
  void EmitHeld(TokenKind kind, TrackedDraw& out);
  void EmitReasoning(Held what, TrackedDraw& out);
  void FlushHeld(TrackedDraw& out);
  void ForceClose(TrackedDraw& out);
  void FollowConstraint(base::TokenId token, TrackedDraw& out);
  void End(EndReason reason, TrackedDraw& out);
  bool IsEndToken(base::TokenId token) const;
  bool HeldBeginsClose() const;
  bool budget_spent() const { return reasoning_count_ >= request_->reasoning_tokens_max; }

  const GenerationRequest* request_;
  TokenConstraint* constraint_;
  std::vector<uint32_t> mask_;
  int32_t completion_tokens_max_;
  Phase phase_ = Phase::kAnswer;
  std::vector<Held> held_;
  size_t matched_ = 0;  // tokens of the opening delimiter at the end of `held_`
  int32_t answer_count_ = 0;
  int32_t reasoning_count_ = 0;
  int32_t completion_count_ = 0;
};

}  // namespace millrace::engine
