// What the engine does when something goes wrong, or is ended from outside.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <latch>
#include <memory>
#include <new>
#include <span>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/fair_pool.h"
#include "engine/engine.h"
#include "engine/request_channel.h"
#include "engine/side_jobs.h"
#include "engine/testing/generation.h"
#include "engine/testing/hash_model.h"
#include "metrics/registry.h"

namespace {

// Counts down the allocations of the thread that armed it; the one that brings it to 0 fails.
thread_local int64_t allocations_left = -1;

bool AllocationFails() { return allocations_left > 0 && --allocations_left == 0; }

}  // namespace

// Every allocation of this test program comes by here. Not inlined, or GCC takes malloc and delete
// for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (AllocationFails()) {
    throw std::bad_alloc();
  }
  if (void* memory = std::malloc(size > 0 ? size : 1)) {
    return memory;
  }
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return AllocationFails() ? nullptr : std::malloc(size > 0 ? size : 1);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace millrace::engine {
namespace {

using base::ErrorKind;
using base::TokenId;
using testing::GenerationResult;
using testing::HashModel;
using testing::HashModelOptions;

constexpr int32_t kVocabulary = 64;
constexpr int64_t kBlockBytes = int64_t{2} * 2 * 2 * 8 * 16;

// An engine whose thread stops before each step while the gate is closed.
class Faults : public ::testing::Test {
 protected:
  void Open(EngineOptions options = {}) {
    options.kv_bytes_max = 400 * kBlockBytes;
    options.thread_count = 1;
    HashModelOptions model{.vocabulary_size = kVocabulary};
    model.before_step = [this](const model::Batch& batch) {
      at_gate_ = true;
      gate_closed_.wait(true);
      row_count_ = static_cast<int32_t>(batch.sequences.size());
      if (on_step_) {
        on_step_();
      }
    };
    engine_ = std::move(
        Engine::Create(std::make_unique<HashModel>(model), options, &clock_, &registry_).value());
  }
  ~Faults() override { OpenGate(); }

  void CloseGate() { gate_closed_ = true; }
  void OpenGate() {
    gate_closed_ = false;
    gate_closed_.notify_all();
  }
  // Returns when the engine thread waits at the gate.
  void WaitAtGate() {
    at_gate_ = false;
    while (!at_gate_) {
      std::this_thread::yield();
    }
  }

  static GenerationRequest Request(uint64_t seed, int32_t answer_tokens_max) {
    GenerationRequest request;
    for (int32_t i = 0; i < 20; ++i) {
      request.prompt.push_back(
          TokenId{static_cast<int32_t>((seed * 7 + static_cast<uint64_t>(i)) % kVocabulary)});
    }
    request.seed = seed;
    request.answer_tokens_max = answer_tokens_max;
    request.sampling = {.temperature = 0.9};
    return request;
  }
  std::unique_ptr<GenerationHandle> Submit(const GenerationRequest& request) {
    return std::move(engine_->Submit(request).value());
  }
  int32_t blocks_in_use() const {
    const EngineStats stats = engine_->stats();
    return stats.blocks_total - stats.blocks_free - stats.blocks_cached;
  }

  std::atomic<bool> gate_closed_ = false;
  std::atomic<bool> at_gate_ = false;
  std::atomic<int32_t> row_count_ = 0;  // sequences of the last step
  std::function<void()> on_step_;       // set before Open
  base::SystemClock clock_;
  metrics::Registry registry_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(Faults, EverythingThatRunsOrWaitsFailsWithTheGivenError) {
  Open({.running_sequences_max = 2});
  std::vector<std::unique_ptr<GenerationHandle>> handles;
  CloseGate();
  for (uint64_t i = 0; i < 5; ++i) {
    handles.push_back(Submit(Request(i, 900)));
  }
  engine_->FailAll({ErrorKind::kUnavailable, "over"});
  const auto later = Submit(Request(9, 5));
  OpenGate();
  for (const auto& handle : handles) {
    const GenerationResult result = testing::ReadAll(*handle, 1);
    ASSERT_TRUE(result.failure);
    EXPECT_EQ(result.failure->kind, ErrorKind::kUnavailable);
    EXPECT_EQ(result.failure->message, "over");
  }
  const GenerationResult served = testing::ReadAll(*later, 1);
  EXPECT_FALSE(served.failure);
  EXPECT_EQ(served.choices[0].tokens.size(), 5U);
  testing::WaitUntilIdle(*engine_);
}

TEST_F(Faults, EventsFromBeforeAFailureAreStillRead) {
  Open();
  const auto handle = Submit(Request(1, 900));
  EXPECT_TRUE(testing::WaitForEvent(*handle)->token);
  engine_->FailAll({ErrorKind::kUnavailable, "over"});
  const GenerationResult result = testing::ReadAll(*handle, 1);
  ASSERT_TRUE(result.failure);
  EXPECT_FALSE(result.choices[0].end);
}

TEST_F(Faults, StoppedChoiceGivesNoMoreEventsAndFreesItsBlocksAtOnce) {
  Open({.event_queue_max = 8});
  GenerationRequest request = Request(1, 900);
  request.choice_count = 3;
  const auto handle = Submit(request);
  for (int i = 0; i < 30; ++i) {
    testing::WaitForEvent(*handle);
  }
  handle->StopChoice(1);
  handle->StopChoice(1);  // nothing more happens
  int32_t after = 0;
  while (after < 60) {
    const auto event = testing::WaitForEvent(*handle);
    ASSERT_TRUE(event);
    EXPECT_NE(event->choice, 1);
    ++after;
  }
  EXPECT_EQ(row_count_, 2);
  handle->StopChoice(0);
  handle->StopChoice(2);
  testing::WaitUntilIdle(*engine_);
  EXPECT_EQ(handle->TryNext(), std::nullopt);
}

TEST_F(Faults, ChoiceStoppedBeforeItsFirstTokenNeverComputesOne) {
  Open();
  GenerationRequest request = Request(1, 40);
  request.choice_count = 3;
  CloseGate();
  const auto blocker = Submit(Request(2, 1));  // so that the stop arrives before the prompt runs
  WaitAtGate();
  const auto handle = Submit(request);
  handle->StopChoice(0);
  OpenGate();
  GenerationResult rest;
  rest.choices.resize(3);
  for (int32_t open = 2; open > 0;) {
    const auto event = testing::WaitForEvent(*handle);
    ASSERT_TRUE(event);
    EXPECT_NE(event->choice, 0);
    open -= event->end ? 1 : 0;
  }
  testing::WaitUntilIdle(*engine_);
}

TEST_F(Faults, StoppingOneChoiceLeavesTheOthersAsTheyWere) {
  Open();
  GenerationRequest request = Request(4, 50);
  request.choice_count = 3;
  const GenerationResult whole = testing::Generate(*engine_, request);
  const auto handle = Submit(request);
  GenerationResult result;
  result.choices.resize(3);
  for (int32_t open = 2; open > 0;) {
    const auto event = testing::WaitForEvent(*handle);
    ASSERT_TRUE(event);
    auto& choice = result.choices[static_cast<size_t>(event->choice)];
    choice.tokens.push_back(*event->token);
    if (event->choice == 1 && choice.tokens.size() == 10) {
      handle->StopChoice(1);
    }
    open -= event->end ? 1 : 0;
  }
  EXPECT_EQ(result.choices[0].tokens, whole.choices[0].tokens);
  EXPECT_EQ(result.choices[2].tokens, whole.choices[2].tokens);
  EXPECT_EQ(result.choices[1].tokens.size(), 10U);
}

TEST_F(Faults, UnreadEventsNeverExceedTheirBound) {
  constexpr int32_t kBound = 16;
  for (int32_t choice_count : {1, 3, 5}) {
    Open({.event_queue_max = kBound});
    GenerationRequest slow = Request(1, 300);
    slow.choice_count = choice_count;
    const auto handle = Submit(slow);
    // By the time another request has made so many steps the slow one has long been paused.
    testing::Generate(*engine_, Request(2, 200));
    CloseGate();
    int32_t unread = 0;
    while (handle->TryNext()) {
      ++unread;
    }
    EXPECT_LE(unread, kBound);
    EXPECT_GT(unread, kBound - 2 * choice_count);
    OpenGate();
    for (const auto& choice : testing::ReadAll(*handle, choice_count).choices) {
      EXPECT_EQ(choice.end, EndReason::kLength);
    }
  }
}

TEST_F(Faults, ABoundBelowOneStepsEventsHoldsOneStep) {
  Open({.event_queue_max = 1});
  GenerationRequest request = Request(1, 50);
  request.choice_count = 4;
  for (const auto& choice : testing::Generate(*engine_, request).choices) {
    EXPECT_EQ(choice.tokens.size(), 50U);
  }
}

// Allows everything but the last token; says when it is asked.
class AskedConstraint final : public TokenConstraint {
 public:
  explicit AskedConstraint(std::function<void()> on_mask) : on_mask_(std::move(on_mask)) {}

  void FillMask(std::span<uint32_t> mask) override {
    on_mask_();
    std::ranges::fill(mask, ~uint32_t{0});
    mask[1] = ~uint32_t{0} >> 1;
  }
  void Accept(TokenId) override {}
  std::vector<TokenId> TakeForced(size_t) override { return {}; }
  bool MustEnd() override { return false; }

 private:
  const std::function<void()> on_mask_;
};

// True: it failed as it should. Otherwise it has to be what it is without a failing allocation.
bool IsInternalFailure(const GenerationResult& result, const GenerationResult& expected,
                       int64_t allocation) {
  if (result.failure) {
    EXPECT_EQ(result.failure->kind, ErrorKind::kInternal);
    return true;
  }
  EXPECT_EQ(result.choices, expected.choices) << allocation;
  return false;
}

// The k-th allocation of the engine thread fails, for every k that a request makes: whoever is hit
// hears of it, nobody hangs, and the next request is served as if nothing had been.
class FailedAllocations : public Faults, public ::testing::WithParamInterface<bool> {};

TEST_P(FailedAllocations, HangNoRequestAndDoNotHarmTheNext) {
  std::atomic<int64_t> fail_at = 0;
  on_step_ = [&] {
    if (const int64_t count = fail_at.exchange(0); count != 0) {
      allocations_left = count;
    }
  };
  Open({.block_size = 4});
  GenerationRequest request = Request(1, 12);
  request.choice_count = 2;
  request.sampling.top_logprobs = 3;
  if (GetParam()) {
    request.make_constraint = [] { return std::make_unique<AskedConstraint>([] {}); };
  }
  const GenerationResult expected = testing::Generate(*engine_, request);
  engine_->DropPrefixCache();
  int32_t failed_count = 0;
  for (int64_t k = 1; k <= 400; ++k) {
    fail_at = k;
    const auto first = Submit(request);
    const auto second = Submit(request);
    for (const auto& handle : {first.get(), second.get()}) {
      const GenerationResult result = testing::ReadAll(*handle, 2);
      failed_count += IsInternalFailure(result, expected, k) ? 1 : 0;
    }
    testing::WaitUntilIdle(*engine_);
  }
  EXPECT_GT(failed_count, 20);
  fail_at = 0;
  EXPECT_EQ(testing::Generate(*engine_, request).choices, expected.choices);
}

INSTANTIATE_TEST_SUITE_P(OfTheEngine, FailedAllocations, ::testing::Bool(), [](const auto& whose) {
  return whose.param ? "WithConstraints" : "WithoutConstraints";
});

// The same for the threads of constraints, which nobody waits for.
TEST_F(Faults, NoFailedAllocationBesideTheEngineHangsARequestOrHarmsTheNext) {
  Open({.constraint_patience = std::chrono::milliseconds(0)});
  std::atomic<int64_t> fail_at = -1;
  GenerationRequest request = Request(1, 12);
  request.choice_count = 2;
  request.sampling.top_logprobs = 3;
  request.make_constraint = [&fail_at] {
    return std::make_unique<AskedConstraint>([&] { allocations_left = fail_at.exchange(-1); });
  };
  const GenerationResult expected = testing::Generate(*engine_, request);
  int32_t failed_count = 0;
  for (int64_t k = 1; k <= 100; ++k) {
    fail_at = k;
    const GenerationResult result = testing::Generate(*engine_, request);
    failed_count += IsInternalFailure(result, expected, k) ? 1 : 0;
    testing::WaitUntilIdle(*engine_);
  }
  EXPECT_GT(failed_count, 0);
}

// A thread without memory takes the next piece, whatever its caller is called.
TEST(JobThreads, TakeTurnsWithoutMemory) {
  base::FairPool pool(1);
  std::latch done(1);
  pool.Post("a", [] { allocations_left = 1; });
  pool.Post("a name that is too long for a string without memory of its own", [&done] {
    allocations_left = -1;
    done.count_down();
  });
  done.wait();
}

// A job that there was no memory for is none to wait for.
TEST(SideJobs, ThatCouldNotBeginAreNotWaitedFor) {
  SideJobs jobs(1, [] {});
  bool begun = false;
  for (int64_t k = 1; !begun; ++k) {
    allocations_left = k;
    try {
      jobs.Begin(scheduler::RequestId{k}, "tenant", [] {});
      begun = true;
    } catch (const std::bad_alloc&) {
    }
    allocations_left = -1;
    EXPECT_TRUE(jobs.Wait(std::chrono::hours(1)).empty());
  }
}

TEST_F(Faults, MetricsCountWhatFailed) {
  Open();
  const auto handle = Submit(Request(1, 900));
  testing::WaitForEvent(*handle);
  engine_->FailAll({ErrorKind::kUnavailable, "over"});
  EXPECT_TRUE(testing::ReadAll(*handle, 1).failure);
  EXPECT_EQ(registry_.AddCounter("millrace_engine_failed_requests_total", "", {{"model", "hash"}})
                .value(),
            1U);
}

TEST_F(Faults, LogprobsTravelWithTheirTokensOnlyWhenAskedFor) {
  Open();
  GenerationRequest request = Request(3, 30);
  std::vector<TokenId> text = request.prompt;
  request.sampling.top_logprobs = 4;
  const auto handle = Submit(request);
  for (int i = 0; i < 30; ++i) {
    const auto event = testing::WaitForEvent(*handle);
    std::vector<float> logits = HashModel::LogitsAfter(text, kVocabulary);
    sampling::Sampler greedy({.temperature = 0, .top_logprobs = 4}, 0, {});
    EXPECT_EQ(event->top_logprobs, greedy.Sample(logits).top);
    EXPECT_LT(event->logprob, 0);
    text.push_back(*event->token);
  }
  request.sampling.top_logprobs.reset();
  const auto plain = Submit(request);
  const auto event = testing::WaitForEvent(*plain);
  EXPECT_TRUE(event->top_logprobs.empty());
  EXPECT_EQ(event->logprob, 0);
}

}  // namespace
}  // namespace millrace::engine
