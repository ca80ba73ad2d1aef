#include "model/qwen3.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "base/check.h"
#include "kernels/attention.h"
#include "kernels/block_format.h"
#include "kernels/matmul.h"
#include "kernels/ops.h"
#include "model/batch_plan.h"
#include "model/hyper_parameters.h"
#include "model/parallel_rows.h"
#include "model/qwen3_weights.h"
#include "model/rope.h"
#include "model/row_buffer.h"
#include "model/weights.h"

namespace millrace::model {
namespace {

// Memory of a step. What attention and what the feed-forward network need in between is never
// needed at once, so both lie in the same place.
class Scratch {
 public:
  float* residual = nullptr;
  float* normed = nullptr;
  float* projected = nullptr;
  float* angles = nullptr;
  // While a layer attends.
  float* query = nullptr;
  float* key = nullptr;
  float* value = nullptr;
  float* attended = nullptr;
  // While a layer feeds forward.
  float* gate = nullptr;
  float* up = nullptr;

  void Reserve(int64_t rows, const Qwen3Widths& widths) {
    residual = residual_rows_.Reserve(rows, widths.hidden);
    normed = normed_rows_.Reserve(rows, widths.hidden);
    projected = projected_rows_.Reserve(rows, widths.hidden);
    angles = angle_rows_.Reserve(rows, widths.rotary);
    const int64_t attention = widths.query + widths.key + widths.value + widths.attended;
    query = phase_rows_.Reserve(rows, std::max(attention, 2 * widths.ffn));
    key = query + rows * widths.query;
    value = key + rows * widths.key;
    attended = value + rows * widths.value;
    gate = query;
    up = gate + rows * widths.ffn;
  }

 private:
  RowBuffer residual_rows_;
  RowBuffer normed_rows_;
  RowBuffer projected_rows_;
  RowBuffer angle_rows_;
  RowBuffer phase_rows_;
};

// What one call of Forward works on.
struct Step {
  kv::Storage& storage;
  kernels::ThreadPool& pool;
};

class Qwen3Model final : public Model {
 public:
  Qwen3Model(std::shared_ptr<const gguf::File> file, const HyperParameters& hyper,
             Qwen3Weights weights, ModelInfo info)
      : file_(std::move(file)),
        hyper_(hyper),
        weights_(std::move(weights)),
        info_(std::move(info)),
        widths_(hyper_),
        rope_(hyper_.rope),
        attention_shape_({.head_count = hyper_.head_count,
                          .kv_head_count = hyper_.kv_head_count,
                          .key_size = hyper_.key_size,
                          .value_size = hyper_.value_size,
                          .scale = 1.0F / std::sqrt(static_cast<float>(hyper_.key_size))}) {}

  const ModelInfo& info() const override { return info_; }

  void Forward(const Batch& batch, kv::Storage& storage, kernels::ThreadPool& pool,
               std::span<float> logits) override;

 private:
  void CheckStorage(const kv::Storage& storage) const;
  void Embed(std::span<const base::TokenId> tokens, const Step& step);
  void Layer(const Step& step, int32_t layer);
  void LastLayer(const Step& step, int32_t layer);
  void NormRows(const Step& step, std::span<const float> weight, int64_t rows);
  void Project(const Step& step, std::span<const kernels::Product> products, int64_t rows);
  void PrepareQueries(const Step& step, const Qwen3LayerWeights& weights, int64_t rows);
  void StoreKeysAndValues(const Step& step, int32_t layer);
  void Attend(const Step& step, std::span<const kernels::AttentionSequence> sequences, int64_t rows,
              const Qwen3LayerWeights& weights);
  void FeedForward(const Step& step, const Qwen3LayerWeights& weights, int64_t rows);
  void DenseFeedForward(const Step& step, const FeedForwardWeights& weights, int64_t rows);
  void AddProjected(const Step& step, int64_t rows);
  void KeepOutputRows();
  AttentionBuffers Buffers() const;

  std::shared_ptr<const gguf::File> file_;  // the weights point into it
  HyperParameters hyper_;
  Qwen3Weights weights_;
  ModelInfo info_;
  Qwen3Widths widths_;
  RopeTable rope_;
  kernels::AttentionShape attention_shape_;
  kernels::AttentionScratch attention_scratch_;
  kernels::ActivationBatch activations_;
  Mixture mixture_;
  BatchPlan plan_;
  Scratch scratch_;
};

void Qwen3Model::Forward(const Batch& batch, kv::Storage& storage, kernels::ThreadPool& pool,
                         std::span<float> logits) {
  CheckStorage(storage);
  attention_shape_.block_size = storage.shape().block_size;
  plan_.Build(batch, storage.shape().block_size);
  const auto rows = static_cast<int64_t>(plan_.rows().size());
  const auto output_rows = static_cast<int64_t>(plan_.output_rows().size());
  MILLRACE_CHECK(static_cast<int64_t>(logits.size()) == output_rows * info_.vocabulary_size);
  if (rows == 0) {
    return;
  }
  scratch_.Reserve(rows, widths_);
  const Step step = {.storage = storage, .pool = pool};
  Embed(batch.tokens, step);
  for (int32_t layer = 0; layer + 1 < hyper_.layer_count; ++layer) {
    Layer(step, layer);
  }
  LastLayer(step, hyper_.layer_count - 1);
  if (output_rows == 0) {
    return;
  }
  NormRows(step, weights_.output_norm, output_rows);
  const kernels::Product product = {
      .weight = weights_.output, .out = logits.data(), .out_stride = info_.vocabulary_size};
  Project(step, {&product, 1}, output_rows);
}

void Qwen3Model::CheckStorage(const kv::Storage& storage) const {
  const kv::StorageShape& shape = storage.shape();
  MILLRACE_CHECK(shape.layer_count == hyper_.layer_count);
  MILLRACE_CHECK(shape.kv_head_count == hyper_.kv_head_count);
  MILLRACE_CHECK(shape.key_size == hyper_.key_size);
  MILLRACE_CHECK(shape.value_size == hyper_.value_size);
}

void Qwen3Model::Embed(std::span<const base::TokenId> tokens, const Step& step) {
  const int64_t row_bytes = gguf::RowBytes(weights_.embedding.type, widths_.hidden);
  const auto rows = static_cast<int64_t>(tokens.size());
  ForRowSlices(step.pool, rows, widths_.hidden, [&](int64_t first, int64_t end) {
    for (int64_t row = first; row < end; ++row) {
      const int32_t token = base::ToIndex(tokens[static_cast<size_t>(row)]);
      MILLRACE_CHECK(token >= 0 && token < info_.vocabulary_size);
      kernels::Dequantise(weights_.embedding.type, weights_.embedding.data + token * row_bytes,
                          widths_.hidden, scratch_.residual + row * widths_.hidden);
      rope_.Angles(plan_.rows()[static_cast<size_t>(row)].position,
                   RowsAt(scratch_.angles, row, row + 1, widths_.rotary));
    }
  });
}

void Qwen3Model::Layer(const Step& step, int32_t layer) {
  const Qwen3LayerWeights& weights = weights_.layers[static_cast<size_t>(layer)];
  const auto rows = static_cast<int64_t>(plan_.rows().size());
  NormRows(step, weights.attention_norm, rows);
  const std::array<kernels::Product, 3> products = {{
      {weights.query, scratch_.query, widths_.query},
      {weights.key, scratch_.key, widths_.key},
      {weights.value, scratch_.value, widths_.value},
  }};
  Project(step, products, rows);
  StoreKeysAndValues(step, layer);
  PrepareQueries(step, weights, rows);
  Attend(step, plan_.AttendAll(step.storage, layer, Buffers()), rows, weights);
  FeedForward(step, weights, rows);
}

// Of the last layer every row leaves its key and value, but only the rows whose logits are wanted
// go on: in a long prompt that is one row, or none.
void Qwen3Model::LastLayer(const Step& step, int32_t layer) {
  const Qwen3LayerWeights& weights = weights_.layers[static_cast<size_t>(layer)];
  const auto rows = static_cast<int64_t>(plan_.rows().size());
  const auto output_rows = static_cast<int64_t>(plan_.output_rows().size());
  if (rows == output_rows) {
    Layer(step, layer);
    return;
  }
  NormRows(step, weights.attention_norm, rows);
  const std::array<kernels::Product, 2> products = {{
      {weights.key, scratch_.key, widths_.key},
      {weights.value, scratch_.value, widths_.value},
  }};
  Project(step, products, rows);
  StoreKeysAndValues(step, layer);
  if (output_rows == 0) {
    return;
  }
  KeepOutputRows();
  const kernels::Product product = {weights.query, scratch_.query, widths_.query};
  Project(step, {&product, 1}, output_rows);
  PrepareQueries(step, weights, output_rows);
  Attend(step, plan_.AttendOutputs(step.storage, layer, Buffers()), output_rows, weights);
  FeedForward(step, weights, output_rows);
}

AttentionBuffers Qwen3Model::Buffers() const {
  return {.queries = scratch_.query,
          .query_stride = widths_.query,
          .out = scratch_.attended,
          .out_stride = widths_.attended};
}

// Moves the output rows to the front of the buffers that the rest of the last layer reads.
void Qwen3Model::KeepOutputRows() {
  const auto move = [](float* data, int64_t from, int64_t to, int64_t width) {
    if (from != to) {
      std::copy_n(data + from * width, width, data + to * width);
    }
  };
  int64_t to = 0;
  for (const int32_t from : plan_.output_rows()) {
    move(scratch_.residual, from, to, widths_.hidden);
    move(scratch_.normed, from, to, widths_.hidden);
    move(scratch_.angles, from, to, widths_.rotary);
    ++to;
  }
}

void Qwen3Model::NormRows(const Step& step, std::span<const float> weight, int64_t rows) {
  ForRowSlices(step.pool, rows, widths_.hidden, [&](int64_t first, int64_t end) {
    kernels::RmsNorm(RowsAt(scratch_.residual, first, end, widths_.hidden), weight,
                     hyper_.norm_epsilon, RowsAt(scratch_.normed, first, end, widths_.hidden));
  });
}

// Products of the normed rows.
void Qwen3Model::Project(const Step& step, std::span<const kernels::Product> products,
                         int64_t rows) {
  activations_.Set({scratch_.normed, rows, widths_.hidden, widths_.hidden});
  kernels::MatMul(products, activations_, step.pool);
}

void Qwen3Model::PrepareQueries(const Step& step, const Qwen3LayerWeights& weights, int64_t rows) {
  ForRowSlices(step.pool, rows, widths_.query, [&](int64_t first, int64_t end) {
    const auto all = RowsAt(scratch_.query, first, end, widths_.query);
    kernels::RmsNorm(all, weights.query_norm, hyper_.norm_epsilon, all);
    for (int64_t row = first; row < end; ++row) {
      kernels::RopeHalfSplit(RowsAt(scratch_.query, row, row + 1, widths_.query), hyper_.key_size,
                             RowsAt(scratch_.angles, row, row + 1, widths_.rotary));
    }
  });
}

void Qwen3Model::StoreKeysAndValues(const Step& step, int32_t layer) {
  const Qwen3LayerWeights& weights = weights_.layers[static_cast<size_t>(layer)];
  const auto rows = static_cast<int64_t>(plan_.rows().size());
  ForRowSlices(step.pool, rows, widths_.key + widths_.value, [&](int64_t first, int64_t end) {
    const auto all = RowsAt(scratch_.key, first, end, widths_.key);
    kernels::RmsNorm(all, weights.key_norm, hyper_.norm_epsilon, all);
    for (int64_t row = first; row < end; ++row) {
      kernels::RopeHalfSplit(RowsAt(scratch_.key, row, row + 1, widths_.key), hyper_.key_size,
                             RowsAt(scratch_.angles, row, row + 1, widths_.rotary));
      kernels::StoreKeyValue(
          attention_shape_, scratch_.key + row * widths_.key, scratch_.value + row * widths_.value,
          plan_.Slot(step.storage, layer, plan_.rows()[static_cast<size_t>(row)]));
    }
  });
}

void Qwen3Model::Attend(const Step& step, std::span<const kernels::AttentionSequence> sequences,
                        int64_t rows, const Qwen3LayerWeights& weights) {
  kernels::Attend(attention_shape_, sequences, attention_scratch_, step.pool);
  activations_.Set({scratch_.attended, rows, widths_.attended, widths_.attended});
  const kernels::Product product = {weights.attention_output, scratch_.projected, widths_.hidden};
  kernels::MatMul({&product, 1}, activations_, step.pool);
  AddProjected(step, rows);
}

void Qwen3Model::FeedForward(const Step& step, const Qwen3LayerWeights& weights, int64_t rows) {
  NormRows(step, weights.ffn_norm, rows);
  if (hyper_.expert_count > 0) {
    const ExpertShape shape = {.hidden_size = widths_.hidden,
                               .ffn_size = widths_.ffn,
                               .expert_count = hyper_.expert_count,
                               .used_count = hyper_.expert_used_count};
    mixture_.Run(shape, weights.ffn.mixture, rows, scratch_.normed, scratch_.projected, step.pool);
  } else {
    DenseFeedForward(step, weights.ffn, rows);
  }
  AddProjected(step, rows);
}

void Qwen3Model::DenseFeedForward(const Step& step, const FeedForwardWeights& weights,
                                  int64_t rows) {
  const std::array<kernels::Product, 2> products = {{
      {weights.gate, scratch_.gate, widths_.ffn},
      {weights.up, scratch_.up, widths_.ffn},
  }};
  Project(step, products, rows);
  ForRowSlices(step.pool, rows, widths_.ffn, [&](int64_t first, int64_t end) {
    const auto gate = RowsAt(scratch_.gate, first, end, widths_.ffn);
    kernels::SiluMul(gate, RowsAt(scratch_.up, first, end, widths_.ffn), gate);
  });
  activations_.Set({scratch_.gate, rows, widths_.ffn, widths_.ffn});
  const kernels::Product product = {weights.down, scratch_.projected, widths_.hidden};
  kernels::MatMul({&product, 1}, activations_, step.pool);
}

void Qwen3Model::AddProjected(const Step& step, int64_t rows) {
  ForRowSlices(step.pool, rows, widths_.hidden, [&](int64_t first, int64_t end) {
    kernels::Add(RowsAt(scratch_.projected, first, end, widths_.hidden),
                 RowsAt(scratch_.residual, first, end, widths_.hidden));
  });
}

}  // namespace

base::Result<std::unique_ptr<Model>> LoadQwen3(std::shared_ptr<const gguf::File> file) {
  const HyperParameters hyper = TRY(ReadHyperParameters(*file));
  if (std::max(hyper.key_size, hyper.value_size) > kernels::kHeadSizeMax) {
    return base::Unsupported(fmt::format("{}: heads of {} and {} values, at most {} are supported",
                                         file->path(), hyper.key_size, hyper.value_size,
                                         kernels::kHeadSizeMax));
  }
  WeightReader reader(*file);
  Qwen3Weights weights = TRY(ReadQwen3Weights(reader, hyper));
  ModelInfo info = {.architecture = hyper.architecture,
                    .name = std::string(TRY(file->StringOr("general.name", ""))),
                    .vocabulary_size = static_cast<int32_t>(weights.embedding.rows),
                    .context_tokens = hyper.context_tokens,
                    .layer_count = hyper.layer_count,
                    .kv_head_count = hyper.kv_head_count,
                    .key_size = hyper.key_size,
                    .value_size = hyper.value_size,
                    .parameter_count = reader.parameter_count(),
                    .weight_bytes = reader.weight_bytes()};
  return std::make_unique<Qwen3Model>(std::move(file), hyper, std::move(weights), std::move(info));
}

}  // namespace millrace::model
