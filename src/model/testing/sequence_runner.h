// Runs one or several sequences on a model in chunks of any size, with a simple block allocator.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "kernels/thread_pool.h"
#include "kv/storage.h"
#include "model/model.h"

namespace millrace::model::testing {

// `count` tokens below `vocabulary_size`, the same for the same seed.
std::vector<base::TokenId> RandomTokens(int32_t count, int32_t vocabulary_size, uint64_t seed);

// Owns a cache. Each sequence takes blocks as it grows, interleaved with the others', so that block
// tables are never simply consecutive.
class SequenceRunner {
 public:
  SequenceRunner(Model& model, kernels::ThreadPool& pool, int32_t block_count = 512,
                 int32_t block_size = 16);

  // A new empty sequence; returns its number.
  size_t Add();

  struct Chunk {
    size_t sequence = 0;
    std::span<const base::TokenId> tokens;
    bool wants_logits = true;
    bool wants_every_row = false;
  };
  // One call of Forward; the rows of logits in the order of the chunks.
  std::vector<std::vector<float>> Step(std::span<const Chunk> chunks);

  // One chunk of one sequence; its last row.
  std::vector<float> Run(size_t sequence, std::span<const base::TokenId> tokens);

 private:
  struct Sequence {
    std::vector<kv::BlockId> blocks;
    int32_t length = 0;
  };

  Model& model_;
  kernels::ThreadPool& pool_;
  kv::Storage storage_;
  std::vector<Sequence> sequences_;
  int32_t next_block_;
};

}  // namespace millrace::model::testing
