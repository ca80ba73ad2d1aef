// The seam between the API and whatever computes answers.
//
// Two implementations: local::LocalBackend (own engine) and the gateway's upstream. `api` never
// knows which it holds.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/result.h"
#include "chat/chat_event.h"
#include "chat/chat_request.h"
#include "chat/model_record.h"

namespace millrace::chat {

// One running request. Destroying it cancels whatever still runs, in every phase, at once.
//
// Used by one thread at a time. Bounded: a stream whose events are not taken pauses its generation.
class ChatStream {
 public:
  virtual ~ChatStream() = default;

  // The next event when one is there. After Finished or Failed: always nothing.
  virtual std::optional<ChatEvent> TryNext() = 0;

  // Calls `on_ready` once, as soon as TryNext would return an event; at once when it already would.
  // It may run on any thread and must only post work elsewhere. A second call replaces the first.
  // Never called after the stream is destroyed.
  virtual void NotifyWhenReady(std::move_only_function<void()> on_ready) = 0;

  // When the backend began with the request, by its clock; nothing while it waits in a queue, or
  // when the backend does not tell.
  virtual std::optional<base::TimePoint> admitted_at() const { return std::nullopt; }

  // Tokens spent so far, as far as the stream has read; prompt tokens are known from the start.
  // This is what a request that ends early has cost.
  virtual Usage usage() const = 0;
};

// A request ready to run: rendered, counted and checked against the context; nothing is queued yet,
// so that limits can be asked with the true number of prompt tokens. Used by one thread at a time.
class PreparedChat {
 public:
  virtual ~PreparedChat() = default;

  virtual int64_t prompt_tokens() const = 0;
  // Queues the request; called at most once. Errors: kResourceExhausted (queue full), kUnavailable
  // (the model is still loading, or the backend is shutting down).
  virtual base::Result<std::unique_ptr<ChatStream>> Start() = 0;
};

// Thread-safe.
class ChatBackend {
 public:
  virtual ~ChatBackend() = default;

  virtual const ModelRecord& record() const = 0;

  // False while the model is still being loaded: PreparedChat::Start then fails with kUnavailable.
  virtual bool ready() const { return true; }

  // Renders and tokenises the prompt and checks it against the context. May take milliseconds for
  // a long prompt, seconds for a large schema: call it on a worker thread. `interrupted`, when
  // given, is asked now and then during what takes long; true ends it with kCancelled. Errors:
  // kContextOverflow (message is the contract's text), kInvalidArgument (the template refused),
  // kUnsupported, kUnavailable. The result must be gone before the backend is.
  virtual base::Result<std::unique_ptr<PreparedChat>> Prepare(
      ChatRequest request, const std::function<bool()>& interrupted) = 0;
};

// Both steps at once, for callers without limits to ask in between.
inline base::Result<std::unique_ptr<ChatStream>> StartChat(ChatBackend& backend,
                                                           ChatRequest request) {
  auto prepared = backend.Prepare(std::move(request), {});
  if (!prepared.has_value()) {
    return std::move(prepared).error();
  }
  return (*prepared)->Start();
}

}  // namespace millrace::chat
