#include "engine/answer_tracker.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace millrace::engine {
namespace {

// White space before an opening delimiter is held back only so far.
constexpr size_t kLeadingBlanksMax = 16;
// A longer run is computed in several steps.
constexpr size_t kForcedRunMax = 64;

bool Contains(const std::vector<base::TokenId>& tokens, base::TokenId token) {
  return std::ranges::find(tokens, token) != tokens.end();
}

}  // namespace

AnswerTracker::AnswerTracker(const GenerationRequest* request, int32_t room,
                             TokenConstraint* constraint)
    : request_(request),
      constraint_(constraint),
      completion_tokens_max_(std::min(room, request->completion_tokens_max.value_or(room))) {
  MILLRACE_CHECK(completion_tokens_max_ > 0);
  if (request->reasoning) {
    // What holds the answer also keeps reasoning out of it; and its text may begin as the opening
    // delimiter does.
    const bool may_open = constraint == nullptr || request->reasoning_tokens_max > 0;
    phase_ = request->reasoning->starts_inside ? Phase::kReasoning
             : may_open                        ? Phase::kOpening
                                               : Phase::kAnswer;
  }
}

size_t AnswerTracker::EventsPerDrawMax(const GenerationRequest& request) {
  const size_t forced = request.make_constraint ? kForcedRunMax : 0;
  if (!request.reasoning) {
    return 1 + forced;
  }
  const ReasoningSyntax& syntax = *request.reasoning;
  return 1 + kLeadingBlanksMax + syntax.open.size() + syntax.close.size() +
         syntax.forced_close.size() + forced;
}

std::span<const uint32_t> AnswerTracker::Mask(size_t word_count) {
  if (constraint_ == nullptr) {
    return {};
  }
  mask_.resize(word_count);
  const auto set = [this](base::TokenId token, bool allowed) {
    const auto index = static_cast<size_t>(ToIndex(token));
    const uint32_t bit = uint32_t{1} << (index % 32);
    mask_[index / 32] = allowed ? mask_[index / 32] | bit : mask_[index / 32] & ~bit;
  };
  if (phase_ == Phase::kReasoning) {
    std::ranges::fill(mask_, ~uint32_t{0});
    for (base::TokenId token : request_->end_tokens) {
      set(token, false);
    }
    return mask_;
  }
  if (phase_ == Phase::kOpening && matched_ > 0) {
    std::ranges::fill(mask_, 0);
  } else {
    constraint_->FillMask(mask_);
  }
  if (phase_ == Phase::kOpening && !budget_spent()) {
    set(request_->reasoning->open[matched_], true);
  }
  return mask_;
}

TrackedDraw AnswerTracker::Feed(sampling::SampledToken drawn) {
  TrackedDraw out;
  if (IsEndToken(drawn.id)) {
    FlushHeld(out);
    if (!out.ended) {
      End(EndReason::kEndToken, out);
    }
    return out;
  }
  switch (phase_) {
    case Phase::kOpening:
      FeedOpening(std::move(drawn), out);
      break;
    case Phase::kReasoning:
      FeedReasoning(std::move(drawn), out);
      break;
    case Phase::kAnswer:
      FeedAnswer(std::move(drawn), out);
      break;
  }
  if (!out.ended && completion_count_ >= completion_tokens_max_) {
    FlushHeld(out);
    if (!out.ended) {
      End(EndReason::kLength, out);
    }
  }
  return out;
}

TrackedDraw AnswerTracker::EndForLength() {
  TrackedDraw out;
  FlushHeld(out);
  if (!out.ended) {
    End(EndReason::kLength, out);
  }
  return out;
}

void AnswerTracker::FeedOpening(Held drawn, TrackedDraw& out) {
  const ReasoningSyntax& syntax = *request_->reasoning;
  if (drawn.id == syntax.open[matched_]) {
    Append(drawn.id, out);
    held_.push_back(std::move(drawn));
    if (++matched_ == syntax.open.size()) {
      EmitHeld(TokenKind::kDelimiter, out);
      phase_ = Phase::kReasoning;
      if (budget_spent()) {
        ForceClose(out);
      }
    }
    return;
  }
  if (matched_ == 0 && held_.size() < kLeadingBlanksMax && Contains(syntax.blank, drawn.id)) {
    Append(drawn.id, out);
    held_.push_back(std::move(drawn));
    return;
  }
  FlushHeld(out);
  phase_ = Phase::kAnswer;
  if (!out.ended) {
    FeedAnswer(std::move(drawn), out);
  }
}

void AnswerTracker::FeedReasoning(Held drawn, TrackedDraw& out) {
  const base::TokenId token = drawn.id;
  held_.push_back(std::move(drawn));
  while (!held_.empty() && !HeldBeginsClose()) {
    if (budget_spent() && held_.size() == 1) {
      held_.clear();  // drop what was just drawn
      ForceClose(out);
      return;
    }
    EmitReasoning(std::move(held_.front()), out);
    held_.erase(held_.begin());
  }
  Append(token, out);
  if (held_.empty()) {
    if (budget_spent()) {
      ForceClose(out);
    }
  } else if (held_.size() == request_->reasoning->close.size()) {
    EmitHeld(TokenKind::kDelimiter, out);
    phase_ = Phase::kAnswer;
  }
}

void AnswerTracker::FeedAnswer(Held drawn, TrackedDraw& out) {
  const base::TokenId token = drawn.id;
  Append(token, out);
  Emit(std::move(drawn), TokenKind::kAnswer, out);
  FollowConstraint(token, out);
}

void AnswerTracker::Append(base::TokenId token, TrackedDraw& out) {
  out.tokens.push_back(token);
  ++completion_count_;
}

void AnswerTracker::Emit(Held what, TokenKind kind, TrackedDraw& out) {
  if (out.ended) {
    return;
  }
  out.events.push_back({.token = what.id,
                        .kind = kind,
                        .logprob = what.logprob,
                        .top_logprobs = std::move(what.top)});
  if (kind == TokenKind::kReasoning) {
    ++reasoning_count_;
  } else if (kind == TokenKind::kAnswer && ++answer_count_ >= request_->answer_tokens_max) {
    End(EndReason::kLength, out);
  }
}

void AnswerTracker::EmitHeld(TokenKind kind, TrackedDraw& out) {
  for (Held& held : held_) {
    Emit(std::move(held), kind, out);
  }
  held_.clear();
}

void AnswerTracker::EmitReasoning(Held what, TrackedDraw& out) {
  Emit(std::move(what), budget_spent() ? TokenKind::kDelimiter : TokenKind::kReasoning, out);
}

// The held-back tokens turned out to be no delimiter.
void AnswerTracker::FlushHeld(TrackedDraw& out) {
  for (Held& held : held_) {
    if (phase_ == Phase::kReasoning) {
      EmitReasoning(std::move(held), out);
    } else {
      Emit(std::move(held), TokenKind::kAnswer, out);
    }
  }
  held_.clear();
}

void AnswerTracker::ForceClose(TrackedDraw& out) {
  phase_ = Phase::kAnswer;
  for (base::TokenId token : request_->reasoning->forced_close) {
    if (completion_count_ >= completion_tokens_max_) {
      break;  // Feed ends the choice
    }
    Append(token, out);
    ++out.forced_count;
    Emit({.id = token}, TokenKind::kDelimiter, out);
  }
}

// What follows from an answer token: a run of forced ones, or the end.
void AnswerTracker::FollowConstraint(base::TokenId token, TrackedDraw& out) {
  if (constraint_ == nullptr || out.ended) {
    return;
  }
  constraint_->Accept(token);
  if (!request_->sampling.top_logprobs) {
    for (base::TokenId forced : constraint_->TakeForced(kForcedRunMax)) {
      if (out.ended || completion_count_ >= completion_tokens_max_) {
        return;  // Feed ends the choice
      }
      Append(forced, out);
      ++out.forced_count;
      Emit({.id = forced}, TokenKind::kAnswer, out);
    }
  }
  if (!out.ended && completion_count_ < completion_tokens_max_ && constraint_->MustEnd()) {
    End(EndReason::kEndToken, out);
  }
}

void AnswerTracker::End(EndReason reason, TrackedDraw& out) {
  if (out.events.empty()) {
    out.events.push_back({});
  }
  out.events.back().end = reason;
  out.ended = true;
}

bool AnswerTracker::IsEndToken(base::TokenId token) const {
  return Contains(request_->end_tokens, token);
}

bool AnswerTracker::HeldBeginsClose() const {
  const std::vector<base::TokenId>& close = request_->reasoning->close;
  return held_.size() <= close.size() &&
         std::equal(held_.begin(), held_.end(), close.begin(),
                    [](const Held& held, base::TokenId token) { return held.id == token; });
}

}  // namespace millrace::engine
