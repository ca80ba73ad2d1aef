#include "chat/testing/scripted_backend.h"

#include <functional>
#include <set>
#include <thread>
#include <utility>

namespace millrace::chat {

Script& Script::Push(int32_t choice, decltype(ChatEvent::what) what) {
  events_.push_back({.choice = choice, .what = std::move(what), .usage = usage_});
  return *this;
}

Script& Script::Start(int32_t choice, bool reasoning) {
  return Push(choice, ChoiceStarted{.reasoning = reasoning});
}

Script& Script::Reasoning(std::string text, int64_t tokens, int32_t choice) {
  usage_.completion_tokens += tokens;
  usage_.reasoning_tokens += tokens;
  return Push(choice, ReasoningDelta{.text = std::move(text)});
}

Script& Script::Content(std::string text, int64_t tokens, int32_t choice) {
  usage_.completion_tokens += tokens;
  return Push(choice, ContentDelta{.text = std::move(text)});
}

Script& Script::Scored(std::string text, std::vector<ContentLogprob> logprobs, int32_t choice) {
  usage_.completion_tokens += static_cast<int64_t>(logprobs.size());
  return Push(choice, ContentDelta{.text = std::move(text), .logprobs = std::move(logprobs)});
}

Script& Script::Call(std::string id, std::string name, int32_t call_index, int32_t choice) {
  ++usage_.completion_tokens;
  return Push(choice, ToolCallStarted{
                          .call_index = call_index, .id = std::move(id), .name = std::move(name)});
}

Script& Script::Arguments(std::string json_text, int32_t call_index, int32_t choice) {
  ++usage_.completion_tokens;
  return Push(choice,
              ToolArgumentsDelta{.call_index = call_index, .json_text = std::move(json_text)});
}

Script& Script::Finish(FinishReason reason, int32_t choice) {
  return Push(choice, ChoiceFinished{.reason = reason});
}

Script& Script::End() { return Push(0, Finished{}); }

Script& Script::Fail(base::Error error) { return Push(0, Failed{.error = std::move(error)}); }

Script& Script::Pause() {
  pause_at_ = events_.size();
  return *this;
}

Script& Script::Cached(int64_t tokens) {
  usage_.cached_tokens = tokens;
  return *this;
}

struct ScriptedBackend::Shared {
  mutable std::mutex mutex;
  Script script;
  std::optional<base::Error> prepare_error;
  std::optional<base::Error> start_error;
  std::optional<ChatRequest> last_request;
  bool prepare_held = false;
  bool released = false;
  std::set<Stream*> streams;
};

class ScriptedBackend::Stream final : public ChatStream {
 public:
  Stream(std::shared_ptr<Shared> shared, Script script)
      : shared_(std::move(shared)), script_(std::move(script)) {
    const std::lock_guard lock(shared_->mutex);
    shared_->streams.insert(this);
  }

  ~Stream() override {
    const std::lock_guard lock(shared_->mutex);
    shared_->streams.erase(this);
  }

  std::optional<ChatEvent> TryNext() override {
    const std::lock_guard lock(shared_->mutex);
    if (!ReadyLocked()) {
      return std::nullopt;
    }
    last_usage_ = script_.events()[next_].usage;
    return script_.events()[next_++];
  }

  void NotifyWhenReady(std::move_only_function<void()> on_ready) override {
    {
      const std::lock_guard lock(shared_->mutex);
      if (!ReadyLocked()) {
        on_ready_ = std::move(on_ready);
        return;
      }
      on_ready_ = nullptr;
    }
    on_ready();
  }

  Usage usage() const override {
    const std::lock_guard lock(shared_->mutex);
    return last_usage_.value_or(Usage{.prompt_tokens = script_.usage().prompt_tokens});
  }

  // The waiter, when there is now something for it.
  std::move_only_function<void()> TakeWaiterLocked() {
    return ReadyLocked() ? std::exchange(on_ready_, nullptr) : nullptr;
  }

 private:
  bool ReadyLocked() const {
    return next_ < script_.events().size() && (next_ != script_.pause_at() || shared_->released);
  }

  const std::shared_ptr<Shared> shared_;
  const Script script_;
  size_t next_ = 0;
  std::optional<Usage> last_usage_;
  std::move_only_function<void()> on_ready_;
};

ScriptedBackend::ScriptedBackend(ModelRecord record)
    : record_(std::move(record)), shared_(std::make_shared<Shared>()) {}

class ScriptedBackend::Prepared final : public PreparedChat {
 public:
  Prepared(std::shared_ptr<Shared> shared, Script script)
      : shared_(std::move(shared)), script_(std::move(script)) {}

  int64_t prompt_tokens() const override { return script_.usage().prompt_tokens; }

  base::Result<std::unique_ptr<ChatStream>> Start() override {
    {
      const std::lock_guard lock(shared_->mutex);
      if (shared_->start_error) {
        return *shared_->start_error;
      }
    }
    return std::unique_ptr<ChatStream>(std::make_unique<Stream>(shared_, std::move(script_)));
  }

 private:
  const std::shared_ptr<Shared> shared_;
  Script script_;
};

base::Result<std::unique_ptr<PreparedChat>> ScriptedBackend::Prepare(
    ChatRequest request, const std::function<bool()>& interrupted) {
  std::unique_lock lock(shared_->mutex);
  shared_->last_request = std::move(request);
  while (shared_->prepare_held) {
    lock.unlock();
    if (interrupted && interrupted()) {
      return base::Error{base::ErrorKind::kCancelled, "interrupted"};
    }
    std::this_thread::yield();
    lock.lock();
  }
  if (shared_->prepare_error) {
    return *shared_->prepare_error;
  }
  return std::unique_ptr<PreparedChat>(std::make_unique<Prepared>(shared_, shared_->script));
}

void ScriptedBackend::Play(Script script) {
  const std::lock_guard lock(shared_->mutex);
  shared_->script = std::move(script);
  shared_->prepare_error.reset();
  shared_->start_error.reset();
}

void ScriptedBackend::HoldPrepare() {
  const std::lock_guard lock(shared_->mutex);
  shared_->prepare_held = true;
}

void ScriptedBackend::FailPrepare(base::Error error) {
  const std::lock_guard lock(shared_->mutex);
  shared_->prepare_error = std::move(error);
}

void ScriptedBackend::FailStart(base::Error error) {
  const std::lock_guard lock(shared_->mutex);
  shared_->start_error = std::move(error);
}

void ScriptedBackend::Release() {
  std::vector<std::move_only_function<void()>> waiters;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->released = true;
    for (Stream* stream : shared_->streams) {
      waiters.push_back(stream->TakeWaiterLocked());
    }
  }
  for (auto& waiter : waiters) {
    if (waiter) {
      waiter();
    }
  }
}

std::optional<ChatRequest> ScriptedBackend::last_request() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->last_request;
}

int32_t ScriptedBackend::live_stream_count() const {
  const std::lock_guard lock(shared_->mutex);
  return static_cast<int32_t>(shared_->streams.size());
}

}  // namespace millrace::chat
