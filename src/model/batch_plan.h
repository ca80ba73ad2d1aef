// A Batch spread out into rows, one a token, and the pointers attention needs: what every model
// family shares.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/attention.h"
#include "kv/storage.h"
#include "model/model.h"

namespace millrace::model {

struct BatchRow {
  int32_t position = 0;  // in its sequence
  kv::BlockId block = {};
  int32_t position_in_block = 0;
};

// Queries and results of attention, one row a token.
struct AttentionBuffers {
  const float* queries = nullptr;
  int64_t query_stride = 0;  // floats
  float* out = nullptr;
  int64_t out_stride = 0;  // floats
};

// Keeps its memory from step to step. Thread-compatible.
class BatchPlan {
 public:
  // Checks that the batch is consistent; an engine that sends another is broken.
  void Build(const Batch& batch, int32_t block_size);

  std::span<const BatchRow> rows() const { return rows_; }
  // Rows whose logits are wanted, rising.
  std::span<const int32_t> output_rows() const { return output_rows_; }

  // Where the key and value of a row go in a layer.
  kernels::CacheSlot Slot(kv::Storage& storage, int32_t layer, const BatchRow& row) const;

  // Points attention at a layer of the cache. Valid until the next call; buffers have a row for
  // each row of the batch.
  std::span<const kernels::AttentionSequence> AttendAll(kv::Storage& storage, int32_t layer,
                                                        const AttentionBuffers& buffers);
  // The same for the output rows alone: buffers have a row for each of them.
  std::span<const kernels::AttentionSequence> AttendOutputs(kv::Storage& storage, int32_t layer,
                                                            const AttentionBuffers& buffers);

 private:
  // Consecutive rows of one sequence.
  struct Run {
    int32_t sequence = 0;
    int32_t first_position = 0;
    int32_t row_count = 0;
  };

  void PointAtLayer(kv::Storage& storage, int32_t layer);
  std::span<const kernels::AttentionSequence> Attend(std::span<const Run> runs,
                                                     const AttentionBuffers& buffers);

  std::vector<BatchRow> rows_;
  std::vector<int32_t> output_rows_;
  std::vector<Run> runs_;
  std::vector<Run> output_runs_;
  std::vector<kv::BlockId> blocks_;      // of all sequences, one after another
  std::vector<size_t> first_block_;      // of each sequence in blocks_, and the end
  std::vector<const uint16_t*> keys_;    // of each of blocks_ in the current layer
  std::vector<const uint16_t*> values_;  // likewise
  std::vector<kernels::AttentionSequence> attention_;
};

}  // namespace millrace::model
