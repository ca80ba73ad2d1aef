#include "model/bench.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/random.h"

namespace millrace::model {
namespace {

constexpr int32_t kBlockSize = 16;
constexpr int64_t kTokensMax = 1 << 24;

int32_t BlocksFor(int32_t tokens) { return (tokens + kBlockSize - 1) / kBlockSize; }

base::Status CheckOptions(const BenchOptions& options) {
  if (options.prefill_tokens < 0 || options.decode_tokens < 0 || options.depth < 0) {
    return base::InvalidArgument("token counts of a benchmark must not be negative");
  }
  if (options.chunk_tokens < 1 || options.repetitions < 1) {
    return base::InvalidArgument(
        "a benchmark needs chunks of at least one token and at least one repetition");
  }
  for (const int32_t size : options.batch_sizes) {
    if (size < 1) {
      return base::InvalidArgument("a batch has at least one sequence");
    }
    const int64_t tokens = (int64_t{options.depth} + options.decode_tokens) * size;
    if (tokens > kTokensMax) {
      return base::InvalidArgument("the batches of this benchmark hold too many tokens");
    }
  }
  return {};
}

// Sequences of equal length, each with its own blocks.
class Sequences {
 public:
  static base::Result<Sequences> Create(Model& model, kernels::ThreadPool& pool, int32_t count,
                                        int32_t length_max) {
    const ModelInfo& info = model.info();
    const int32_t blocks = BlocksFor(length_max);
    kv::Storage storage = TRY(kv::Storage::Create({.layer_count = info.layer_count,
                                                   .kv_head_count = info.kv_head_count,
                                                   .key_size = info.key_size,
                                                   .value_size = info.value_size,
                                                   .block_size = kBlockSize,
                                                   .block_count = blocks * count}));
    return Sequences(model, pool, std::move(storage), count, blocks);
  }

  // Adds `tokens` to the first sequence in chunks. Only the last chunk asks for logits, as a server
  // does.
  void Prefill(int32_t tokens, int32_t chunk_tokens) {
    for (int32_t done = 0; done < tokens; done += chunk_tokens) {
      const int32_t count = std::min(chunk_tokens, tokens - done);
      Step(1, count, done + count == tokens);
    }
  }

  // Gives every sequence the cache of the first: the same work as prefilling each.
  void CopyFirstToAll() {
    for (size_t other = 1; other < lengths_.size(); ++other) {
      const int32_t blocks = BlocksFor(lengths_[0]);
      for (int32_t block = 0; block < blocks; ++block) {
        CopyBlock(BlockOf(0, block), BlockOf(other, block));
      }
      lengths_[other] = lengths_[0];
    }
  }

  // One more token of each sequence.
  void Decode() { Step(lengths_.size(), 1, true); }

  void Truncate(int32_t length) { std::fill(lengths_.begin(), lengths_.end(), length); }

 private:
  Sequences(Model& model, kernels::ThreadPool& pool, kv::Storage storage, int32_t count,
            int32_t blocks)
      : model_(model),
        pool_(pool),
        storage_(std::move(storage)),
        lengths_(static_cast<size_t>(count), 0),
        blocks_each_(static_cast<size_t>(blocks)) {
    for (int32_t i = 0; i < count * blocks; ++i) {
      blocks_.push_back(kv::BlockId{i});
    }
  }

  kv::BlockId BlockOf(size_t sequence, int32_t block) const {
    return blocks_[sequence * blocks_each_ + static_cast<size_t>(block)];
  }

  void CopyBlock(kv::BlockId from, kv::BlockId to) {
    const kv::StorageShape& shape = storage_.shape();
    const size_t positions =
        static_cast<size_t>(shape.kv_head_count) * kBlockSize * sizeof(uint16_t);
    for (int32_t layer = 0; layer < shape.layer_count; ++layer) {
      std::memcpy(storage_.Keys(layer, to, 0), storage_.Keys(layer, from, 0),
                  positions * static_cast<size_t>(shape.key_size));
      std::memcpy(storage_.Values(layer, to, 0), storage_.Values(layer, from, 0),
                  positions * static_cast<size_t>(shape.value_size));
    }
  }

  void Step(size_t sequence_count, int32_t tokens_each, bool wants_logits) {
    tokens_.clear();
    steps_.clear();
    for (size_t i = 0; i < sequence_count; ++i) {
      for (int32_t token = 0; token < tokens_each; ++token) {
        const uint64_t draw = base::SplitMix64(draws_++);
        const auto vocabulary = static_cast<uint64_t>(model_.info().vocabulary_size);
        tokens_.push_back(base::TokenId{static_cast<int32_t>(draw % vocabulary)});
      }
      steps_.push_back({.blocks = std::span(blocks_).subspan(i * blocks_each_, blocks_each_),
                        .first_position = lengths_[i],
                        .token_count = tokens_each,
                        .wants_logits = wants_logits});
      lengths_[i] += tokens_each;
    }
    logits_.resize(
        wants_logits ? sequence_count * static_cast<size_t>(model_.info().vocabulary_size) : 0);
    model_.Forward({.tokens = tokens_, .sequences = steps_}, storage_, pool_, logits_);
  }

  Model& model_;
  kernels::ThreadPool& pool_;
  kv::Storage storage_;
  std::vector<int32_t> lengths_;  // tokens in the cache of each sequence
  size_t blocks_each_;
  std::vector<kv::BlockId> blocks_;
  std::vector<base::TokenId> tokens_;
  std::vector<BatchSequence> steps_;
  std::vector<float> logits_;
  uint64_t draws_ = 0;
};

template <typename Work>
double SecondsOf(const base::Clock& clock, const Work& work) {
  const base::TimePoint start = clock.Now();
  work();
  return std::chrono::duration<double>(clock.Now() - start).count();
}

base::Result<PrefillBench> BenchPrefill(Model& model, kernels::ThreadPool& pool,
                                        const base::Clock& clock, const BenchOptions& options) {
  Sequences sequences = TRY(Sequences::Create(model, pool, 1, options.prefill_tokens));
  PrefillBench out = {.prompt_tokens = options.prefill_tokens,
                      .samples = {options.prefill_tokens, {}}};
  sequences.Prefill(options.prefill_tokens, options.chunk_tokens);
  for (int32_t i = 0; i < options.repetitions; ++i) {
    sequences.Truncate(0);
    out.samples.seconds.push_back(
        SecondsOf(clock, [&] { sequences.Prefill(options.prefill_tokens, options.chunk_tokens); }));
  }
  return out;
}

base::Result<DecodeBench> BenchDecode(Model& model, kernels::ThreadPool& pool,
                                      const base::Clock& clock, const BenchOptions& options,
                                      int32_t sequence_count) {
  const int32_t length_max = options.depth + options.decode_tokens;
  Sequences sequences = TRY(Sequences::Create(model, pool, sequence_count, length_max));
  DecodeBench out = {.sequence_count = sequence_count,
                     .depth = options.depth,
                     .samples = {int64_t{sequence_count} * options.decode_tokens, {}}};
  sequences.Prefill(options.depth, options.chunk_tokens);
  sequences.CopyFirstToAll();
  sequences.Decode();
  for (int32_t i = 0; i < options.repetitions; ++i) {
    sequences.Truncate(options.depth);
    out.samples.seconds.push_back(SecondsOf(clock, [&] {
      for (int32_t token = 0; token < options.decode_tokens; ++token) {
        sequences.Decode();
      }
    }));
  }
  return out;
}

}  // namespace

double BenchSamples::tokens_per_second() const {
  if (seconds.empty()) {
    return 0;
  }
  std::vector<double> sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  const double median = sorted[sorted.size() / 2];
  return median > 0 ? static_cast<double>(tokens) / median : 0;
}

base::Result<BenchResult> RunBench(Model& model, kernels::ThreadPool& pool,
                                   const base::Clock& clock, const BenchOptions& options) {
  TRY(CheckOptions(options));
  BenchResult result;
  if (options.prefill_tokens > 0) {
    result.prefill.push_back(TRY(BenchPrefill(model, pool, clock, options)));
  }
  if (options.decode_tokens > 0) {
    for (const int32_t size : options.batch_sizes) {
      result.decode.push_back(TRY(BenchDecode(model, pool, clock, options, size)));
    }
  }
  return result;
}

}  // namespace millrace::model
