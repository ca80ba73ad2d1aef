#include "engine/testing/hash_model.h"

#include <array>
#include <atomic>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "base/random.h"

namespace millrace::engine::testing {
namespace {

constexpr int32_t kHalves = 4;  // of a key and of a value: 64 bits

uint64_t Extend(uint64_t hash, base::TokenId token) {
  return base::SplitMix64(hash ^ static_cast<uint64_t>(ToIndex(token) + 1));
}

void FillLogits(uint64_t hash, std::span<float> logits) {
  for (size_t i = 0; i < logits.size(); ++i) {
    const uint64_t value = base::SplitMix64(hash + i);
    logits[i] = static_cast<float>(value >> 40) * 0x1.0p-24F * 6.0F;
  }
}

// One position of one sequence in every layer and head.
class Cell {
 public:
  Cell(kv::Storage& storage, const model::BatchSequence& sequence, int32_t position)
      : storage_(storage),
        block_(sequence.blocks[static_cast<size_t>(position / storage.shape().block_size)]),
        offset_(position % storage.shape().block_size * kHalves) {}

  void Write(base::TokenId token, uint64_t hash) {
    const auto key = static_cast<uint64_t>(ToIndex(token));
    ForEachHead([&](uint16_t* keys, uint16_t* values) {
      std::memcpy(keys, &key, sizeof key);
      std::memcpy(values, &hash, sizeof hash);
    });
  }

  // The hash after this position. Throws when it is not what `before` and the stored token give.
  uint64_t Read(uint64_t before) {
    uint64_t result = 0;
    bool first = true;
    ForEachHead([&](const uint16_t* keys, const uint16_t* values) {
      uint64_t key = 0;
      uint64_t hash = 0;
      std::memcpy(&key, keys, sizeof key);
      std::memcpy(&hash, values, sizeof hash);
      if (hash != Extend(before, base::TokenId{static_cast<int32_t>(key)}) ||
          (!first && hash != result)) {
        throw std::runtime_error("a position of the cache holds another text");
      }
      first = false;
      result = hash;
    });
    return result;
  }

 private:
  template <typename Body>
  void ForEachHead(const Body& body) {
    for (int32_t layer = 0; layer < storage_.shape().layer_count; ++layer) {
      for (int32_t head = 0; head < storage_.shape().kv_head_count; ++head) {
        body(storage_.Keys(layer, block_, head) + offset_,
             storage_.Values(layer, block_, head) + offset_);
      }
    }
  }

  kv::Storage& storage_;
  kv::BlockId block_;
  int32_t offset_;
};

// Writes the new tokens of a sequence; returns the hash of the whole text.
uint64_t Advance(const model::BatchSequence& sequence, std::span<const base::TokenId> tokens,
                 kv::Storage& storage) {
  uint64_t hash = 0;
  for (int32_t position = 0; position < sequence.first_position; ++position) {
    hash = Cell(storage, sequence, position).Read(hash);
  }
  int32_t position = sequence.first_position;
  for (base::TokenId token : tokens) {
    hash = Extend(hash, token);
    Cell(storage, sequence, position++).Write(token, hash);
  }
  return hash;
}

}  // namespace

HashModel::HashModel(HashModelOptions options) : options_(std::move(options)) {
  info_ = {.architecture = "hash",
           .name = "hash",
           .vocabulary_size = options_.vocabulary_size,
           .context_tokens = options_.context_tokens,
           .layer_count = 2,
           .kv_head_count = 2,
           .key_size = kHalves,
           .value_size = kHalves};
}

void HashModel::Forward(const model::Batch& batch, kv::Storage& storage, kernels::ThreadPool& pool,
                        std::span<float> logits) {
  if (options_.before_step) {
    options_.before_step(batch);
  }
  struct Work {
    std::span<const base::TokenId> tokens;
    std::span<float> logits;
  };
  std::vector<Work> work;
  size_t token = 0;
  size_t row = 0;
  const auto vocabulary = static_cast<size_t>(info_.vocabulary_size);
  for (const model::BatchSequence& sequence : batch.sequences) {
    const auto count = static_cast<size_t>(sequence.token_count);
    work.push_back({.tokens = batch.tokens.subspan(token, count), .logits = {}});
    token += count;
    if (sequence.wants_logits) {
      work.back().logits = logits.subspan(row++ * vocabulary, vocabulary);
    }
  }
  std::atomic<bool> corrupt = false;
  pool.Run(static_cast<int32_t>(work.size()), [&](int32_t part) {
    const auto i = static_cast<size_t>(part);
    try {
      FillLogits(Advance(batch.sequences[i], work[i].tokens, storage), work[i].logits);
    } catch (const std::runtime_error&) {
      corrupt = true;
    }
  });
  if (corrupt) {
    throw std::runtime_error("a position of the cache holds another text");
  }
}

std::vector<float> HashModel::LogitsAfter(std::span<const base::TokenId> text,
                                          int32_t vocabulary_size) {
  uint64_t hash = 0;
  for (base::TokenId token : text) {
    hash = Extend(hash, token);
  }
  std::vector<float> logits(static_cast<size_t>(vocabulary_size));
  FillLogits(hash, logits);
  return logits;
}

}  // namespace millrace::engine::testing
