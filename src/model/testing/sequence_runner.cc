#include "model/testing/sequence_runner.h"

#include "base/check.h"
#include "base/random.h"
#include "model/testing/tiny_model.h"

namespace millrace::model::testing {

std::vector<base::TokenId> RandomTokens(int32_t count, int32_t vocabulary_size, uint64_t seed) {
  std::vector<base::TokenId> tokens;
  for (int32_t i = 0; i < count; ++i) {
    const uint64_t draw = base::SplitMix64((seed << 32) + static_cast<uint64_t>(i));
    tokens.push_back(
        base::TokenId{static_cast<int32_t>(draw % static_cast<uint64_t>(vocabulary_size))});
  }
  return tokens;
}

SequenceRunner::SequenceRunner(Model& model, kernels::ThreadPool& pool, int32_t block_count,
                               int32_t block_size)
    : model_(model),
      pool_(pool),
      storage_(MakeStorage(model, block_count, block_size)),
      next_block_(block_count) {}

size_t SequenceRunner::Add() {
  sequences_.emplace_back();
  return sequences_.size() - 1;
}

std::vector<std::vector<float>> SequenceRunner::Step(std::span<const Chunk> chunks) {
  const int32_t block_size = storage_.shape().block_size;
  std::vector<base::TokenId> tokens;
  std::vector<BatchSequence> rows;
  size_t row_count = 0;
  for (const Chunk& chunk : chunks) {
    Sequence& sequence = sequences_[chunk.sequence];
    const auto count = static_cast<int32_t>(chunk.tokens.size());
    while (static_cast<int32_t>(sequence.blocks.size()) * block_size < sequence.length + count) {
      MILLRACE_CHECK(next_block_ > 0);
      sequence.blocks.push_back(kv::BlockId{--next_block_});
    }
    tokens.insert(tokens.end(), chunk.tokens.begin(), chunk.tokens.end());
    rows.push_back({.blocks = sequence.blocks,
                    .first_position = sequence.length,
                    .token_count = count,
                    .wants_logits = chunk.wants_logits,
                    .wants_every_row = chunk.wants_every_row});
    sequence.length += count;
    row_count += chunk.wants_every_row ? chunk.tokens.size() : chunk.wants_logits ? 1 : 0;
  }
  const auto width = static_cast<size_t>(model_.info().vocabulary_size);
  std::vector<float> logits(row_count * width);
  model_.Forward({.tokens = tokens, .sequences = rows}, storage_, pool_, logits);
  std::vector<std::vector<float>> out;
  for (size_t row = 0; row < row_count; ++row) {
    const auto first = logits.begin() + static_cast<std::ptrdiff_t>(row * width);
    out.emplace_back(first, first + static_cast<std::ptrdiff_t>(width));
  }
  return out;
}

std::vector<float> SequenceRunner::Run(size_t sequence, std::span<const base::TokenId> tokens) {
  const Chunk chunk = {.sequence = sequence, .tokens = tokens};
  return Step({&chunk, 1}).front();
}

}  // namespace millrace::model::testing
