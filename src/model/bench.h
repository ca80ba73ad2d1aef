// Measures how fast a model runs on this machine: prefill and decode in tokens a second.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kernels/thread_pool.h"
#include "model/model.h"

namespace millrace::model {

struct BenchOptions {
  int32_t prefill_tokens = 512;  // 0: leave prefill out
  int32_t decode_tokens = 64;    // of each sequence; 0: leave decode out
  int32_t depth = 0;             // tokens in the cache of each sequence before decoding begins
  std::vector<int32_t> batch_sizes = {1};  // sequences that decode together
  int32_t chunk_tokens = 512;              // prompt tokens of one step
  int32_t repetitions = 3;                 // of each measurement
};

// One measurement, repeated. `tokens` is what one repetition computes, over all sequences.
struct BenchSamples {
  int64_t tokens = 0;
  std::vector<double> seconds;

  // By the median repetition.
  double tokens_per_second() const;
};

struct PrefillBench {
  int32_t prompt_tokens = 0;
  BenchSamples samples;
};

struct DecodeBench {
  int32_t sequence_count = 0;
  int32_t depth = 0;
  BenchSamples samples;  // aggregate of all sequences
};

struct BenchResult {
  std::vector<PrefillBench> prefill;  // empty or one
  std::vector<DecodeBench> decode;    // one a batch size
};

// Runs everything once to bring the weights into memory, then measures. Tokens are drawn, not
// sampled: the cost of choosing them is not part of the figures. Every sequence has a cache of its
// own, none share blocks. kInvalidArgument for options that make no sense, kResourceExhausted when
// the cache does not fit.
base::Result<BenchResult> RunBench(Model& model, kernels::ThreadPool& pool,
                                   const base::Clock& clock, const BenchOptions& options);

}  // namespace millrace::model
