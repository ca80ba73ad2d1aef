// Running requests through an engine from a test's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <vector>

#include "base/error.h"
#include "engine/engine.h"

namespace millrace::engine::testing {

// What one choice produced.
struct ChoiceResult {
  std::vector<base::TokenId> tokens;
  std::vector<TokenKind> kinds;
  std::optional<EndReason> end;
  int32_t CountOf(TokenKind kind) const;
  bool operator==(const ChoiceResult&) const = default;
};
void PrintTo(const ChoiceResult& choice, std::ostream* out);

struct GenerationResult {
  std::vector<ChoiceResult> choices;
  std::optional<base::Error> failure;
  int32_t cached_token_count = 0;
};

// Waits for the next event or a failure; nothing when the request failed.
std::optional<TokenEvent> WaitForEvent(GenerationHandle& handle);

// Reads until every choice has ended or the request has failed.
GenerationResult ReadAll(GenerationHandle& handle, int32_t choice_count);

// Submits and reads. Aborts when the engine refuses the request.
GenerationResult Generate(Engine& engine, const GenerationRequest& request);

// Waits, without sleeping, until the engine has nothing waiting or running.
void WaitUntilIdle(const Engine& engine);

}  // namespace millrace::engine::testing
