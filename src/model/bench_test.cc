#include "model/bench.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "model/testing/tiny_model.h"

namespace millrace::model {
namespace {

TEST(Bench, CountsTheTokensOfEachMeasurement) {
  const testing::TinyModelFile file;
  const auto model = file.Load();
  kernels::ThreadPool pool(1);
  const base::SystemClock clock;
  const auto result = RunBench(*model, pool, clock,
                               {.prefill_tokens = 40,
                                .decode_tokens = 5,
                                .depth = 20,
                                .batch_sizes = {1, 3},
                                .chunk_tokens = 16,
                                .repetitions = 2});
  ASSERT_TRUE(result.has_value()) << result.error().message;
  ASSERT_EQ(result->prefill.size(), 1U);
  EXPECT_EQ(result->prefill[0].samples.tokens, 40);
  EXPECT_EQ(result->prefill[0].samples.seconds.size(), 2U);
  ASSERT_EQ(result->decode.size(), 2U);
  EXPECT_EQ(result->decode[1].sequence_count, 3);
  EXPECT_EQ(result->decode[1].depth, 20);
  EXPECT_EQ(result->decode[1].samples.tokens, 15);
  EXPECT_GT(result->decode[1].samples.tokens_per_second(), 0);
}

TEST(Bench, LeavesOutWhatIsNotAskedFor) {
  const testing::TinyModelFile file;
  const auto model = file.Load();
  kernels::ThreadPool pool(1);
  const base::SystemClock clock;
  const auto result = RunBench(*model, pool, clock, {.prefill_tokens = 0, .decode_tokens = 0});
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(result->prefill.empty());
  EXPECT_TRUE(result->decode.empty());
}

TEST(Bench, RefusesOptionsThatMakeNoSense) {
  const testing::TinyModelFile file;
  const auto model = file.Load();
  kernels::ThreadPool pool(1);
  const base::SystemClock clock;
  EXPECT_FALSE(RunBench(*model, pool, clock, {.batch_sizes = {0}}).has_value());
  EXPECT_FALSE(RunBench(*model, pool, clock, {.chunk_tokens = 0}).has_value());
  EXPECT_FALSE(RunBench(*model, pool, clock, {.depth = 1 << 30}).has_value());
}

TEST(Bench, SpeedIsThatOfTheMedianRepetition) {
  const BenchSamples samples = {.tokens = 100, .seconds = {10.0, 1.0, 2.0}};
  EXPECT_EQ(samples.tokens_per_second(), 50.0);
}

}  // namespace
}  // namespace millrace::model
