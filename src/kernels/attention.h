// Causal attention of new tokens over the paged KV cache, with grouped query heads.
//
// Keys and values are IEEE halves in blocks of `block_size` positions, heads of one block one after
// another (kv/storage.h). Inside a head of a block
//   values lie [position][value_size], and
//   keys lie TRANSPOSED: [key_size][position],
// so that the scores of neighbouring positions are neighbours in a vector register. Write them with
// StoreKeyValue; nobody else needs to know.
//
// Order of sums, the same for every split of a prompt, batch and thread count: positions are taken
// in segments of 256 from position 0 on. In a segment a score adds up its products in rising order,
// the softmax is taken around the segment's own maximum and values are added in rising position;
// then segments are merged in rising order. Source: the split softmax of FlashAttention-2,
// arXiv:2307.08691, section 3.1.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "kernels/dispatch.h"
#include "kernels/thread_pool.h"

namespace millrace::kernels {

// Longest head the kernels hold in their scratch memory; a model with longer ones must be refused
// at load.
inline constexpr int32_t kHeadSizeMax = 256;

struct AttentionShape {
  int32_t head_count = 0;     // a multiple of kv_head_count
  int32_t kv_head_count = 0;  // query head h reads kv head h / (head_count / kv_head_count)
  int32_t key_size = 0;       // 1 .. kHeadSizeMax
  int32_t value_size = 0;     // 1 .. kHeadSizeMax
  int32_t block_size = 16;    // fast when a multiple of 16
  float scale = 1;            // of the scores, normally 1 / sqrt(key_size)
};

// The new tokens of one sequence. Keys and values of these tokens must already be in the cache.
struct AttentionSequence {
  // Head 0 of each block of this layer, in position order, covering all positions up to the last
  // new one.
  std::span<const uint16_t* const> key_blocks;
  std::span<const uint16_t* const> value_blocks;
  int32_t first_position = 0;
  int32_t token_count = 0;
  const float* queries = nullptr;  // [token_count][head_count][key_size]
  int64_t query_stride = 0;        // floats from token to token
  float* out = nullptr;            // [token_count][head_count][value_size]
  int64_t out_stride = 0;
};

// Memory for partial results, kept from step to step. Thread-compatible.
class AttentionScratch {
 public:
  AttentionScratch();
  ~AttentionScratch();
  AttentionScratch(const AttentionScratch&) = delete;
  AttentionScratch& operator=(const AttentionScratch&) = delete;

 private:
  friend class AttentionRun;
  struct State;
  std::unique_ptr<State> state_;
};

// out[token][head] = softmax(scale * q . k over positions 0 .. position of the token) . v
void Attend(const AttentionShape& shape, std::span<const AttentionSequence> sequences,
            AttentionScratch& scratch, ThreadPool& pool, const KernelTable& kernels = Kernels());

// Where the key and the value of one token go.
struct CacheSlot {
  uint16_t* key_block = nullptr;    // head 0 of the token's block
  uint16_t* value_block = nullptr;  // likewise
  int32_t position_in_block = 0;
};

// Rounds the keys [kv_head_count][key_size] and values [kv_head_count][value_size] of one token to
// halves and stores them. Beyond the largest half they become the largest half.
void StoreKeyValue(const AttentionShape& shape, const float* keys, const float* values,
                   const CacheSlot& slot, const KernelTable& kernels = Kernels());

}  // namespace millrace::kernels
