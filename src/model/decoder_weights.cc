#include "model/decoder_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace millrace::model {
namespace {

constexpr int64_t kVocabularyMax = 1 << 24;

class LayerReader {
 public:
  LayerReader(WeightReader& reader, const HyperParameters& hyper, const DecoderTraits& traits,
              int32_t layer)
      : reader_(reader),
        hyper_(hyper),
        traits_(traits),
        widths_(hyper),
        layer_(layer),
        prefix_(fmt::format("blk.{}.", layer)) {}

  base::Result<DecoderLayerWeights> Read() {
    DecoderLayerWeights out;
    out.attention = TRY(ReadAttention());
    out.ffn.norm = TRY(reader_.Vector(Name(traits_.second_norm), widths_.hidden));
    const bool dense = hyper_.experts.count == 0 || layer_ < hyper_.experts.leading_dense_count;
    if (dense) {
      out.ffn.dense = TRY(ReadGated("", hyper_.ffn_size));
      return out;
    }
    out.ffn.mixture = TRY(ReadMixture());
    if (hyper_.experts.shared_ffn_size > 0) {
      out.ffn.shared = TRY(ReadGated("_shexp", hyper_.experts.shared_ffn_size));
    }
    return out;
  }

 private:
  std::string Name(std::string_view name) const {
    return fmt::format("{}{}.weight", prefix_, name);
  }

  bool Wanted(Presence presence, const std::string& name) const {
    return presence == Presence::kAlways || (presence == Presence::kIfInFile && reader_.Has(name));
  }

  base::Result<AttentionWeights> ReadAttention() {
    AttentionWeights out;
    out.norm = TRY(reader_.Vector(Name("attn_norm"), widths_.hidden));
    TRY(ReadProjections(out));
    if (Wanted(traits_.head_norms, Name("attn_q_norm"))) {
      out.query_norm = TRY(reader_.Vector(Name("attn_q_norm"), hyper_.key_size));
      out.key_norm = TRY(reader_.Vector(Name("attn_k_norm"), hyper_.key_size));
    }
    out.output = TRY(reader_.Matrix(Name("attn_output"), {widths_.hidden, widths_.attended}));
    return out;
  }

  // Three tensors, or one with the rows of all three.
  base::Status ReadProjections(AttentionWeights& out) {
    if (reader_.Has(Name("attn_qkv"))) {
      const int64_t rows = widths_.query + widths_.key + widths_.value;
      const auto all = TRY(reader_.Matrix(Name("attn_qkv"), {rows, widths_.hidden}));
      out.query = RowsOf(all, 0, widths_.query);
      out.key = RowsOf(all, widths_.query, widths_.key);
      out.value = RowsOf(all, widths_.query + widths_.key, widths_.value);
    } else {
      out.query = TRY(reader_.Matrix(Name("attn_q"), {widths_.query, widths_.hidden}));
      out.key = TRY(reader_.Matrix(Name("attn_k"), {widths_.key, widths_.hidden}));
      out.value = TRY(reader_.Matrix(Name("attn_v"), {widths_.value, widths_.hidden}));
    }
    if (Wanted(traits_.projection_biases, prefix_ + "attn_q.bias")) {
      out.query_bias = TRY(reader_.Vector(prefix_ + "attn_q.bias", widths_.query));
      out.key_bias = TRY(reader_.Vector(prefix_ + "attn_k.bias", widths_.key));
      out.value_bias = TRY(reader_.Vector(prefix_ + "attn_v.bias", widths_.value));
    }
    return {};
  }

  base::Result<GatedWeights> ReadGated(std::string_view suffix, int64_t ffn) {
    GatedWeights out;
    out.gate = TRY(reader_.Matrix(Name(fmt::format("ffn_gate{}", suffix)), {ffn, widths_.hidden}));
    out.up = TRY(reader_.Matrix(Name(fmt::format("ffn_up{}", suffix)), {ffn, widths_.hidden}));
    out.down = TRY(reader_.Matrix(Name(fmt::format("ffn_down{}", suffix)), {widths_.hidden, ffn}));
    return out;
  }

  // Stacked tensors hold the matrices of all experts; gate and up may share one, gate rows first in
  // each expert.
  base::Result<MixtureWeights> ReadMixture() {
    const int64_t hidden = widths_.hidden;
    const int64_t ffn = hyper_.experts.ffn_size;
    const int64_t count = hyper_.experts.count;
    MixtureWeights out;
    out.router = TRY(reader_.Matrix(Name("ffn_gate_inp"), {count, hidden}));
    // Its name has no ".weight" in most files.
    for (const std::string& name : {prefix_ + "exp_probs_b.bias", prefix_ + "exp_probs_b"}) {
      if (reader_.Has(name)) {
        out.choice_bias = TRY(reader_.Vector(name, count));
      }
    }
    const auto down = TRY(reader_.Stack(Name("ffn_down_exps"), {hidden, ffn}, count));
    const bool fused = reader_.Has(Name("ffn_gate_up_exps"));
    const auto gate = fused ? TRY(reader_.Stack(Name("ffn_gate_up_exps"), {2 * ffn, hidden}, count))
                            : TRY(reader_.Stack(Name("ffn_gate_exps"), {ffn, hidden}, count));
    const auto up = fused ? gate : TRY(reader_.Stack(Name("ffn_up_exps"), {ffn, hidden}, count));
    const int64_t stride = fused ? 2 * ffn : ffn;
    for (int64_t expert = 0; expert < count; ++expert) {
      out.experts.push_back({.gate = RowsOf(gate, expert * stride, ffn),
                             .up = RowsOf(up, expert * stride + (fused ? ffn : 0), ffn),
                             .down = RowsOf(down, expert * hidden, hidden)});
    }
    return out;
  }

  WeightReader& reader_;
  const HyperParameters& hyper_;
  const DecoderTraits& traits_;
  DecoderWidths widths_;
  int32_t layer_;
  std::string prefix_;
};

}  // namespace

DecoderWidths::DecoderWidths(const HyperParameters& hyper)
    : hidden(hyper.hidden_size),
      query(int64_t{hyper.head_count} * hyper.key_size),
      key(int64_t{hyper.kv_head_count} * hyper.key_size),
      value(int64_t{hyper.kv_head_count} * hyper.value_size),
      attended(int64_t{hyper.head_count} * hyper.value_size),
      ffn(std::max(hyper.ffn_size, hyper.experts.shared_ffn_size)),
      rotary(hyper.rope.dimension_count) {}

base::Result<DecoderWeights> ReadDecoderWeights(WeightReader& reader, const HyperParameters& hyper,
                                                const DecoderTraits& traits) {
  DecoderWeights out;
  out.embedding =
      TRY(reader.MatrixOfAnyHeight("token_embd.weight", hyper.hidden_size, kVocabularyMax));
  for (int32_t layer = 0; layer < hyper.layer_count; ++layer) {
    out.layers.push_back(TRY(LayerReader(reader, hyper, traits, layer).Read()));
  }
  out.output_norm = TRY(reader.Vector("output_norm.weight", hyper.hidden_size));
  // Tied models may still carry the matrix a second time, often in a better type: use it when it is
  // there.
  out.output = reader.Has("output.weight")
                   ? TRY(reader.Matrix("output.weight", {out.embedding.rows, hyper.hidden_size}))
                   : out.embedding;
  // The ordinary forward pass does not need the layers that guess further ahead.
  for (int32_t draft = 0; draft < hyper.draft_layer_count; ++draft) {
    reader.Skip(fmt::format("blk.{}.", hyper.layer_count + draft));
  }
  TRY(reader.CheckAllTaken());
  return out;
}

}  // namespace millrace::model
