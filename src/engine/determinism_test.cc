// The promise of decision 3 on a real model: the same request and seed give the same tokens.
#include <gtest/gtest.h>

#include <random>

#include "base/clock.h"
#include "engine/engine.h"
#include "engine/testing/generation.h"
#include "metrics/registry.h"
#include "model/testing/tiny_model.h"

namespace millrace::engine {
namespace {

using base::TokenId;
using testing::GenerationResult;

struct Fixture {
  explicit Fixture(const EngineOptions& options) {
    engine = std::move(Engine::Create(file.Load(), options, &clock, &registry).value());
  }

  model::testing::TinyModelFile file;
  base::SystemClock clock;
  metrics::Registry registry;
  std::unique_ptr<Engine> engine;
};

constexpr int64_t kTokenBytes = int64_t{2} * 2 * (32 + 32) * 2;  // layers, heads, sizes, half

std::vector<GenerationRequest> Requests() {
  std::mt19937 random(3);
  std::vector<TokenId> shared;
  for (int i = 0; i < 90; ++i) {
    shared.push_back(TokenId{static_cast<int32_t>(random() % 256)});
  }
  std::vector<GenerationRequest> requests;
  for (uint64_t i = 0; i < 9; ++i) {
    GenerationRequest request;
    request.prompt.assign(shared.begin(), shared.begin() + static_cast<std::ptrdiff_t>(i) * 11);
    for (uint64_t extra = 0; extra < 1 + i * 5; ++extra) {
      request.prompt.push_back(TokenId{static_cast<int32_t>(random() % 256)});
    }
    request.seed = 100 + i;
    request.answer_tokens_max = 40;
    request.choice_count = i == 4 ? 3 : 1;
    request.sampling = {.temperature = 1.0, .top_p = 0.95, .top_k = 100, .repetition_penalty = 1.1};
    requests.push_back(std::move(request));
  }
  return requests;
}

std::vector<testing::ChoiceResult> Alone(const EngineOptions& options) {
  std::vector<testing::ChoiceResult> results;
  for (const GenerationRequest& request : Requests()) {
    Fixture f(options);  // a fresh cache for each
    const GenerationResult result = testing::Generate(*f.engine, request);
    EXPECT_FALSE(result.failure);
    results.insert(results.end(), result.choices.begin(), result.choices.end());
  }
  return results;
}

std::vector<testing::ChoiceResult> Together(Engine& engine) {
  const std::vector<GenerationRequest> requests = Requests();
  std::vector<std::unique_ptr<GenerationHandle>> handles;
  for (const GenerationRequest& request : requests) {
    handles.push_back(std::move(engine.Submit(request).value()));
  }
  std::vector<testing::ChoiceResult> results;
  for (size_t i = 0; i < handles.size(); ++i) {
    const GenerationResult result = testing::ReadAll(*handles[i], requests[i].choice_count);
    EXPECT_FALSE(result.failure);
    results.insert(results.end(), result.choices.begin(), result.choices.end());
  }
  return results;
}

TEST(Determinism, SameTokensAloneTogetherCachedAndWithAnyThreads) {
  const std::vector<testing::ChoiceResult> alone =
      Alone({.thread_count = 1, .kv_bytes_max = kTokenBytes * 1024});
  EXPECT_NE(alone[0].tokens, alone[1].tokens);
  Fixture f({.thread_count = 2, .kv_bytes_max = kTokenBytes * 8192});
  EXPECT_EQ(Together(*f.engine), alone);
  EXPECT_EQ(Together(*f.engine), alone) << "with every prefix cached";
}

TEST(Determinism, SameTokensWithOtherBlocksChunksAndAfterPreemption) {
  const std::vector<testing::ChoiceResult> alone =
      Alone({.thread_count = 2, .kv_bytes_max = kTokenBytes * 1024});
  // Room for about four of the eleven choices.
  Fixture f({.thread_count = 1,
             .kv_bytes_max = kTokenBytes * 640,
             .block_size = 8,
             .running_sequences_max = 11,
             .step_tokens_max = 43});
  EXPECT_EQ(Together(*f.engine), alone);
}

}  // namespace
}  // namespace millrace::engine
