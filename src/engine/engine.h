// The engine: one thread that plans a step, runs the model, samples, applies and emits, over and
// over.
//
// The edge talks to it through bounded queues only. Detokenising, templates and JSON stay at the
// edge.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "engine/token_constraint.h"
#include "metrics/registry.h"
#include "model/model.h"
#include "sampling/sampler.h"

namespace millrace::engine {

// How the model writes reasoning, as token sequences, so that limits count exactly and a budget can
// be forced.
struct ReasoningSyntax {
  std::vector<base::TokenId> open;  // e.g. <think>; a choice whose first tokens are these reasons
  std::vector<base::TokenId>
      blank;  // tokens of white space only: some of them may come before `open`
  std::vector<base::TokenId> close;  // e.g. </think>
  std::vector<base::TokenId>
      forced_close;  // what is appended when the budget is spent; ends with `close`'s tokens
  bool starts_inside = false;  // the prompt already ends inside reasoning
};

struct GenerationRequest {
  std::vector<base::TokenId> prompt;  // not empty, shorter than the context
  int32_t choice_count = 1;           // choices share the prompt's blocks
  sampling::SamplerOptions sampling;
  uint64_t seed = 0;                      // choice i uses seed + i
  std::vector<base::TokenId> end_tokens;  // end a choice; not emitted, not counted

  int32_t answer_tokens_max = 0;                 // tokens outside reasoning
  std::optional<int32_t> completion_tokens_max;  // all tokens
  std::optional<ReasoningSyntax> reasoning;      // absent: every token is answer
  int32_t reasoning_tokens_max = 0;              // with `reasoning`: then `forced_close` is forced

  // Makes what a choice's answer is held to; empty: nothing. Called once a choice by Submit. Runs
  // of tokens that a constraint forces are computed together, without drawing them, unless log
  // probabilities are asked for.
  std::function<std::unique_ptr<TokenConstraint>()> make_constraint = {};

  std::string tenant;  // salts the prefix cache
};

enum class EndReason {
  kEndToken,  // the model ended its turn
  kLength,    // a token limit or the context ran out
};

// What became of one token.
enum class TokenKind { kAnswer, kReasoning, kDelimiter };

struct TokenEvent {
  int32_t choice = 0;
  std::optional<base::TokenId> token = {};  // absent in a pure end event
  TokenKind kind = TokenKind::kAnswer;
  float logprob = 0;  // of the raw model, when the request asked for it; 0 for forced tokens
  std::vector<sampling::TokenLogprob> top_logprobs = {};  // as many as the request asked for
  std::optional<EndReason> end = {};                      // set in a choice's last event
};

// The edge's end of one request. Destroying it cancels the request in whatever phase it is and
// frees its blocks.
//
// One thread at a time. The event queue is bounded: the request's choices pause while it might not
// take what one more step brings.
class GenerationHandle {
 public:
  virtual ~GenerationHandle() = default;

  // The next event when one is there; after the last choice's end: always nothing.
  virtual std::optional<TokenEvent> TryNext() = 0;

  // Calls `on_ready` once, from any thread, as soon as TryNext would return an event or `failure`
  // would be set; at once when that is already so. A second call replaces the first; never called
  // after destruction.
  virtual void NotifyWhenReady(std::move_only_function<void()> on_ready) = 0;

  // Set when the request failed and no further events come.
  virtual std::optional<base::Error> failure() const = 0;

  // When the engine began with the request, by its clock; nothing while it waits in the queue.
  virtual std::optional<base::TimePoint> admitted_at() const = 0;

  // Prompt tokens found in the prefix cache; known once the first event is there.
  virtual int32_t cached_token_count() const = 0;

  // Ends one choice here: TryNext gives no further event of it, and its sequence and blocks are
  // gone before the next step. With its last choice the request ends. Nothing happens when the
  // choice has ended already.
  virtual void StopChoice(int32_t choice) = 0;
};

struct EngineOptions {
  std::string label = {};          // of its metrics; the model's own name when empty
  int32_t thread_count = 0;        // compute threads, 0 = one a core
  int32_t context_tokens = 0;      // 0 = the model's; a request may not grow beyond it
  int64_t kv_bytes_max = 0;        // 0 = a quarter of the machine's memory; sizes the block pool
  int32_t block_size = 16;         // token positions of a KV block
  int32_t queue_length_max = 256;  // requests waiting, beyond it: kResourceExhausted
  int32_t running_sequences_max = 64;  // choices advanced in one step
  int32_t step_tokens_max = 512;       // tokens of one step, decode rows first, then prompt chunks
  // How much longer than the model the constraints of a step may take, >= 0: then it goes on
  // without the requests whose constraints are not ready. Nearly all take a small part of this.
  std::chrono::milliseconds constraint_patience{10};
  // Token events a request may have unread. When one step can bring more, so many are room enough.
  int32_t event_queue_max = 512;
};

// What a test or `/metrics` wants to know; consistent at one instant between steps.
struct EngineStats {
  int32_t waiting_requests = 0;
  int32_t running_sequences = 0;
  int32_t blocks_total = 0;
  int32_t blocks_free = 0;    // never used or given back
  int32_t blocks_cached = 0;  // held only by the prefix cache: reclaimable at once
};

// The context an engine with these options would have: the smallest of the model's, the option's
// and what the KV cache can hold. Errors: options out of range, a cache too small for one block.
base::Result<int32_t> PlanContext(const model::ModelInfo& info, const EngineOptions& options);

// Thread-safe.
class Engine {
 public:
  // Starts the engine thread. The model is owned; `clock` and `metrics` are borrowed and must
  // outlive the engine.
  static base::Result<std::unique_ptr<Engine>> Create(std::unique_ptr<model::Model> model,
                                                      const EngineOptions& options,
                                                      const base::Clock* clock,
                                                      metrics::Registry* metrics);
  // Stops: running requests fail with kUnavailable.
  virtual ~Engine() = default;

  virtual const model::ModelInfo& model_info() const = 0;
  // As PlanContext says.
  virtual int32_t context_tokens() const = 0;

  // Queues a request. Errors: kContextOverflow (prompt does not fit), kResourceExhausted (queue
  // full), kUnavailable (stopping).
  virtual base::Result<std::unique_ptr<GenerationHandle>> Submit(GenerationRequest request) = 0;

  // Fails every request submitted before this call with `error`, before the next step; what their
  // readers have not read yet stays readable. Later requests are served. Does not wait.
  virtual void FailAll(base::Error error) = 0;

  virtual EngineStats stats() const = 0;

  // Forgets every cached prefix that no running request uses, before the next step.
  virtual void DropPrefixCache() = 0;
};

}  // namespace millrace::engine
