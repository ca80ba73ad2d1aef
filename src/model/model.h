// A loaded model: token ids in, logits out. One file per model family implements it (qwen3.cc).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "gguf/reader.h"
#include "kernels/thread_pool.h"
#include "kv/block_id.h"
#include "kv/storage.h"

namespace millrace::model {

// What the rest of the engine needs to know of a model.
struct ModelInfo {
  std::string architecture;     // "qwen3"
  std::string name;             // general.name, may be empty
  int32_t vocabulary_size = 0;  // columns of the logits
  int32_t context_tokens = 0;   // positions the model was made for
  int32_t layer_count = 0;
  int32_t kv_head_count = 0;
  int32_t key_size = 0;
  int32_t value_size = 0;
  int64_t parameter_count = 0;
  int64_t weight_bytes = 0;
};

// The new tokens of one sequence in a step: positions first_position … first_position + token_count
// - 1.
struct BatchSequence {
  std::span<const kv::BlockId>
      blocks;  // the sequence's block table, covering at least the last new position
  int32_t first_position = 0;  // tokens already in the cache
  int32_t token_count = 0;     // > 0
  bool wants_logits = false;   // of the last new token
  bool wants_every_row =
      false;  // of every new token: a drafted continuation is checked in one step
};

// Tokens of all sequences one after another, in the order of `sequences`.
struct Batch {
  std::span<const base::TokenId> tokens;
  std::span<const BatchSequence> sequences;
};

// Weights are immutable after Load and shared; Forward needs exclusive use of `storage` and of the
// model's scratch memory, so it runs on one thread (the engine's) at a time and spreads itself over
// the pool.
//
// Decision 3 of the design: the logits of a row depend on the row's own tokens alone, bit for bit:
// not on the batch it shares, the split of its prompt into chunks, or the number of threads.
class Model {
 public:
  virtual ~Model() = default;

  virtual const ModelInfo& info() const = 0;

  // Writes keys and values of every new token into `storage` and, for each sequence that wants them
  // and in that order, a row of `vocabulary_size` logits (`wants_every_row`: one for each of its
  // new tokens, in their order). `logits` holds exactly those rows. `storage` has this model's
  // layers, heads and sizes.
  virtual void Forward(const Batch& batch, kv::Storage& storage, kernels::ThreadPool& pool,
                       std::span<float> logits) = 0;
};

// Loads the model a file describes. The file stays mapped for the model's lifetime; nothing is
// copied that can be used in place. Errors: kUnsupported (unknown architecture or tensor type, by
// name), kCorruptData (missing or misshapen tensors, by name and expected shape).
base::Result<std::unique_ptr<Model>> Load(std::shared_ptr<const gguf::File> file);

// What the file's metadata says of its model; no weights are looked at, so `parameter_count` and
// `weight_bytes` are those of all tensors of the file. Errors as Load has them for metadata.
base::Result<ModelInfo> ReadInfo(const gguf::File& file);

}  // namespace millrace::model
