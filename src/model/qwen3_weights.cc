#include "model/qwen3_weights.h"

#include <fmt/format.h>

#include <string>

namespace millrace::model {
namespace {

constexpr int64_t kVocabularyMax = 1 << 24;

// Query, key and value projections of a layer: three tensors, or one with the rows of all three.
base::Status ReadProjections(WeightReader& reader, const std::string& prefix,
                             const Qwen3Widths& widths, Qwen3LayerWeights& out) {
  const std::string fused = prefix + "attn_qkv.weight";
  if (reader.Has(fused)) {
    const auto all =
        TRY(reader.Matrix(fused, {widths.query + widths.key + widths.value, widths.hidden}));
    out.query = RowsOf(all, 0, widths.query);
    out.key = RowsOf(all, widths.query, widths.key);
    out.value = RowsOf(all, widths.query + widths.key, widths.value);
    return {};
  }
  out.query = TRY(reader.Matrix(prefix + "attn_q.weight", {widths.query, widths.hidden}));
  out.key = TRY(reader.Matrix(prefix + "attn_k.weight", {widths.key, widths.hidden}));
  out.value = TRY(reader.Matrix(prefix + "attn_v.weight", {widths.value, widths.hidden}));
  return {};
}

// Stacked tensors hold the matrices of all experts; gate and up may share one, gate rows first in
// each expert.
base::Status ReadMixture(WeightReader& reader, const std::string& prefix,
                         const HyperParameters& hyper, MixtureWeights& out) {
  const int64_t hidden = hyper.hidden_size;
  const int64_t ffn = hyper.ffn_size;
  const int64_t count = hyper.expert_count;
  out.router = TRY(reader.Matrix(prefix + "ffn_gate_inp.weight", {count, hidden}));
  const auto down = TRY(reader.Stack(prefix + "ffn_down_exps.weight", {hidden, ffn}, count));
  const std::string fused_name = prefix + "ffn_gate_up_exps.weight";
  const bool fused = reader.Has(fused_name);
  const auto gate = fused
                        ? TRY(reader.Stack(fused_name, {2 * ffn, hidden}, count))
                        : TRY(reader.Stack(prefix + "ffn_gate_exps.weight", {ffn, hidden}, count));
  const auto up =
      fused ? gate : TRY(reader.Stack(prefix + "ffn_up_exps.weight", {ffn, hidden}, count));
  const int64_t stride = fused ? 2 * ffn : ffn;
  for (int64_t expert = 0; expert < count; ++expert) {
    out.experts.push_back({.gate = RowsOf(gate, expert * stride, ffn),
                           .up = RowsOf(up, expert * stride + (fused ? ffn : 0), ffn),
                           .down = RowsOf(down, expert * hidden, hidden)});
  }
  return {};
}

base::Status ReadFeedForward(WeightReader& reader, const std::string& prefix,
                             const HyperParameters& hyper, FeedForwardWeights& out) {
  if (hyper.expert_count > 0) {
    return ReadMixture(reader, prefix, hyper, out.mixture);
  }
  out.gate = TRY(reader.Matrix(prefix + "ffn_gate.weight", {hyper.ffn_size, hyper.hidden_size}));
  out.up = TRY(reader.Matrix(prefix + "ffn_up.weight", {hyper.ffn_size, hyper.hidden_size}));
  out.down = TRY(reader.Matrix(prefix + "ffn_down.weight", {hyper.hidden_size, hyper.ffn_size}));
  return {};
}

base::Result<Qwen3LayerWeights> ReadLayer(WeightReader& reader, const HyperParameters& hyper,
                                          int32_t layer) {
  const Qwen3Widths widths(hyper);
  const std::string prefix = fmt::format("blk.{}.", layer);
  Qwen3LayerWeights out;
  out.attention_norm = TRY(reader.Vector(prefix + "attn_norm.weight", widths.hidden));
  TRY(ReadProjections(reader, prefix, widths, out));
  out.query_norm = TRY(reader.Vector(prefix + "attn_q_norm.weight", hyper.key_size));
  out.key_norm = TRY(reader.Vector(prefix + "attn_k_norm.weight", hyper.key_size));
  out.attention_output =
      TRY(reader.Matrix(prefix + "attn_output.weight", {widths.hidden, widths.attended}));
  out.ffn_norm = TRY(reader.Vector(prefix + "ffn_norm.weight", widths.hidden));
  TRY(ReadFeedForward(reader, prefix, hyper, out.ffn));
  return out;
}

}  // namespace

base::Result<Qwen3Weights> ReadQwen3Weights(WeightReader& reader, const HyperParameters& hyper) {
  Qwen3Weights out;
  out.embedding =
      TRY(reader.MatrixOfAnyHeight("token_embd.weight", hyper.hidden_size, kVocabularyMax));
  for (int32_t layer = 0; layer < hyper.layer_count; ++layer) {
    out.layers.push_back(TRY(ReadLayer(reader, hyper, layer)));
  }
  out.output_norm = TRY(reader.Vector("output_norm.weight", hyper.hidden_size));
  // Tied models may still carry the matrix a second time, often in a better type: use it when it is
  // there.
  out.output = reader.Has("output.weight")
                   ? TRY(reader.Matrix("output.weight", {out.embedding.rows, hyper.hidden_size}))
                   : out.embedding;
  TRY(reader.CheckAllTaken());
  return out;
}

}  // namespace millrace::model
