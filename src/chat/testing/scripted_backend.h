// A ChatBackend that plays prepared events: deterministic, no model.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "chat/chat_backend.h"

namespace millrace::chat {

// Builds the events of a request, with usage that grows by the tokens each call names.
class Script {
 public:
  explicit Script(int64_t prompt_tokens = 11) { usage_.prompt_tokens = prompt_tokens; }

  Script& Start(int32_t choice = 0, bool reasoning = false);
  Script& Reasoning(std::string text, int64_t tokens = 1, int32_t choice = 0);
  Script& Content(std::string text, int64_t tokens = 1, int32_t choice = 0);
  // Content whose tokens have log probabilities; one token each.
  Script& Scored(std::string text, std::vector<ContentLogprob> logprobs, int32_t choice = 0);
  Script& Call(std::string id, std::string name, int32_t call_index = 0, int32_t choice = 0);
  Script& Arguments(std::string json_text, int32_t call_index = 0, int32_t choice = 0);
  Script& Finish(FinishReason reason = FinishReason::kStop, int32_t choice = 0);
  Script& End();
  Script& Fail(base::Error error);
  // The stream stops here until ScriptedBackend::Release. At most one in a script.
  Script& Pause();
  // Of the following events.
  Script& Cached(int64_t tokens);

  const std::vector<ChatEvent>& events() const { return events_; }
  size_t pause_at() const { return pause_at_; }
  const Usage& usage() const { return usage_; }

 private:
  Script& Push(int32_t choice, decltype(ChatEvent::what) what);

  std::vector<ChatEvent> events_;
  size_t pause_at_ = SIZE_MAX;
  Usage usage_;
};

// Thread-safe.
class ScriptedBackend final : public ChatBackend {
 public:
  explicit ScriptedBackend(ModelRecord record);

  const ModelRecord& record() const override { return record_; }
  base::Result<std::unique_ptr<PreparedChat>> Prepare(
      ChatRequest request, const std::function<bool()>& interrupted) override;

  // What every request from now on plays, or fails with in either step. Its prompt has the script's
  // number of tokens.
  void Play(Script script);
  // Prepare goes on until it is interrupted.
  void HoldPrepare();
  void FailPrepare(base::Error error);
  void FailStart(base::Error error);
  // Lets streams go on past their pause, those started later too.
  void Release();

  std::optional<ChatRequest> last_request() const;
  int32_t live_stream_count() const;

 private:
  struct Shared;
  class Stream;
  class Prepared;

  const ModelRecord record_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace millrace::chat
