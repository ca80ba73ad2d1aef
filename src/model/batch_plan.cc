#include "model/batch_plan.h"

#include "base/check.h"

namespace millrace::model {

void BatchPlan::Build(const Batch& batch, int32_t block_size) {
  rows_.clear();
  output_rows_.clear();
  runs_.clear();
  output_runs_.clear();
  blocks_.clear();
  first_block_.clear();
  for (size_t i = 0; i < batch.sequences.size(); ++i) {
    const BatchSequence& sequence = batch.sequences[i];
    const int32_t end = sequence.first_position + sequence.token_count;
    const int32_t block_count = (end + block_size - 1) / block_size;
    MILLRACE_CHECK(sequence.token_count > 0 && sequence.first_position >= 0);
    MILLRACE_CHECK(sequence.blocks.size() >= static_cast<size_t>(block_count));
    first_block_.push_back(blocks_.size());
    blocks_.insert(blocks_.end(), sequence.blocks.begin(), sequence.blocks.begin() + block_count);
    runs_.push_back({static_cast<int32_t>(i), sequence.first_position, sequence.token_count});
    const auto first_row = static_cast<int32_t>(rows_.size());
    for (int32_t position = sequence.first_position; position < end; ++position) {
      rows_.push_back({position, sequence.blocks[static_cast<size_t>(position / block_size)],
                       position % block_size});
    }
    const int32_t outputs = sequence.wants_every_row ? sequence.token_count
                            : sequence.wants_logits  ? 1
                                                     : 0;
    for (int32_t row = sequence.token_count - outputs; row < sequence.token_count; ++row) {
      output_rows_.push_back(first_row + row);
    }
    if (outputs > 0) {
      output_runs_.push_back({static_cast<int32_t>(i), end - outputs, outputs});
    }
  }
  first_block_.push_back(blocks_.size());
  MILLRACE_CHECK(rows_.size() == batch.tokens.size());
}

kernels::CacheSlot BatchPlan::Slot(kv::Storage& storage, int32_t layer, const BatchRow& row) const {
  return {.key_block = storage.Keys(layer, row.block, 0),
          .value_block = storage.Values(layer, row.block, 0),
          .position_in_block = row.position_in_block};
}

std::span<const kernels::AttentionSequence> BatchPlan::AttendAll(kv::Storage& storage,
                                                                 int32_t layer,
                                                                 const AttentionBuffers& buffers) {
  PointAtLayer(storage, layer);
  return Attend(runs_, buffers);
}

std::span<const kernels::AttentionSequence> BatchPlan::AttendOutputs(
    kv::Storage& storage, int32_t layer, const AttentionBuffers& buffers) {
  PointAtLayer(storage, layer);
  return Attend(output_runs_, buffers);
}

void BatchPlan::PointAtLayer(kv::Storage& storage, int32_t layer) {
  keys_.resize(blocks_.size());
  values_.resize(blocks_.size());
  for (size_t i = 0; i < blocks_.size(); ++i) {
    keys_[i] = storage.Keys(layer, blocks_[i], 0);
    values_[i] = storage.Values(layer, blocks_[i], 0);
  }
}

std::span<const kernels::AttentionSequence> BatchPlan::Attend(std::span<const Run> runs,
                                                              const AttentionBuffers& buffers) {
  attention_.clear();
  int64_t row = 0;
  for (const Run& run : runs) {
    const auto sequence = static_cast<size_t>(run.sequence);
    const size_t first = first_block_[sequence];
    const size_t count = first_block_[sequence + 1] - first;
    attention_.push_back({.key_blocks = std::span(keys_).subspan(first, count),
                          .value_blocks = std::span(values_).subspan(first, count),
                          .first_position = run.first_position,
                          .token_count = run.row_count,
                          .queries = buffers.queries + row * buffers.query_stride,
                          .query_stride = buffers.query_stride,
                          .out = buffers.out + row * buffers.out_stride,
                          .out_stride = buffers.out_stride});
    row += run.row_count;
  }
  return attention_;
}

}  // namespace millrace::model
