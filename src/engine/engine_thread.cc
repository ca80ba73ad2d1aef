#include "engine/engine_thread.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <new>
#include <span>
#include <utility>

#include "base/check.h"

namespace millrace::engine {
namespace {

std::unique_ptr<scheduler::State> NewState(const kv::StorageShape& shape) {
  return std::make_unique<scheduler::State>(shape.block_count, shape.block_size);
}

// Two, so that nobody waits for a single tenant's constraints.
constexpr size_t kJobThreads = 2;

// Whether a constraint has had enough, not the machine.
bool IsOfConstraint(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::bad_alloc&) {
    return false;
  } catch (...) {
    return true;
  }
}

}  // namespace

EngineThread::EngineThread(Parts parts)
    : model_(std::move(parts.model)),
      storage_(std::move(parts.storage)),
      inbox_(std::move(parts.inbox)),
      clock_(parts.clock),
      metrics_(*parts.metrics, parts.label),
      limits_(parts.limits),
      constraint_patience_(parts.constraint_patience),
      context_tokens_(parts.context_tokens),
      failed_(std::make_shared<const base::Error>(
          base::Internal("The engine failed to run the request."))),
      unheld_(std::make_shared<const base::Error>(
          base::InvalidArgument("The answer cannot be held to its format or tools: that takes more "
                                "work or memory than an answer may. A simpler schema helps."))),
      stopping_(std::make_shared<const base::Error>(
          base::Error{base::ErrorKind::kUnavailable, "The engine is shutting down."})),
      pool_(parts.thread_count),
      state_(NewState(storage_.shape())),
      jobs_(kJobThreads, [inbox = inbox_] { inbox->Wake(); }) {
  UpdateStats();
}

void EngineThread::Run() {
  auto when_empty = Inbox::WhenEmpty::kWait;
  while (true) {
    Inbox::Mail mail = inbox_->Take(when_empty);
    const bool stop = mail.stop;
    try {
      Receive(std::move(mail));
      when_empty = !stop && RunStep() ? Inbox::WhenEmpty::kReturn : Inbox::WhenEmpty::kWait;
    } catch (const std::exception&) {
      // Most likely out of memory half way through a step: no sequence can be trusted any more.
      StartOver(failed_);
    }
    if (stop) {
      break;
    }
    UpdateStats();
  }
  StartOver(stopping_);
  UpdateStats();
}

EngineStats EngineThread::stats() const {
  const int32_t waiting_count = inbox_->waiting_count();  // first: see NoteAdmitted
  const std::lock_guard lock(stats_mutex_);
  EngineStats stats = stats_;
  stats.waiting_requests = waiting_count;
  return stats;
}

void EngineThread::Receive(Inbox::Mail mail) {
  for (Submission& submission : mail.submitted) {
    Start(std::move(submission));
  }
  if (mail.failure != nullptr) {
    FailUpTo(mail.failed_up_to, mail.failure);
  }
  for (scheduler::RequestId id : mail.resumed) {
    scheduler::SetPaused(*state_, id, false);
  }
  for (scheduler::RequestId id : jobs_.TakeDone()) {
    scheduler::Release(*state_, id);
  }
  for (scheduler::SequenceKey key : mail.stopped) {
    StopChoice(key);
  }
  for (scheduler::RequestId id : mail.cancelled) {
    Forget(id);
  }
  if (mail.drop_cache) {
    state_->tree.Clear();
  }
}

// Nobody else knows of the request yet, so a failure must reach its reader from here.
void EngineThread::Start(Submission submission) {
  const scheduler::RequestId id = submission.id;
  const std::shared_ptr<RequestChannel> channel = submission.channel;
  try {
    Register(std::move(submission));
  } catch (const std::exception&) {
    if (active_.contains(id)) {
      FailRequest(id, failed_);
      return;
    }
    inbox_->LeaveQueue(1);
    metrics_.failed_requests.Add();
    channel->Fail(failed_);
  }
}

void EngineThread::Register(Submission submission) {
  auto active = std::make_shared<ActiveRequest>();
  active->request = std::move(submission.request);
  active->channel = std::move(submission.channel);
  active->open_choice_count = active->request->choice_count;
  const auto prompt_count = static_cast<int32_t>(active->request->prompt.size());
  for (sampling::Sampler& sampler : submission.samplers) {
    const size_t index = active->choices.size();
    auto constraint =
        submission.constraints.empty() ? nullptr : std::move(submission.constraints[index]);
    AnswerTracker tracker(active->request.get(), context_tokens_ - prompt_count, constraint.get());
    active->choices.push_back({.sampler = std::move(sampler),
                               .constraint = std::move(constraint),
                               .tracker = std::move(tracker)});
  }
  GenerationRequest& request = *active->request;
  active_.emplace(submission.id, std::move(active));
  scheduler::Submit(*state_, {.id = submission.id,
                              .prompt = std::exchange(request.prompt, {}),
                              .choice_count = request.choice_count,
                              .tenant = request.tenant});
}

// Removes a request wherever it is.
void EngineThread::Forget(scheduler::RequestId id) {
  const auto it = active_.find(id);
  if (it == active_.end()) {
    return;
  }
  if (!it->second->started) {
    inbox_->LeaveQueue(1);
  }
  scheduler::Cancel(*state_, id);
  active_.erase(it);
}

void EngineThread::StopChoice(scheduler::SequenceKey key) {
  const auto it = active_.find(key.request);
  if (it == active_.end()) {
    return;
  }
  ActiveRequest& active = *it->second;
  Choice& choice = active.choices.at(static_cast<size_t>(key.choice));
  if (choice.ended) {
    return;
  }
  choice.ended = true;
  if (--active.open_choice_count == 0) {
    Forget(key.request);
  } else if (state_->requests.at(key.request).forked) {
    scheduler::Finish(*state_, key);
  }  // else it ends when the first tokens are drawn
}

// False when there is nothing to do until mail comes.
bool EngineThread::RunStep() {
  const base::TimePoint begin = clock_->Now();
  const scheduler::StepPlan plan = scheduler::Plan(*state_, limits_);
  NoteAdmitted(plan);
  if (plan.rows.empty() && plan.exhausted.empty()) {
    return false;
  }
  if (!plan.rows.empty() && !Compute(plan)) {
    FailStep(plan);
    return true;
  }
  DrawTokens();
  scheduler::StepResult result;
  TrackDraws(result);
  EndExhausted(plan);
  result.seconds = std::chrono::duration<double>(clock_->Now() - begin).count();
  CopyBlocks(scheduler::Apply(*state_, plan, result, limits_));
  metrics_.step_seconds.Observe(result.seconds);
  metrics_.prefilled_tokens.Add(static_cast<uint64_t>(plan.prompt_token_count));
  SendEvents();
  FailBadDraws();
  return true;
}

void EngineThread::NoteAdmitted(const scheduler::StepPlan& plan) {
  for (scheduler::RequestId id : plan.admitted) {
    ActiveRequest& active = *active_.at(id);
    active.started = true;
    active.channel->NoteAdmitted(clock_->Now());
  }
  if (!plan.admitted.empty()) {
    // In this order, so that nobody sees a request neither waiting nor running.
    UpdateStats();
    inbox_->LeaveQueue(static_cast<int32_t>(plan.admitted.size()));
  }
  metrics_.preemptions.Add(static_cast<uint64_t>(plan.preempted_count));
}

// Runs the model over the plan's rows. False when it failed.
bool EngineThread::Compute(const scheduler::StepPlan& plan) {
  const size_t row_count = PrepareBatch(plan);
  const auto vocabulary = static_cast<size_t>(model_->info().vocabulary_size);
  logits_.resize(std::max(logits_.size(), draws_.size() * vocabulary));
  BeginMasks();
  try {
    model_->Forward({.tokens = batch_tokens_, .sequences = batch_sequences_}, storage_, pool_,
                    std::span(logits_).first(row_count * vocabulary));
  } catch (const std::exception&) {
    return false;
  }
  WaitForJobs();
  for (const Draw& draw : draws_) {
    if (draw.row != draw.model_row) {
      std::memcpy(&logits_[draw.row * vocabulary], &logits_[draw.model_row * vocabulary],
                  vocabulary * sizeof(float));
    }
  }
  return true;
}

// Fills the batch and the draws; returns how many rows of logits the model is to write. Sampling
// works in place, so all but the first choice of a fork get rows of their own behind those.
size_t EngineThread::PrepareBatch(const scheduler::StepPlan& plan) {
  batch_tokens_.clear();
  batch_sequences_.clear();
  draws_.clear();
  size_t model_row = 0;
  for (const scheduler::PlanRow& row : plan.rows) {
    const scheduler::Sequence& sequence = state_->sequences.at(row.sequence);
    const auto tokens =
        std::span(sequence.tokens)
            .subspan(static_cast<size_t>(row.first_position), static_cast<size_t>(row.token_count));
    batch_tokens_.insert(batch_tokens_.end(), tokens.begin(), tokens.end());
    batch_sequences_.push_back({.blocks = sequence.table.blocks(),
                                .first_position = row.first_position,
                                .token_count = row.token_count,
                                .wants_logits = row.draw_count > 0});
    if (row.draw_count == 0) {
      continue;
    }
    ActiveRequest& active = *active_.at(row.sequence.request);
    NoteCachedTokens(row.sequence.request, active);
    for (int32_t i = 0; i < row.draw_count; ++i) {
      draws_.push_back({.id = row.sequence.request,
                        .request = &active,
                        .choice_index = row.sequence.choice + i,
                        .model_row = model_row,
                        .row = model_row,
                        .token = {}});
    }
    ++model_row;
  }
  size_t next_row = model_row;
  for (size_t i = 1; i < draws_.size(); ++i) {
    if (draws_[i].model_row == draws_[i - 1].model_row) {
      draws_[i].row = next_row++;
    }
  }
  return model_row;
}

// Before a request's first tokens are drawn: from then on the number is final.
void EngineThread::NoteCachedTokens(scheduler::RequestId id, ActiveRequest& active) {
  const scheduler::Request& request = state_->requests.at(id);
  if (!request.forked) {
    const int32_t before = std::exchange(active.cached_token_count, request.cached_token_count);
    metrics_.cached_tokens.Add(static_cast<uint64_t>(request.cached_token_count - before));
  }
}

// What may be drawn follows from what was, so it can be found out while the model computes.
void EngineThread::BeginMasks() {
  const size_t word_count = (static_cast<size_t>(model_->info().vocabulary_size) + 31) / 32;
  for (Draw& draw : draws_) {
    if (draw.choice().constraint != nullptr && draw.choice().stage == Choice::Stage::kNone) {
      BeginJob(draw, [word_count](Choice& choice) {
        choice.mask = choice.tracker.Mask(word_count);
        choice.stage = Choice::Stage::kMasked;
      });
    }
  }
}

// What a token leads to may take as long as what it may be.
void EngineThread::BeginFeeding() {
  for (Draw& draw : draws_) {
    if (draw.choice().constraint != nullptr && !draw.late && !draw.failed &&
        draw.choice().stage == Choice::Stage::kMasked) {
      BeginJob(draw, [token = std::move(draw.token)](Choice& choice) mutable {
        choice.fed = choice.tracker.Feed(std::move(token));
        choice.stage = Choice::Stage::kFed;
      });
    }
  }
}

// The job has the choice to itself until it is done. A request that has gone meanwhile needs none,
// nor does one that failed when it was late.
void EngineThread::BeginJob(Draw& draw, std::move_only_function<Job> job) {
  if (draw.choice().ended || draw.choice().failure != nullptr) {
    return;
  }
  const std::weak_ptr<ActiveRequest> wanted = active_.at(draw.id);
  jobs_.Begin(draw.id, draw.request->request->tenant,
              [wanted, index = draw.choice_index, job = std::move(job)]() mutable {
                const auto request = wanted.lock();
                if (request == nullptr) {
                  return;
                }
                Choice& choice = request->choices[static_cast<size_t>(index)];
                try {
                  job(choice);
                } catch (const std::exception&) {
                  choice.failure = std::current_exception();
                }
              });
}

void EngineThread::WaitForJobs() {
  const std::set<scheduler::RequestId> late = jobs_.Wait(constraint_patience_);
  for (Draw& draw : draws_) {
    draw.late = draw.late || late.contains(draw.id);
    if (!draw.late && draw.choice().failure != nullptr) {
      draw.failed = true;
      draw.unheld = IsOfConstraint(draw.choice().failure);
    }
  }
}

// Each choice has a sampler and a row of its own, so the pool may take them in any order.
void EngineThread::DrawTokens() {
  const auto vocabulary = static_cast<size_t>(model_->info().vocabulary_size);
  const auto draw_one = [&](int32_t index) {
    Draw& draw = draws_[static_cast<size_t>(index)];
    Choice& choice = draw.choice();
    if (choice.ended || draw.late || draw.failed || choice.stage == Choice::Stage::kFed) {
      return;
    }
    try {
      draw.token = choice.sampler.Sample(
          std::span(logits_).subspan(draw.row * vocabulary, vocabulary), choice.mask);
    } catch (const std::exception&) {
      draw.failed = true;
    }
  };
  if (draws_.size() == 1) {
    draw_one(0);
  } else if (!draws_.empty()) {
    pool_.Run(static_cast<int32_t>(draws_.size()), draw_one);
  }
}

void EngineThread::TrackDraws(scheduler::StepResult& result) {
  BeginFeeding();
  WaitForJobs();
  for (Draw& draw : draws_) {
    Choice& choice = draw.choice();
    if (choice.ended || draw.late || draw.failed) {
      result.outcomes.push_back({.tokens = {}, .ended = !draw.late, .late = draw.late});
      continue;
    }
    TrackedDraw tracked;
    if (choice.constraint == nullptr) {
      try {
        tracked = choice.tracker.Feed(std::move(draw.token));
      } catch (const std::exception&) {
        draw.failed = true;
        result.outcomes.push_back({.tokens = {}, .ended = true});
        continue;
      }
    } else {
      MILLRACE_CHECK(choice.stage == Choice::Stage::kFed);
      choice.stage = Choice::Stage::kNone;
      tracked = std::exchange(choice.fed, {});
    }
    result.outcomes.push_back(Track(draw.id, *draw.request, draw.choice_index, std::move(tracked)));
  }
}

// Files the events of one choice and says how its sequence goes on.
scheduler::DrawOutcome EngineThread::Track(scheduler::RequestId id, ActiveRequest& request,
                                           int32_t choice_index, TrackedDraw tracked) {
  Choice& choice = request.choices[static_cast<size_t>(choice_index)];
  const auto forced_begin = tracked.tokens.size() - static_cast<size_t>(tracked.forced_count);
  for (base::TokenId token : std::span(tracked.tokens).subspan(forced_begin)) {
    choice.sampler.Accept(token);
  }
  if (request.outgoing.empty() && !tracked.events.empty()) {
    with_events_.push_back(id);
  }
  for (TokenEvent& event : tracked.events) {
    event.choice = choice_index;
    request.outgoing.push_back(std::move(event));
  }
  if (tracked.ended) {
    choice.ended = true;
    --request.open_choice_count;
  }
  metrics_.generated_tokens.Add(tracked.tokens.size());
  return {.tokens = std::move(tracked.tokens), .ended = tracked.ended};
}

void EngineThread::EndExhausted(const scheduler::StepPlan& plan) {
  for (scheduler::SequenceKey key : plan.exhausted) {
    ActiveRequest& request = *active_.at(key.request);
    Choice& choice = request.choices[static_cast<size_t>(key.choice)];
    if (choice.ended) {
      continue;
    }
    (void)Track(key.request, request, key.choice, choice.tracker.EndForLength());
  }
}

void EngineThread::CopyBlocks(const std::vector<scheduler::BlockCopy>& copies) {
  const kv::StorageShape& shape = storage_.shape();
  const auto key_bytes =
      static_cast<size_t>(shape.block_size) * static_cast<size_t>(shape.key_size) * 2;
  const auto value_bytes =
      static_cast<size_t>(shape.block_size) * static_cast<size_t>(shape.value_size) * 2;
  for (const scheduler::BlockCopy& copy : copies) {
    for (int32_t layer = 0; layer < shape.layer_count; ++layer) {
      for (int32_t head = 0; head < shape.kv_head_count; ++head) {
        std::memcpy(storage_.Keys(layer, copy.to, head), storage_.Keys(layer, copy.from, head),
                    key_bytes);
        std::memcpy(storage_.Values(layer, copy.to, head), storage_.Values(layer, copy.from, head),
                    value_bytes);
      }
    }
  }
}

// Sends what the step brought; pauses requests whose reader is behind; drops finished ones.
void EngineThread::SendEvents() {
  for (scheduler::RequestId id : with_events_) {
    const auto it = active_.find(id);
    ActiveRequest& active = *it->second;
    const auto room = active.channel->Push(active.outgoing, active.cached_token_count);
    if (active.open_choice_count == 0) {
      active_.erase(it);
    } else if (room == RequestChannel::Room::kFull) {
      scheduler::SetPaused(*state_, id, true);
    }
  }
  with_events_.clear();
}

void EngineThread::FailStep(const scheduler::StepPlan& plan) {
  draws_.clear();  // they point into requests that are about to go
  for (const scheduler::PlanRow& row : plan.rows) {
    FailRequest(row.sequence.request, failed_);
  }
}

// The other choices of such a request have just been told what they drew.
void EngineThread::FailBadDraws() {
  for (const Draw& draw : draws_) {
    if (draw.failed) {
      FailRequest(draw.id, draw.unheld ? unheld_ : failed_);
    }
  }
  draws_.clear();
}

// Does nothing for a request that is gone already.
void EngineThread::FailRequest(scheduler::RequestId id, const SharedError& error) {
  const auto it = active_.find(id);
  if (it == active_.end()) {
    return;
  }
  const std::shared_ptr<RequestChannel> channel = it->second->channel;
  Forget(id);
  metrics_.failed_requests.Add();
  channel->Fail(error);
}

void EngineThread::FailUpTo(scheduler::RequestId last, const SharedError& error) {
  while (!active_.empty() && active_.begin()->first <= last) {
    FailRequest(active_.begin()->first, error);
  }
}

// Fails every request and goes on with an empty cache.
void EngineThread::StartOver(const SharedError& error) {
  draws_.clear();
  with_events_.clear();
  while (!active_.empty()) {
    FailRequest(active_.begin()->first, error);
  }
  state_.reset();
  state_ = NewState(storage_.shape());
}

void EngineThread::UpdateStats() {
  const EngineStats stats{.running_sequences = static_cast<int32_t>(state_->running.size()),
                          .blocks_total = state_->tree.block_count(),
                          .blocks_free = state_->tree.free_count(),
                          .blocks_cached = state_->tree.idle_count()};
  metrics_.waiting_requests.Set(inbox_->waiting_count());
  metrics_.running_sequences.Set(stats.running_sequences);
  metrics_.blocks_total.Set(stats.blocks_total);
  metrics_.blocks_free.Set(stats.blocks_free);
  metrics_.blocks_cached.Set(stats.blocks_cached);
  const std::lock_guard lock(stats_mutex_);
  stats_ = stats;
}

}  // namespace millrace::engine
