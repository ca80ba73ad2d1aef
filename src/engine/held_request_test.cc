// Requests whose constraints are late: what happens to them and beside them meanwhile.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "engine/engine.h"
#include "engine/testing/generation.h"
#include "engine/testing/hash_model.h"
#include "metrics/registry.h"

namespace millrace::engine {
namespace {

using base::TokenId;
using testing::ChoiceResult;
using testing::GenerationResult;

constexpr int32_t kEnd = 63;  // of 64 tokens

// Where calls stand until somebody opens.
class Gate {
 public:
  void Pass() {
    std::unique_lock lock(mutex_);
    somebody_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void WaitForSomebody() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return somebody_; });
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool somebody_ = false;
  bool open_ = false;
};

enum class Call { kMask, kAccept };

// Allows everything but the end for `length` tokens, some of them forced, and tells of its calls
// before it answers them.
class ToldConstraint final : public TokenConstraint {
 public:
  using OnCall = std::function<void(Call call, int32_t accepted_count)>;
  ToldConstraint(int32_t length, OnCall on_call) : left_(length), on_call_(std::move(on_call)) {}

  void FillMask(std::span<uint32_t> mask) override {
    on_call_(Call::kMask, accepted_);
    std::ranges::fill(mask, ~uint32_t{0});
    mask[kEnd / 32] = ~uint32_t{0} >> 1;
  }
  void Accept(TokenId) override {
    on_call_(Call::kAccept, accepted_);
    Advance();
  }
  std::vector<TokenId> TakeForced(size_t) override {
    std::vector<TokenId> run;
    while (left_ > 0 && accepted_ % 9 >= 7) {
      run.push_back(TokenId{accepted_ % kEnd});
      Advance();
    }
    return run;
  }
  bool MustEnd() override { return left_ == 0; }

 private:
  void Advance() {
    ++accepted_;
    --left_;
  }

  int32_t left_;
  OnCall on_call_;
  int32_t accepted_ = 0;
};

GenerationRequest Free(int32_t token_count) {
  GenerationRequest free;
  for (int32_t i = 0; i < 40; ++i) {
    free.prompt.push_back(TokenId{i % kEnd});
  }
  free.seed = 3;
  free.end_tokens = {TokenId{kEnd}};
  free.sampling = {.temperature = 0.9, .frequency_penalty = 0.5};
  free.answer_tokens_max = token_count;
  return free;
}

class HeldRequest : public ::testing::TestWithParam<Call> {
 protected:
  ~HeldRequest() override { gate_.Open(); }

  void Open(EngineOptions options = {}) {
    options.kv_bytes_max = 1 << 20;
    options.thread_count = 2;
    engine_ = std::move(Engine::Create(std::make_unique<testing::HashModel>(
                                           testing::HashModelOptions{.before_step = on_step_}),
                                       options, &clock_, &registry_)
                            .value());
  }

  // Its constraints stand at the gate once, behind so many tokens.
  GenerationRequest Slow(int32_t behind) {
    GenerationRequest slow = Free(40);
    slow.tenant = "slow";
    slow.make_constraint = [this, behind] {
      return std::make_unique<ToldConstraint>(1000, [this, behind](Call call, int32_t count) {
        if (call == GetParam() && count == behind) {
          ++call_count_;
          gate_.Pass();
        }
      });
    };
    return slow;
  }
  // Returns when steps have been made without those who stand at the gate.
  void WaitUntilHeld() {
    gate_.WaitForSomebody();
    EXPECT_FALSE(testing::Generate(*engine_, Free(3)).failure);
  }
  uint64_t Counted(const std::string& what) {
    return registry_.AddCounter("millrace_engine_" + what + "_total", "", {{"model", "hash"}})
        .value();
  }

  const base::SystemClock clock_;
  metrics::Registry registry_;
  std::function<void(const model::Batch&)> on_step_;  // set before Open
  std::atomic<int> call_count_ = 0;
  Gate gate_;  // outlives the engine, whose jobs stand at it
  std::unique_ptr<Engine> engine_;
};

TEST_P(HeldRequest, ThatFailsIsNotTriedAgain) {
  Open();
  GenerationRequest failing = Slow(5);
  failing.make_constraint = [this] {
    return std::make_unique<ToldConstraint>(1000, [this](Call call, int32_t count) {
      if (call == GetParam() && count == 5) {
        ++call_count_;
        gate_.Pass();
        throw std::runtime_error("no more");
      }
    });
  };
  const auto handle = std::move(engine_->Submit(failing).value());
  WaitUntilHeld();
  gate_.Open();
  const GenerationResult result = testing::ReadAll(*handle, 1);
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->kind, base::ErrorKind::kInvalidArgument);
  EXPECT_EQ(result.choices[0].tokens.size(), 5U);
  EXPECT_EQ(call_count_, 1);
}

TEST_P(HeldRequest, IsCountedOnce) {
  Open();
  EXPECT_FALSE(testing::Generate(*engine_, Slow(1000)).failure);  // its prompt is cached now
  const uint64_t cached_before = Counted("cached_tokens");
  const uint64_t generated_before = Counted("generated_tokens");
  GenerationRequest slow = Slow(0);
  slow.choice_count = 3;
  const auto handle = std::move(engine_->Submit(slow).value());
  gate_.WaitForSomebody();
  GenerationRequest other = Free(3);
  other.choice_count = 2;
  const GenerationResult beside = testing::Generate(*engine_, other);
  gate_.Open();
  const GenerationResult result = testing::ReadAll(*handle, 3);
  ASSERT_FALSE(result.failure);
  testing::WaitUntilIdle(*engine_);
  EXPECT_GT(result.cached_token_count, 0);
  EXPECT_EQ(Counted("cached_tokens") - cached_before,
            static_cast<uint64_t>(result.cached_token_count + beside.cached_token_count));
  EXPECT_EQ(Counted("generated_tokens") - generated_before, 3U * 40U + 2U * 3U);
}

TEST_P(HeldRequest, FailsWhenTheEngineStops) {
  Open();
  const auto handle = std::move(engine_->Submit(Slow(5)).value());
  WaitUntilHeld();
  std::thread stopping([this] { engine_.reset(); });
  const GenerationResult result = testing::ReadAll(*handle, 1);  // though the gate is closed
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->kind, base::ErrorKind::kUnavailable);
  gate_.Open();
  stopping.join();
}

TEST_P(HeldRequest, LosesChoicesThatAreStopped) {
  Open();
  GenerationRequest slow = Slow(0);  // before its choices have sequences of their own
  slow.choice_count = 3;
  const auto handle = std::move(engine_->Submit(slow).value());
  WaitUntilHeld();
  handle->StopChoice(0);
  handle->StopChoice(2);
  EXPECT_FALSE(testing::Generate(*engine_, Free(3)).failure);  // the stops have arrived
  gate_.Open();
  std::vector<TokenId> tokens;
  bool ended = false;
  while (!ended) {
    const auto event = testing::WaitForEvent(*handle);
    ASSERT_TRUE(event);
    ASSERT_EQ(event->choice, 1);
    tokens.push_back(*event->token);
    ended = event->end.has_value();
  }
  testing::WaitUntilIdle(*engine_);
  EXPECT_EQ(tokens, testing::Generate(*engine_, slow).choices[1].tokens);
}

INSTANTIATE_TEST_SUITE_P(WhereItIsLate, HeldRequest, ::testing::Values(Call::kMask, Call::kAccept),
                         [](const auto& where) {
                           return where.param == Call::kMask ? "InMasks" : "BehindTokens";
                         });

class HeldAtMask : public HeldRequest {};

TEST_P(HeldAtMask, FailsWithTheModelAndNobodyWaits) {
  std::atomic<bool> fail = true;
  on_step_ = [&](const model::Batch& batch) {
    if (batch.sequences[0].wants_logits && fail.exchange(false)) {
      gate_.WaitForSomebody();
      throw std::runtime_error("no model");
    }
  };
  Open();
  const GenerationResult failed = testing::Generate(*engine_, Slow(0));
  ASSERT_TRUE(failed.failure);
  EXPECT_EQ(failed.failure->kind, base::ErrorKind::kInternal);
  EXPECT_EQ(testing::Generate(*engine_, Free(30)).choices[0].tokens.size(), 30U);
  gate_.Open();
  EXPECT_FALSE(testing::Generate(*engine_, Slow(0)).failure);
}

INSTANTIATE_TEST_SUITE_P(WhereItIsLate, HeldAtMask, ::testing::Values(Call::kMask),
                         [](const auto&) { return "InMasks"; });

// Many requests in a cache that is too small for them, with readers that are behind, leave or stop
// choices, and no patience at all with constraints.
class Storm {
 public:
  explicit Storm(uint64_t seed) : random_(seed) {
    for (int32_t i = 0; i < 12; ++i) {
      asks_.push_back({.request = Request(i), .expected = {}, .handle = {}, .got = {}});
    }
    const auto calm = NewEngine({.thread_count = 2, .kv_bytes_max = 1 << 20});
    for (Ask& ask : asks_) {
      const GenerationResult result = testing::Generate(*calm, ask.request);
      EXPECT_FALSE(result.failure);
      ask.expected = result.choices;
    }
  }

  void Run() {
    const auto engine = NewEngine({.thread_count = 2,
                                   .kv_bytes_max = 100 * kBlockBytes,
                                   .block_size = 4,
                                   .running_sequences_max = 8,
                                   .constraint_patience = std::chrono::milliseconds(0),
                                   .event_queue_max = 8});
    for (Ask& ask : asks_) {
      ask.handle = std::move(engine->Submit(ask.request).value());
      ask.got.resize(ask.expected.size());
      ask.stopped.resize(ask.expected.size());
    }
    while (std::ranges::any_of(asks_, [](const Ask& ask) { return ask.handle != nullptr; })) {
      Ask& ask = asks_[Below(asks_.size())];
      if (ask.handle != nullptr) {
        Read(ask, 1 + Below(20));
      }
      if (ask.handle != nullptr) {
        Disturb(ask);
      }
      if (Below(50) == 0) {
        engine->DropPrefixCache();
      }
      std::this_thread::yield();
    }
    testing::WaitUntilIdle(*engine);
    Check();
  }

 private:
  static constexpr int64_t kBlockBytes = int64_t{2} * 2 * 2 * 8 * 4;

  struct Ask {
    GenerationRequest request;
    std::vector<ChoiceResult> expected;
    std::unique_ptr<GenerationHandle> handle;  // none: done with
    std::vector<ChoiceResult> got;
    std::vector<bool> stopped = {};
    bool left = false;
  };

  size_t Below(size_t limit) { return random_() % limit; }

  std::unique_ptr<Engine> NewEngine(const EngineOptions& options) {
    return std::move(
        Engine::Create(std::make_unique<testing::HashModel>(), options, &clock_, &registry_)
            .value());
  }

  GenerationRequest Request(int32_t i) {
    GenerationRequest request = Free(10 + i * 4);
    request.prompt.resize(static_cast<size_t>(10 + i));
    request.prompt.push_back(TokenId{i});
    request.seed = static_cast<uint64_t>(i) * 10;
    request.choice_count = 1 + i % 3;
    request.tenant = "tenant " + std::to_string(i % 4);
    if (i % 4 == 1) {
      request.reasoning = ReasoningSyntax{.open = {TokenId{1}, TokenId{2}},
                                          .blank = {},
                                          .close = {TokenId{3}},
                                          .forced_close = {TokenId{4}, TokenId{3}},
                                          .starts_inside = true};
      request.reasoning_tokens_max = 7;
    }
    if (i % 5 != 4) {
      request.make_constraint = [i, seed = random_()] {
        return std::make_unique<ToldConstraint>(8 + i * 4, [seed](Call call, int32_t count) {
          uint64_t spins = base::SplitMix64(seed ^ static_cast<uint64_t>(count * 2) ^
                                            static_cast<uint64_t>(call)) %
                           3;
          while (spins-- > 0) {
            std::this_thread::yield();
          }
        });
      };
    }
    return request;
  }

  void Read(Ask& ask, size_t count_max) {
    for (size_t i = 0; i < count_max; ++i) {
      ASSERT_FALSE(ask.handle->failure());
      const auto event = ask.handle->TryNext();
      if (!event) {
        break;
      }
      ChoiceResult& choice = ask.got.at(static_cast<size_t>(event->choice));
      if (event->token) {
        choice.tokens.push_back(*event->token);
        choice.kinds.push_back(event->kind);
      }
      choice.end = event->end;
    }
    DropWhenDone(ask);
  }

  void Disturb(Ask& ask) {
    const size_t choice = Below(ask.got.size());
    if (Below(60) == 0 && !ask.got[choice].end) {
      ask.handle->StopChoice(static_cast<int32_t>(choice));
      ask.stopped[choice] = true;
      DropWhenDone(ask);
    } else if (Below(200) == 0) {
      ask.left = true;
      ask.handle.reset();
    }
  }

  static void DropWhenDone(Ask& ask) {
    for (size_t i = 0; i < ask.got.size(); ++i) {
      if (!ask.got[i].end && !ask.stopped[i]) {
        return;
      }
    }
    ask.handle.reset();
  }

  void Check() {
    for (const Ask& ask : asks_) {
      for (size_t i = 0; i < ask.got.size(); ++i) {
        if (!ask.left && !ask.stopped[i]) {
          EXPECT_EQ(ask.got[i], ask.expected[i]);
        } else {
          const auto& [got, expected] = std::tie(ask.got[i].tokens, ask.expected[i].tokens);
          ASSERT_LE(got.size(), expected.size());
          EXPECT_TRUE(std::equal(got.begin(), got.end(), expected.begin()));
        }
      }
    }
  }

  std::mt19937_64 random_;
  const base::SystemClock clock_;
  metrics::Registry registry_;
  std::vector<Ask> asks_;
};

TEST(HeldRequests, AnswerAsIfNobodyEverWaited) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    Storm(seed).Run();
    if (::testing::Test::HasFailure()) {
      return;
    }
  }
}

}  // namespace
}  // namespace millrace::engine
