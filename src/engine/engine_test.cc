#include "engine/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <random>
#include <semaphore>
#include <stdexcept>
#include <thread>

#include "base/clock.h"
#include "engine/testing/generation.h"
#include "engine/testing/hash_model.h"
#include "metrics/registry.h"

namespace millrace::engine {
namespace {

using base::ErrorKind;
using base::TokenId;
using testing::ChoiceResult;
using testing::GenerationResult;
using testing::HashModel;
using testing::HashModelOptions;

constexpr int32_t kVocabulary = 64;
constexpr TokenId kEnd{63};
// Two layers, two heads, eight halves for each position, and blocks of 16 positions.
constexpr int64_t kBlockBytes = int64_t{2} * 2 * 2 * 8 * 16;

struct Fixture {
  explicit Fixture(EngineOptions options = {}, HashModelOptions model = {}) {
    if (options.kv_bytes_max == 0) {
      options.kv_bytes_max = 400 * kBlockBytes;
    }
    if (options.thread_count == 0) {
      options.thread_count = 2;
    }
    model.vocabulary_size = kVocabulary;
    engine = std::move(
        Engine::Create(std::make_unique<HashModel>(model), options, &clock, &registry).value());
  }

  base::SystemClock clock;
  metrics::Registry registry;
  std::unique_ptr<Engine> engine;
};

std::vector<TokenId> Prompt(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<TokenId> prompt;
  for (size_t i = 0; i < count; ++i) {
    prompt.push_back(TokenId{static_cast<int32_t>(random() % kVocabulary)});
  }
  return prompt;
}

GenerationRequest Request(std::vector<TokenId> prompt, uint64_t seed, int32_t answer_tokens_max) {
  GenerationRequest request;
  request.prompt = std::move(prompt);
  request.seed = seed;
  request.answer_tokens_max = answer_tokens_max;
  request.sampling = {.temperature = 0.9, .top_p = 0.9, .repetition_penalty = 1.1};
  request.end_tokens = {kEnd};
  return request;
}

// The answer of one choice, computed with nothing but the model's function and a sampler. Only for
// requests without reasoning.
ChoiceResult Reference(const GenerationRequest& request, int32_t choice) {
  sampling::Sampler sampler(request.sampling, request.seed + static_cast<uint64_t>(choice),
                            request.prompt);
  std::vector<TokenId> text = request.prompt;
  ChoiceResult result;
  while (!result.end) {
    std::vector<float> logits = HashModel::LogitsAfter(text, kVocabulary);
    const TokenId token = sampler.Sample(logits).id;
    if (std::ranges::find(request.end_tokens, token) != request.end_tokens.end()) {
      result.end = EndReason::kEndToken;
      break;
    }
    text.push_back(token);
    result.tokens.push_back(token);
    result.kinds.push_back(TokenKind::kAnswer);
    if (static_cast<int32_t>(result.tokens.size()) == request.answer_tokens_max) {
      result.end = EndReason::kLength;
    }
  }
  return result;
}

TEST(Engine, AnswerIsTheSampledContinuationOfThePrompt) {
  Fixture f;
  for (uint32_t seed = 0; seed < 20; ++seed) {
    const GenerationRequest request = Request(Prompt(1 + seed * 7, seed), seed, 60);
    const GenerationResult result = testing::Generate(*f.engine, request);
    EXPECT_FALSE(result.failure);
    EXPECT_EQ(result.choices[0], Reference(request, 0)) << "seed " << seed;
  }
}

TEST(Engine, ChoicesShareThePromptAndDrawFromTheirOwnSeeds) {
  Fixture f;
  for (size_t prompt_count : {1U, 15U, 16U, 17U, 70U}) {
    GenerationRequest request = Request(Prompt(prompt_count, 3), 40, 50);
    request.choice_count = 5;
    const GenerationResult result = testing::Generate(*f.engine, request);
    for (int32_t i = 0; i < request.choice_count; ++i) {
      EXPECT_EQ(result.choices[static_cast<size_t>(i)], Reference(request, i)) << i;
    }
  }
}

TEST(Engine, CachedPromptGivesTheSameAnswerAndIsCounted) {
  Fixture f;
  const GenerationRequest request = Request(Prompt(100, 5), 9, 40);
  const GenerationResult cold = testing::Generate(*f.engine, request);
  const GenerationResult warm = testing::Generate(*f.engine, request);
  EXPECT_EQ(cold.cached_token_count, 0);
  EXPECT_EQ(warm.cached_token_count, 96);
  EXPECT_EQ(cold.choices, warm.choices);
  GenerationRequest other_tenant = request;
  other_tenant.tenant = "somebody else";
  EXPECT_EQ(testing::Generate(*f.engine, other_tenant).cached_token_count, 0);
}

TEST(Engine, NextTurnOfAConversationReusesTheAnswerToo) {
  Fixture f;
  GenerationRequest request = Request(Prompt(40, 6), 9, 60);
  request.end_tokens.clear();
  const GenerationResult first = testing::Generate(*f.engine, request);
  const std::vector<TokenId>& answer = first.choices[0].tokens;
  request.prompt.insert(request.prompt.end(), answer.begin(), answer.end());
  // 99 of the 100 tokens were computed in the first turn: six whole blocks.
  EXPECT_EQ(testing::Generate(*f.engine, request).cached_token_count, 96);
}

TEST(Engine, RequestsTogetherAnswerAsEachAloneInALittleCache) {
  // 30 blocks hold about five of these at once: they preempt each other and start over.
  Fixture f({.kv_bytes_max = 30 * kBlockBytes, .running_sequences_max = 12, .step_tokens_max = 64});
  std::vector<GenerationRequest> requests;
  std::vector<std::unique_ptr<GenerationHandle>> handles;
  for (uint32_t i = 0; i < 24; ++i) {
    requests.push_back(Request(Prompt(10 + i * 3, i % 3), i, 80));
    requests.back().choice_count = i % 4 == 0 ? 3 : 1;
    handles.push_back(std::move(f.engine->Submit(requests.back()).value()));
  }
  for (size_t i = 0; i < handles.size(); ++i) {
    const GenerationResult result = testing::ReadAll(*handles[i], requests[i].choice_count);
    EXPECT_FALSE(result.failure);
    for (int32_t choice = 0; choice < requests[i].choice_count; ++choice) {
      EXPECT_EQ(result.choices[static_cast<size_t>(choice)], Reference(requests[i], choice));
    }
  }
  EXPECT_NE(f.registry.Expose().find("millrace_engine_preemptions_total"), std::string::npos);
}

TEST(Engine, CommonPrefixArrivingTogetherIsComputedOnce) {
  constexpr int32_t kRequests = 4;
  std::latch submitted(1);
  HashModelOptions model{.context_tokens = 4096};
  model.before_step = [&](const model::Batch&) { submitted.wait(); };
  Fixture f({}, model);
  std::vector<std::unique_ptr<GenerationHandle>> handles;
  for (int32_t i = 0; i < kRequests; ++i) {
    std::vector<TokenId> prompt = Prompt(2000, 1);
    prompt.push_back(TokenId{i});
    handles.push_back(std::move(f.engine->Submit(Request(std::move(prompt), 1, 1)).value()));
  }
  submitted.count_down();
  int32_t cached = 0;
  for (auto& handle : handles) {
    cached += testing::ReadAll(*handle, 1).cached_token_count;
  }
  EXPECT_EQ(cached, (kRequests - 1) * 2000);
}

TEST(Engine, FullQueueRefusesAtOnce) {
  std::latch release(1);
  HashModelOptions model;
  model.before_step = [&](const model::Batch&) { release.wait(); };
  Fixture f({.queue_length_max = 2, .running_sequences_max = 1}, model);
  std::vector<std::unique_ptr<GenerationHandle>> handles;
  std::optional<base::Error> refusal;
  for (int i = 0; i < 4 && !refusal; ++i) {
    auto submitted = f.engine->Submit(Request(Prompt(5, 1), 1, 3));
    if (submitted) {
      handles.push_back(std::move(*submitted));
    } else {
      refusal = submitted.error();
    }
  }
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->kind, ErrorKind::kResourceExhausted);
  EXPECT_LE(handles.size(), 3U);
  release.count_down();
  for (auto& handle : handles) {
    EXPECT_FALSE(testing::ReadAll(*handle, 1).failure);
  }
}

TEST(Engine, PromptsThatCannotFitAreRefusedByKind) {
  Fixture f({.context_tokens = 50, .kv_bytes_max = 4 * kBlockBytes});
  EXPECT_EQ(f.engine->context_tokens(), 50);
  EXPECT_EQ(f.engine->Submit(Request(Prompt(50, 1), 1, 1)).error().kind,
            ErrorKind::kContextOverflow);
  EXPECT_EQ(f.engine->Submit(Request({}, 1, 1)).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(f.engine->Submit(Request({TokenId{64}}, 1, 1)).error().kind,
            ErrorKind::kInvalidArgument);
  EXPECT_EQ(f.engine->Submit(Request(Prompt(5, 1), 1, 0)).error().kind,
            ErrorKind::kInvalidArgument);
}

TEST(Engine, ChoiceEndsWithLengthWhereItsContextEnds) {
  Fixture f({.context_tokens = 50});
  GenerationRequest request = Request(Prompt(45, 1), 1, 100);
  request.end_tokens.clear();
  const ChoiceResult choice = testing::Generate(*f.engine, request).choices[0];
  EXPECT_EQ(choice.tokens.size(), 5U);
  EXPECT_EQ(choice.end, EndReason::kLength);
}

TEST(Engine, ContextIsNoLongerThanTheCache) {
  Fixture f({.context_tokens = 100, .kv_bytes_max = 2 * kBlockBytes});
  EXPECT_EQ(f.engine->context_tokens(), 32);
  EXPECT_EQ(f.engine->Submit(Request(Prompt(40, 1), 1, 1)).error().kind,
            ErrorKind::kContextOverflow);
  GenerationRequest request = Request(Prompt(20, 1), 1, 100);
  request.end_tokens.clear();
  const ChoiceResult choice = testing::Generate(*f.engine, request).choices[0];
  EXPECT_EQ(choice.tokens.size(), 12U);
  EXPECT_EQ(choice.end, EndReason::kLength);
}

TEST(Engine, CompletionLimitCountsEveryToken) {
  Fixture f;
  GenerationRequest request = Request(Prompt(5, 1), 1, 100);
  request.end_tokens.clear();
  request.completion_tokens_max = 7;
  const ChoiceResult choice = testing::Generate(*f.engine, request).choices[0];
  EXPECT_EQ(choice.tokens.size(), 7U);
  EXPECT_EQ(choice.end, EndReason::kLength);
}

TEST(Engine, SlowReaderPausesItsRequestAndNobodyElse) {
  Fixture f({.event_queue_max = 4});
  GenerationRequest slow = Request(Prompt(20, 1), 1, 200);
  slow.end_tokens.clear();
  slow.choice_count = 2;
  const auto slow_handle = std::move(f.engine->Submit(slow).value());
  // The slow one needs 50 times the steps of its queue; the others run through meanwhile.
  for (uint32_t i = 0; i < 5; ++i) {
    const GenerationRequest request = Request(Prompt(20, 10 + i), i, 50);
    EXPECT_EQ(testing::Generate(*f.engine, request).choices[0], Reference(request, 0));
  }
  const GenerationResult result = testing::ReadAll(*slow_handle, 2);
  EXPECT_EQ(result.choices[0], Reference(slow, 0));
  EXPECT_EQ(result.choices[1], Reference(slow, 1));
}

TEST(Engine, FailureOfAStepCostsOnlyItsRequests) {
  std::atomic<bool> fail = true;
  HashModelOptions model;
  model.before_step = [&](const model::Batch&) {
    if (fail.exchange(false)) {
      throw std::runtime_error("broken");
    }
  };
  Fixture f({}, model);
  const GenerationRequest request = Request(Prompt(20, 1), 1, 20);
  const GenerationResult failed = testing::Generate(*f.engine, request);
  ASSERT_TRUE(failed.failure);
  EXPECT_EQ(failed.failure->kind, ErrorKind::kInternal);
  EXPECT_EQ(testing::Generate(*f.engine, request).choices[0], Reference(request, 0));
  testing::WaitUntilIdle(*f.engine);
}

TEST(Engine, StoppingFailsWhatRunsAndRefusesWhatComes) {
  auto f = std::make_unique<Fixture>();
  GenerationRequest request = Request(Prompt(20, 1), 1, 900);
  request.end_tokens.clear();
  auto handle = std::move(f->engine->Submit(request).value());
  f.reset();
  const GenerationResult result = testing::ReadAll(*handle, 1);
  ASSERT_TRUE(result.failure || result.choices[0].end);
  if (result.failure) {
    EXPECT_EQ(result.failure->kind, ErrorKind::kUnavailable);
  }
}

TEST(Engine, CallbackMayDropItsHandle) {
  Fixture f;
  auto handle = std::move(f.engine->Submit(Request(Prompt(20, 1), 1, 900)).value());
  std::binary_semaphore dropped(0);
  GenerationHandle& borrowed = *handle;
  borrowed.NotifyWhenReady([&] {
    handle.reset();
    dropped.release();
  });
  dropped.acquire();
  testing::WaitUntilIdle(*f.engine);
}

TEST(Engine, CallbackOfADroppedHandleNeverRuns) {
  Fixture f;
  for (int i = 0; i < 200; ++i) {
    auto handle = std::move(f.engine->Submit(Request(Prompt(3, 1), 1, 2)).value());
    auto alive = std::make_shared<bool>(true);
    handle->NotifyWhenReady([alive] { EXPECT_TRUE(*alive); });
    if (i % 2 == 0) {
      std::this_thread::yield();
    }
    handle.reset();
    *alive = false;
  }
  testing::WaitUntilIdle(*f.engine);
}

// Token 10 opens and 11 closes reasoning; the model's hash draws them now and then.
GenerationRequest ReasoningRequest(uint32_t seed) {
  GenerationRequest request = Request(Prompt(5 + seed, seed), seed, 9);
  request.reasoning = ReasoningSyntax{.open = {TokenId{10}},
                                      .blank = {},
                                      .close = {TokenId{11}},
                                      .forced_close = {TokenId{12}, TokenId{11}},
                                      .starts_inside = seed % 2 == 0};
  request.reasoning_tokens_max = 5;
  request.choice_count = 1 + static_cast<int32_t>(seed % 3);
  request.end_tokens.clear();
  return request;
}

TEST(Engine, BudgetsHoldExactlyForEveryChoiceOfABatch) {
  Fixture f({.kv_bytes_max = 40 * kBlockBytes});
  std::vector<std::unique_ptr<GenerationHandle>> handles;
  for (uint32_t seed = 0; seed < 20; ++seed) {
    handles.push_back(std::move(f.engine->Submit(ReasoningRequest(seed)).value()));
  }
  for (uint32_t seed = 0; seed < handles.size(); ++seed) {
    const GenerationRequest request = ReasoningRequest(seed);
    const GenerationResult together = testing::ReadAll(*handles[seed], request.choice_count);
    for (const ChoiceResult& choice : together.choices) {
      EXPECT_EQ(choice.CountOf(TokenKind::kAnswer), 9);
      EXPECT_LE(choice.CountOf(TokenKind::kReasoning), 5);
      EXPECT_TRUE(choice.CountOf(TokenKind::kDelimiter) > 0 || !request.reasoning->starts_inside);
      EXPECT_EQ(choice.end, EndReason::kLength);
    }
    EXPECT_EQ(testing::Generate(*f.engine, request).choices, together.choices) << "seed " << seed;
  }
}

TEST(Engine, MetricsCountWhatWasComputedAndWhatWasCached) {
  Fixture f;
  const GenerationRequest request = Request(Prompt(33, 1), 1, 3);
  testing::Generate(*f.engine, request);
  testing::Generate(*f.engine, request);
  const auto counter = [&](const std::string& name) {
    return f.registry.AddCounter("millrace_engine_" + name, "", {{"model", "hash"}}).value();
  };
  EXPECT_EQ(counter("prefilled_tokens_total"), 33U + 1U);
  EXPECT_EQ(counter("cached_tokens_total"), 32U);
  EXPECT_EQ(counter("generated_tokens_total"), 6U);
}

// One client of the test below: some requests it reads to their end, some it leaves half-way.
int RunClient(Engine& engine, uint32_t seed, int request_count) {
  std::mt19937 random(seed);
  const auto below = [&](uint32_t limit) { return static_cast<int32_t>(random() % limit); };
  int finished_count = 0;
  for (int i = 0; i < request_count; ++i) {
    GenerationRequest request =
        Request(Prompt(static_cast<size_t>(1 + below(150)), random() % 4), random(), 1 + below(60));
    request.choice_count = below(5) == 0 ? 3 : 1;
    request.tenant = std::to_string(below(2));
    const auto handle = std::move(engine.Submit(request).value());
    if (below(3) == 0) {
      for (int32_t events = below(10); events > 0; --events) {
        if (testing::WaitForEvent(*handle)->end) {
          break;
        }
      }
      continue;
    }
    const GenerationResult result = testing::ReadAll(*handle, request.choice_count);
    EXPECT_FALSE(result.failure);
    for (int32_t choice = 0; choice < request.choice_count; ++choice) {
      EXPECT_EQ(result.choices[static_cast<size_t>(choice)], Reference(request, choice));
    }
    ++finished_count;
  }
  return finished_count;
}

TEST(Engine, ManyClientsThatLeaveAtRandomGiveEveryBlockBack) {
  Fixture f({.kv_bytes_max = 120 * kBlockBytes, .running_sequences_max = 16, .event_queue_max = 8});
  std::atomic<int> finished_count = 0;
  std::vector<std::thread> clients;
  for (uint32_t seed = 0; seed < 8; ++seed) {
    clients.emplace_back([&, seed] { finished_count += RunClient(*f.engine, seed, 25); });
  }
  for (std::thread& client : clients) {
    client.join();
  }
  EXPECT_GT(finished_count, 100);
  testing::WaitUntilIdle(*f.engine);
  f.engine->DropPrefixCache();
  while (f.engine->stats().blocks_free != f.engine->stats().blocks_total) {
    std::this_thread::yield();
  }
  EXPECT_EQ(f.engine->stats().blocks_cached, 0);
}

}  // namespace
}  // namespace millrace::engine
