#include "local/local_stream.h"

#include <utility>

namespace millrace::local {

LocalStream::LocalStream(LocalStreamOptions options,
                         std::unique_ptr<engine::GenerationHandle> handle,
                         base::RandomSource* random)
    : options_(std::move(options)), handle_(std::move(handle)) {
  usage_.prompt_tokens = options_.prompt_tokens;
  choices_.reserve(static_cast<size_t>(options_.choice_count));
  for (int32_t i = 0; i < options_.choice_count; ++i) {
    choices_.emplace_back(ChoiceReader(options_.answer, random));
  }
}

std::optional<chat::ChatEvent> LocalStream::TryNext() {
  while (ready_.empty() && handle_ != nullptr) {
    if (auto event = handle_->TryNext()) {
      Process(*std::move(event));
    } else if (const auto failure = handle_->failure()) {
      Fail(*failure);
    } else {
      return std::nullopt;
    }
  }
  if (ready_.empty()) {
    return std::nullopt;
  }
  chat::ChatEvent event = std::move(ready_.front());
  ready_.pop_front();
  return event;
}

void LocalStream::NotifyWhenReady(std::move_only_function<void()> on_ready) {
  if (!ready_.empty()) {
    on_ready();
  } else if (handle_ != nullptr) {
    handle_->NotifyWhenReady(std::move(on_ready));
  }
}

void LocalStream::Process(engine::TokenEvent event) {
  usage_.cached_tokens = handle_->cached_token_count();
  Choice& choice = choices_.at(static_cast<size_t>(event.choice));
  if (!choice.started) {
    choice.started = true;
    const bool reasoning =
        options_.thinking && (event.token ? event.kind != engine::TokenKind::kAnswer
                                          : options_.answer.parser.starts_in_reasoning);
    Push(event.choice, chat::ChoiceStarted{.reasoning = reasoning});
  }
  std::vector<EventContent> contents;
  const int32_t index = event.choice;
  const std::optional<engine::EndReason> end = event.end;
  if (event.token) {
    ++usage_.completion_tokens;
    usage_.reasoning_tokens += event.kind == engine::TokenKind::kReasoning ? 1 : 0;
    choice.reader.AddToken(std::move(event), contents);
  }
  if (end) {
    choice.reader.End(*end, contents);
  }
  for (EventContent& content : contents) {
    Push(index, std::move(content));
  }
  if (choice.reader.finished()) {
    if (!end) {
      handle_->StopChoice(index);  // a stop string, or the last call
    }
    if (++finished_count_ == choices_.size()) {
      Push(0, chat::Finished{});
      ReleaseHandle();
    }
  }
}

std::optional<base::TimePoint> LocalStream::admitted_at() const {
  return handle_ != nullptr ? handle_->admitted_at() : admitted_at_;
}

void LocalStream::ReleaseHandle() {
  admitted_at_ = admitted_at();
  handle_.reset();
}

void LocalStream::Push(int32_t choice, EventContent what) {
  ready_.push_back({.choice = choice, .what = std::move(what), .usage = usage_});
}

void LocalStream::Fail(base::Error error) {
  Push(0, chat::Failed{.error = std::move(error)});
  ReleaseHandle();
}

}  // namespace millrace::local
