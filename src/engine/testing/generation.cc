#include "engine/testing/generation.h"

#include <algorithm>
#include <memory>
#include <semaphore>
#include <thread>

#include "base/check.h"

namespace millrace::engine::testing {

int32_t ChoiceResult::CountOf(TokenKind kind) const {
  return static_cast<int32_t>(std::ranges::count(kinds, kind));
}

void PrintTo(const ChoiceResult& choice, std::ostream* out) {
  for (size_t i = 0; i < choice.tokens.size(); ++i) {
    *out << ToIndex(choice.tokens[i]) << "ard"[static_cast<size_t>(choice.kinds[i])] << ' ';
  }
  *out << (!choice.end ? "open" : *choice.end == EndReason::kLength ? "length" : "end token");
}

std::optional<TokenEvent> WaitForEvent(GenerationHandle& handle) {
  while (true) {
    if (std::optional<TokenEvent> event = handle.TryNext()) {
      return event;
    }
    if (handle.failure()) {
      return std::nullopt;
    }
    const auto ready = std::make_shared<std::binary_semaphore>(0);
    handle.NotifyWhenReady([ready] { ready->release(); });
    ready->acquire();
  }
}

GenerationResult ReadAll(GenerationHandle& handle, int32_t choice_count) {
  GenerationResult result;
  result.choices.resize(static_cast<size_t>(choice_count));
  for (int32_t open = choice_count; open > 0;) {
    const std::optional<TokenEvent> event = WaitForEvent(handle);
    if (!event) {
      result.failure = handle.failure();
      break;
    }
    ChoiceResult& choice = result.choices.at(static_cast<size_t>(event->choice));
    MILLRACE_CHECK(!choice.end);
    if (event->token) {
      choice.tokens.push_back(*event->token);
      choice.kinds.push_back(event->kind);
    }
    choice.end = event->end;
    open -= event->end ? 1 : 0;
  }
  result.cached_token_count = handle.cached_token_count();
  return result;
}

GenerationResult Generate(Engine& engine, const GenerationRequest& request) {
  base::Result<std::unique_ptr<GenerationHandle>> handle = engine.Submit(request);
  MILLRACE_CHECK(handle.has_value());
  return ReadAll(**handle, request.choice_count);
}

void WaitUntilIdle(const Engine& engine) {
  while (true) {
    const EngineStats stats = engine.stats();
    if (stats.waiting_requests == 0 && stats.running_sequences == 0 &&
        stats.blocks_free + stats.blocks_cached == stats.blocks_total) {
      return;
    }
    std::this_thread::yield();
  }
}

}  // namespace millrace::engine::testing
