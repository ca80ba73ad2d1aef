// What the engine thread does: take mail, plan, compute, draw, apply, emit; over and over.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/answer_tracker.h"
#include "engine/engine.h"
#include "engine/engine_metrics.h"
#include "engine/inbox.h"
#include "engine/side_jobs.h"
#include "kernels/thread_pool.h"
#include "kv/storage.h"
#include "model/model.h"
#include "scheduler/apply.h"
#include "scheduler/plan.h"
#include "scheduler/state.h"

namespace millrace::engine {

// Everything the thread works on. Run is the thread's body; only `stats` may be called from other
// threads.
//
// A failure of the model costs the requests of that step, one of a sampler or of a start its own
// request; these fail with kInternal. One of a constraint costs its own request, too, which asked
// for what cannot be held: kInvalidArgument. Any other failure costs every request. The thread
// lives on in all cases.
//
// Constraints work beside the model and beside everybody else: a request whose constraint takes
// longer than a step has patience for is held, and the step goes on without it.
class EngineThread {
 public:
  struct Parts {
    std::unique_ptr<model::Model> model;
    kv::Storage storage;
    std::shared_ptr<Inbox> inbox;
    const base::Clock* clock;    // borrowed
    metrics::Registry* metrics;  // borrowed
    std::string label;           // of the metrics
    scheduler::Limits limits;
    std::chrono::milliseconds constraint_patience;
    int32_t thread_count;
    int32_t context_tokens;
  };
  explicit EngineThread(Parts parts);

  // Returns after Inbox::Stop, when every request has failed with kUnavailable.
  void Run();

  EngineStats stats() const;

 private:
  struct Choice {
    sampling::Sampler sampler;
    std::unique_ptr<TokenConstraint> constraint;  // may be null
    AnswerTracker tracker;
    bool ended = false;

    // How far the next token of a constrained choice is. While a job is at work, it has the tracker
    // and everything below to itself.
    enum class Stage { kNone, kMasked, kFed };
    Stage stage = Stage::kNone;
    std::span<const uint32_t> mask = {};   // from kMasked on: what may be drawn; the tracker's
    TrackedDraw fed = {};                  // from kFed on
    std::exception_ptr failure = nullptr;  // of the job
  };
  struct ActiveRequest {
    std::unique_ptr<GenerationRequest> request;  // without its prompt
    std::shared_ptr<RequestChannel> channel;
    std::vector<Choice> choices;
    int32_t open_choice_count = 0;     // not ended
    int32_t cached_token_count = 0;    // of the prompt
    std::vector<TokenEvent> outgoing;  // of the step in progress
    bool started = false;
  };
  // One token to draw in this step.
  struct Draw {
    scheduler::RequestId id{};
    ActiveRequest* request = nullptr;
    int32_t choice_index = 0;
    size_t model_row = 0;  // where the model writes the logits
    size_t row = 0;        // where this choice samples from them
    sampling::SampledToken token;
    bool late = false;  // not in this step: a job of its request takes too long
    bool failed = false;
    bool unheld = false;  // failed, because its constraint did

    Choice& choice() const { return request->choices[static_cast<size_t>(choice_index)]; }
  };

  void Receive(Inbox::Mail mail);
  void Start(Submission submission);
  void Register(Submission submission);
  void Forget(scheduler::RequestId id);
  void StopChoice(scheduler::SequenceKey key);
  bool RunStep();
  void NoteAdmitted(const scheduler::StepPlan& plan);
  bool Compute(const scheduler::StepPlan& plan);
  size_t PrepareBatch(const scheduler::StepPlan& plan);
  void NoteCachedTokens(scheduler::RequestId id, ActiveRequest& active);
  void BeginMasks();
  void BeginFeeding();
  using Job = void(Choice&);
  void BeginJob(Draw& draw, std::move_only_function<Job> job);
  void WaitForJobs();
  void DrawTokens();
  void TrackDraws(scheduler::StepResult& result);
  void EndExhausted(const scheduler::StepPlan& plan);
  void CopyBlocks(const std::vector<scheduler::BlockCopy>& copies);
  void SendEvents();
  using SharedError = std::shared_ptr<const base::Error>;
  void FailStep(const scheduler::StepPlan& plan);
  void FailBadDraws();
  void FailUpTo(scheduler::RequestId last, const SharedError& error);
  void StartOver(const SharedError& error);
  void FailRequest(scheduler::RequestId id, const SharedError& error);
  void UpdateStats();
  scheduler::DrawOutcome Track(scheduler::RequestId id, ActiveRequest& request, int32_t choice,
                               TrackedDraw tracked);

  std::unique_ptr<model::Model> model_;
  kv::Storage storage_;
  std::shared_ptr<Inbox> inbox_;
  const base::Clock* clock_;
  EngineMetrics metrics_;
  const scheduler::Limits limits_;
  const std::chrono::milliseconds constraint_patience_;
  const int32_t context_tokens_;
  const SharedError failed_;  // made early: a failure may be one of memory
  const SharedError unheld_;
  const SharedError stopping_;
  kernels::ThreadPool pool_;
  std::unique_ptr<scheduler::State> state_;
  std::map<scheduler::RequestId, std::shared_ptr<ActiveRequest>> active_;

  // Of the step in progress; kept for their memory.
  std::vector<base::TokenId> batch_tokens_;
  std::vector<model::BatchSequence> batch_sequences_;
  std::vector<float> logits_;
  std::vector<Draw> draws_;
  std::vector<scheduler::RequestId> with_events_;

  mutable std::mutex stats_mutex_;
  EngineStats stats_;

  SideJobs jobs_;
};

}  // namespace millrace::engine
