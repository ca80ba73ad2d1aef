#include "model/decoder.h"

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
#include "model/decoder_weights.h"
#include "model/hyper_parameters.h"
#include "model/parallel_rows.h"
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

  void Reserve(int64_t rows, const DecoderWidths& widths) {
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

class Decoder final : public Model {
 public:
  Decoder(std::shared_ptr<const gguf::File> file, const HyperParameters& hyper,
          const DecoderTraits& traits, DecoderWeights weights, ModelInfo info)
      : file_(std::move(file)),
        hyper_(hyper),
        head_norm_order_(traits.head_norm_order),
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
  void PrepareHeads(std::span<float> heads, std::span<const float> bias,
                    std::span<const float> norm, std::span<const float> angles) const;
  void PrepareQueries(const Step& step, const AttentionWeights& weights, int64_t rows);
  void StoreKeysAndValues(const Step& step, int32_t layer);
  void Attend(const Step& step, std::span<const kernels::AttentionSequence> sequences, int64_t rows,
              const AttentionWeights& weights);
  void FeedForward(const Step& step, const FeedForwardWeights& weights, int64_t rows);
  void GatedFeedForward(const Step& step, const GatedWeights& weights, int64_t rows);
  void AddProjected(const Step& step, int64_t rows);
  void KeepOutputRows();
  AttentionBuffers Buffers() const;

  std::shared_ptr<const gguf::File> file_;  // the weights point into it
  HyperParameters hyper_;
  HeadNormOrder head_norm_order_;
  DecoderWeights weights_;
  ModelInfo info_;
  DecoderWidths widths_;
  RopeTable rope_;
  kernels::AttentionShape attention_shape_;
  kernels::AttentionScratch attention_scratch_;
  kernels::ActivationBatch activations_;
  Mixture mixture_;
  BatchPlan plan_;
  Scratch scratch_;
};

void Decoder::Forward(const Batch& batch, kv::Storage& storage, kernels::ThreadPool& pool,
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

void Decoder::CheckStorage(const kv::Storage& storage) const {
  const kv::StorageShape& shape = storage.shape();
  MILLRACE_CHECK(shape.layer_count == hyper_.layer_count);
  MILLRACE_CHECK(shape.kv_head_count == hyper_.kv_head_count);
  MILLRACE_CHECK(shape.key_size == hyper_.key_size);
  MILLRACE_CHECK(shape.value_size == hyper_.value_size);
}

void Decoder::Embed(std::span<const base::TokenId> tokens, const Step& step) {
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

void Decoder::Layer(const Step& step, int32_t layer) {
  const DecoderLayerWeights& weights = weights_.layers[static_cast<size_t>(layer)];
  const auto rows = static_cast<int64_t>(plan_.rows().size());
  NormRows(step, weights.attention.norm, rows);
  const std::array<kernels::Product, 3> products = {{
      {weights.attention.query, scratch_.query, widths_.query},
      {weights.attention.key, scratch_.key, widths_.key},
      {weights.attention.value, scratch_.value, widths_.value},
  }};
  Project(step, products, rows);
  StoreKeysAndValues(step, layer);
  PrepareQueries(step, weights.attention, rows);
  Attend(step, plan_.AttendAll(step.storage, layer, Buffers()), rows, weights.attention);
  FeedForward(step, weights.ffn, rows);
}

// Of the last layer every row leaves its key and value, but only the rows whose logits are wanted
// go on: in a long prompt that is one row, or none.
void Decoder::LastLayer(const Step& step, int32_t layer) {
  const DecoderLayerWeights& weights = weights_.layers[static_cast<size_t>(layer)];
  const auto rows = static_cast<int64_t>(plan_.rows().size());
  const auto output_rows = static_cast<int64_t>(plan_.output_rows().size());
  if (rows == output_rows) {
    Layer(step, layer);
    return;
  }
  NormRows(step, weights.attention.norm, rows);
  const std::array<kernels::Product, 2> products = {{
      {weights.attention.key, scratch_.key, widths_.key},
      {weights.attention.value, scratch_.value, widths_.value},
  }};
  Project(step, products, rows);
  StoreKeysAndValues(step, layer);
  if (output_rows == 0) {
    return;
  }
  KeepOutputRows();
  const kernels::Product product = {weights.attention.query, scratch_.query, widths_.query};
  Project(step, {&product, 1}, output_rows);
  PrepareQueries(step, weights.attention, output_rows);
  Attend(step, plan_.AttendOutputs(step.storage, layer, Buffers()), output_rows, weights.attention);
  FeedForward(step, weights.ffn, output_rows);
}

AttentionBuffers Decoder::Buffers() const {
  return {.queries = scratch_.query,
          .query_stride = widths_.query,
          .out = scratch_.attended,
          .out_stride = widths_.attended};
}

// Moves the output rows to the front of the buffers that the rest of the last layer reads.
void Decoder::KeepOutputRows() {
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

void Decoder::NormRows(const Step& step, std::span<const float> weight, int64_t rows) {
  ForRowSlices(step.pool, rows, widths_.hidden, [&](int64_t first, int64_t end) {
    kernels::RmsNorm(RowsAt(scratch_.residual, first, end, widths_.hidden), weight,
                     hyper_.norm_epsilon, RowsAt(scratch_.normed, first, end, widths_.hidden));
  });
}

// Products of the normed rows.
void Decoder::Project(const Step& step, std::span<const kernels::Product> products, int64_t rows) {
  activations_.Set({scratch_.normed, rows, widths_.hidden, widths_.hidden});
  kernels::MatMul(products, activations_, step.pool);
}

// Bias, norm and rotation of the query or key heads of one row.
void Decoder::PrepareHeads(std::span<float> heads, std::span<const float> bias,
                           std::span<const float> norm, std::span<const float> angles) const {
  if (!bias.empty()) {
    kernels::Add(bias, heads);
  }
  if (!norm.empty() && head_norm_order_ == HeadNormOrder::kBeforeRope) {
    kernels::RmsNorm(heads, norm, hyper_.norm_epsilon, heads);
  }
  kernels::RopeHalfSplit(heads, hyper_.key_size, angles);
  if (!norm.empty() && head_norm_order_ == HeadNormOrder::kAfterRope) {
    kernels::RmsNorm(heads, norm, hyper_.norm_epsilon, heads);
  }
}

void Decoder::PrepareQueries(const Step& step, const AttentionWeights& weights, int64_t rows) {
  ForRowSlices(step.pool, rows, widths_.query, [&](int64_t first, int64_t end) {
    for (int64_t row = first; row < end; ++row) {
      PrepareHeads(RowsAt(scratch_.query, row, row + 1, widths_.query), weights.query_bias,
                   weights.query_norm, RowsAt(scratch_.angles, row, row + 1, widths_.rotary));
    }
  });
}

void Decoder::StoreKeysAndValues(const Step& step, int32_t layer) {
  const AttentionWeights& weights = weights_.layers[static_cast<size_t>(layer)].attention;
  const auto rows = static_cast<int64_t>(plan_.rows().size());
  ForRowSlices(step.pool, rows, widths_.key + widths_.value, [&](int64_t first, int64_t end) {
    for (int64_t row = first; row < end; ++row) {
      const auto key = RowsAt(scratch_.key, row, row + 1, widths_.key);
      const auto value = RowsAt(scratch_.value, row, row + 1, widths_.value);
      PrepareHeads(key, weights.key_bias, weights.key_norm,
                   RowsAt(scratch_.angles, row, row + 1, widths_.rotary));
      if (!weights.value_bias.empty()) {
        kernels::Add(weights.value_bias, value);
      }
      kernels::StoreKeyValue(
          attention_shape_, key.data(), value.data(),
          plan_.Slot(step.storage, layer, plan_.rows()[static_cast<size_t>(row)]));
    }
  });
}

void Decoder::Attend(const Step& step, std::span<const kernels::AttentionSequence> sequences,
                     int64_t rows, const AttentionWeights& weights) {
  kernels::Attend(attention_shape_, sequences, attention_scratch_, step.pool);
  activations_.Set({scratch_.attended, rows, widths_.attended, widths_.attended});
  const kernels::Product product = {weights.output, scratch_.projected, widths_.hidden};
  kernels::MatMul({&product, 1}, activations_, step.pool);
  AddProjected(step, rows);
}

void Decoder::FeedForward(const Step& step, const FeedForwardWeights& weights, int64_t rows) {
  NormRows(step, weights.norm, rows);
  if (weights.mixture.experts.empty()) {
    GatedFeedForward(step, weights.dense, rows);
  } else {
    if (weights.shared.gate.rows > 0) {
      GatedFeedForward(step, weights.shared, rows);
    } else {
      std::fill_n(scratch_.projected, rows * widths_.hidden, 0.0F);
    }
    const ExpertShape shape = {.hidden_size = widths_.hidden,
                               .ffn_size = hyper_.experts.ffn_size,
                               .expert_count = hyper_.experts.count,
                               .used_count = hyper_.experts.used_count,
                               .rule = hyper_.experts.rule};
    mixture_.Run(shape, weights.mixture, rows, scratch_.normed, scratch_.projected, step.pool);
  }
  AddProjected(step, rows);
}

// From the normed to the projected rows.
void Decoder::GatedFeedForward(const Step& step, const GatedWeights& weights, int64_t rows) {
  const int64_t width = weights.gate.rows;
  const std::array<kernels::Product, 2> products = {{
      {weights.gate, scratch_.gate, width},
      {weights.up, scratch_.up, width},
  }};
  Project(step, products, rows);
  ForRowSlices(step.pool, rows, width, [&](int64_t first, int64_t end) {
    const auto gate = RowsAt(scratch_.gate, first, end, width);
    kernels::SiluMul(gate, RowsAt(scratch_.up, first, end, width), gate);
  });
  activations_.Set({scratch_.gate, rows, width, width});
  const kernels::Product product = {weights.down, scratch_.projected, widths_.hidden};
  kernels::MatMul({&product, 1}, activations_, step.pool);
}

void Decoder::AddProjected(const Step& step, int64_t rows) {
  ForRowSlices(step.pool, rows, widths_.hidden, [&](int64_t first, int64_t end) {
    kernels::Add(RowsAt(scratch_.projected, first, end, widths_.hidden),
                 RowsAt(scratch_.residual, first, end, widths_.hidden));
  });
}

}  // namespace

base::Result<std::unique_ptr<Model>> LoadDecoder(std::shared_ptr<const gguf::File> file,
                                                 const DecoderTraits& traits) {
  const HyperParameters hyper = TRY(ReadHyperParameters(*file));
  if (std::max(hyper.key_size, hyper.value_size) > kernels::kHeadSizeMax) {
    return base::Unsupported(fmt::format("{}: heads of {} and {} values, at most {} are supported",
                                         file->path(), hyper.key_size, hyper.value_size,
                                         kernels::kHeadSizeMax));
  }
  WeightReader reader(*file);
  DecoderWeights weights = TRY(ReadDecoderWeights(reader, hyper, traits));
  const std::string_view name = TRY(file->StringOr("general.name", ""));
  ModelInfo info = {.architecture = hyper.architecture,
                    .name = std::string(name),
                    .vocabulary_size = static_cast<int32_t>(weights.embedding.rows),
                    .context_tokens = hyper.context_tokens,
                    .layer_count = hyper.layer_count,
                    .kv_head_count = hyper.kv_head_count,
                    .key_size = hyper.key_size,
                    .value_size = hyper.value_size,
                    .parameter_count = reader.parameter_count(),
                    .weight_bytes = reader.weight_bytes()};
  return std::make_unique<Decoder>(std::move(file), hyper, traits, std::move(weights),
                                   std::move(info));
}

}  // namespace millrace::model
