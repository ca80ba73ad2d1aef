// A running request of the own engine, as chat events.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/random.h"
#include "chat/chat_backend.h"
#include "engine/engine.h"
#include "local/choice_reader.h"

namespace millrace::local {

struct LocalStreamOptions {
  AnswerSyntax answer;
  int32_t choice_count = 1;
  int64_t prompt_tokens = 0;
  bool thinking = false;  // reasoning is shown: the model was asked for it
};

// Takes tokens from the engine only when it is asked for events, so a reader that stops reading
// pauses the generation. Gives the engine's handle back as soon as every choice is over.
class LocalStream final : public chat::ChatStream {
 public:
  // `random` is borrowed and must outlive the stream.
  LocalStream(LocalStreamOptions options, std::unique_ptr<engine::GenerationHandle> handle,
              base::RandomSource* random);

  std::optional<chat::ChatEvent> TryNext() override;
  // May also be called when a token has come that makes no event yet.
  void NotifyWhenReady(std::move_only_function<void()> on_ready) override;
  std::optional<base::TimePoint> admitted_at() const override;
  chat::Usage usage() const override { return usage_; }

 private:
  struct Choice {
    explicit Choice(ChoiceReader choice_reader) : reader(std::move(choice_reader)) {}
    ChoiceReader reader;
    bool started = false;
  };

  void Process(engine::TokenEvent event);
  void Push(int32_t choice, EventContent what);
  void Fail(base::Error error);
  void ReleaseHandle();

  const LocalStreamOptions options_;
  std::unique_ptr<engine::GenerationHandle> handle_;  // null when nothing more comes
  std::vector<Choice> choices_;
  size_t finished_count_ = 0;
  std::deque<chat::ChatEvent> ready_;
  chat::Usage usage_;
  std::optional<base::TimePoint> admitted_at_;  // kept when the handle goes
};

}  // namespace millrace::local
