#include "model/testing/synthetic_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "gguf/writer.h"
#include "model/testing/random_blocks.h"
#include "model/testing/synthetic_vocabulary.h"

namespace millrace::model::testing {
namespace {

// Tensors above this size repeat pieces of one pool instead of drawing every value: a 4 B file is
// then written at the speed of the disk.
constexpr int64_t kFreshValuesMax = 1 << 20;
constexpr int64_t kPoolValues = 1 << 20;

struct Tensor {
  std::string name;
  std::vector<int64_t> dims;
  float mean = 0;
  float deviation = 0;
};

class TensorWriter {
 public:
  TensorWriter(gguf::Writer& writer, uint64_t seed) : writer_(writer), draws_(seed) {}

  base::Status Write(const Tensor& tensor, gguf::TensorType type) {
    int64_t count = 1;
    for (const int64_t size : tensor.dims) {
      count *= size;
    }
    if (count <= kFreshValuesMax) {
      return writer_.Append(Draw(tensor, type, count));
    }
    return Repeat(Pool(tensor, type), type, count);
  }

 private:
  std::vector<std::byte> Draw(const Tensor& tensor, gguf::TensorType type, int64_t count) {
    return MakeRandomBlocks(
        {.type = type, .count = count, .mean = tensor.mean, .deviation = tensor.deviation}, draws_);
  }

  const std::vector<std::byte>& Pool(const Tensor& tensor, gguf::TensorType type) {
    const auto key = std::pair(type, tensor.deviation);
    auto found = pools_.find(key);
    if (found == pools_.end()) {
      found = pools_.emplace(key, Draw(tensor, type, kPoolValues)).first;
    }
    return found->second;
  }

  // Runs of the pool from random places, in whole blocks.
  base::Status Repeat(const std::vector<std::byte>& pool, gguf::TensorType type, int64_t count) {
    const gguf::TensorTypeInfo& info = gguf::InfoOf(type);
    const auto block_bytes = static_cast<uint64_t>(info.block_bytes);
    const uint64_t pool_blocks = pool.size() / block_bytes;
    auto left = static_cast<uint64_t>(count / info.block_values);
    while (left > 0) {
      const uint64_t first = draws_.NextBits() % pool_blocks;
      const uint64_t blocks = std::min(left, pool_blocks - first);
      TRY(writer_.Append(std::span(pool).subspan(first * block_bytes, blocks * block_bytes)));
      left -= blocks;
    }
    return {};
  }

  gguf::Writer& writer_;
  Draws draws_;
  std::map<std::pair<gguf::TensorType, float>, std::vector<std::byte>> pools_;
};

// Deviations keep activations near 1 from layer to layer; norms differ from 1 so that leaving one
// out shows.
std::vector<Tensor> TensorsOf(const SyntheticModel& model) {
  std::vector<Tensor> out;
  const int64_t hidden = model.hidden_size;
  const int64_t query = int64_t{model.head_count} * model.head_size;
  const int64_t key = int64_t{model.kv_head_count} * model.head_size;
  const int64_t ffn = model.ffn_size;
  const auto norm = [&](std::string name, int64_t size) {
    out.push_back({std::move(name), {size}, 1.0F, 0.2F});
  };
  const auto matrix = [&](std::string name, int64_t columns, int64_t rows) {
    out.push_back(
        {std::move(name), {columns, rows}, 0.0F, 1.0F / std::sqrt(static_cast<float>(columns))});
  };
  const auto stack = [&](std::string name, int64_t columns, int64_t rows) {
    matrix(std::move(name), columns, rows);
    out.back().dims.push_back(model.expert_count);
  };
  const float embedding = 2.0F / std::sqrt(static_cast<float>(hidden));
  out.push_back({"token_embd.weight", {hidden, model.vocabulary_size}, 0.0F, embedding});
  for (int32_t layer = 0; layer < model.layer_count; ++layer) {
    const std::string prefix = fmt::format("blk.{}.", layer);
    norm(prefix + "attn_norm.weight", hidden);
    matrix(prefix + "attn_q.weight", hidden, query);
    matrix(prefix + "attn_k.weight", hidden, key);
    matrix(prefix + "attn_v.weight", hidden, key);
    matrix(prefix + "attn_output.weight", query, hidden);
    norm(prefix + "attn_q_norm.weight", model.head_size);
    norm(prefix + "attn_k_norm.weight", model.head_size);
    norm(prefix + "ffn_norm.weight", hidden);
    if (model.expert_count > 0) {
      matrix(prefix + "ffn_gate_inp.weight", hidden, model.expert_count);
      stack(prefix + "ffn_gate_exps.weight", hidden, ffn);
      stack(prefix + "ffn_up_exps.weight", hidden, ffn);
      stack(prefix + "ffn_down_exps.weight", ffn, hidden);
    } else {
      matrix(prefix + "ffn_gate.weight", hidden, ffn);
      matrix(prefix + "ffn_up.weight", hidden, ffn);
      matrix(prefix + "ffn_down.weight", ffn, hidden);
    }
  }
  norm("output_norm.weight", hidden);
  if (!model.tied) {
    out.push_back({"output.weight", {hidden, model.vocabulary_size}, 0.0F, embedding});
  }
  return out;
}

gguf::TensorType TypeOf(const SyntheticModel& model, const Tensor& tensor) {
  int32_t layer = 0;
  if (tensor.name.starts_with("blk.")) {
    layer = std::stoi(tensor.name.substr(4));
  }
  return gguf::TypeInMix(model.mix, {.name = tensor.name,
                                     .row_length = tensor.dims[0],
                                     .dimension_count = static_cast<int32_t>(tensor.dims.size()),
                                     .layer = layer,
                                     .layer_count = model.layer_count,
                                     .has_output = !model.tied});
}

void SetShape(const SyntheticModel& model, gguf::Writer& writer) {
  const bool experts = model.expert_count > 0;
  const std::string architecture = experts ? "qwen3moe" : "qwen3";
  const auto count = [&](std::string_view key, int32_t value) {
    writer.SetUint32(fmt::format("{}.{}", architecture, key), static_cast<uint32_t>(value));
  };
  const auto number = [&](std::string_view key, double value) {
    writer.SetFloat32(fmt::format("{}.{}", architecture, key), static_cast<float>(value));
  };
  writer.SetString("general.architecture", architecture);
  writer.SetString("general.name", model.name);
  writer.SetUint32("general.file_type", static_cast<uint32_t>(model.mix));
  writer.SetUint32("general.quantization_version", 2);
  count("block_count", model.layer_count);
  count("context_length", model.context_tokens);
  count("embedding_length", model.hidden_size);
  count("feed_forward_length", model.ffn_size);
  if (experts) {
    count("expert_count", model.expert_count);
    count("expert_used_count", model.expert_used_count);
    count("expert_feed_forward_length", model.ffn_size);
  }
  count("attention.head_count", model.head_count);
  count("attention.head_count_kv", model.kv_head_count);
  count("attention.key_length", model.head_size);
  count("attention.value_length", model.head_size);
  number("attention.layer_norm_rms_epsilon", 1e-6);
  number("rope.freq_base", model.rope_base);
  if (model.yarn_factor > 1) {
    writer.SetString(architecture + ".rope.scaling.type", "yarn");
    number("rope.scaling.factor", model.yarn_factor);
    count("rope.scaling.original_context_length", model.yarn_original_context);
  }
}

void SetVocabulary(int32_t size, gguf::Writer& writer) {
  const SyntheticVocabulary vocabulary = MakeVocabulary(size);
  writer.SetString("tokenizer.ggml.model", "gpt2");
  writer.SetString("tokenizer.ggml.pre", "qwen2");
  writer.SetStringArray("tokenizer.ggml.tokens", vocabulary.tokens);
  writer.SetInt32Array("tokenizer.ggml.token_type", vocabulary.types);
  writer.SetStringArray("tokenizer.ggml.merges", vocabulary.merges);
  writer.SetUint32("tokenizer.ggml.bos_token_id", static_cast<uint32_t>(vocabulary.end_of_text));
  writer.SetUint32("tokenizer.ggml.eos_token_id", static_cast<uint32_t>(vocabulary.end_of_turn));
  writer.SetUint32("tokenizer.ggml.padding_token_id",
                   static_cast<uint32_t>(vocabulary.end_of_text));
  writer.SetBool("tokenizer.ggml.add_bos_token", false);
}

base::Status CheckSpec(const SyntheticModel& model) {
  const std::array sizes = {model.layer_count,   model.hidden_size, model.head_count,
                            model.kv_head_count, model.head_size,   model.ffn_size};
  if (std::any_of(sizes.begin(), sizes.end(), [](int32_t size) { return size <= 0; }) ||
      model.vocabulary_size < (model.with_vocabulary ? kTinyVocabularySize : 1)) {
    return base::InvalidArgument("a size of the synthetic model is too small");
  }
  return {};
}

SyntheticModel Qwen3Shape(std::string name, int32_t layers, int32_t hidden, int32_t heads,
                          int32_t ffn, bool tied) {
  SyntheticModel model;
  model.name = std::move(name);
  model.layer_count = layers;
  model.hidden_size = hidden;
  model.head_count = heads;
  model.kv_head_count = 8;
  model.head_size = 128;
  model.ffn_size = ffn;
  model.context_tokens = 40960;
  model.tied = tied;
  model.vocabulary_size = 151936;
  return model;
}

}  // namespace

std::optional<SyntheticModel> FindShape(std::string_view name) {
  if (name == "tiny") {
    return SyntheticModel{};
  }
  if (name == "qwen3-0.6b") {
    return Qwen3Shape("qwen3-0.6b-random", 28, 1024, 16, 3072, true);
  }
  if (name == "qwen3-4b") {
    return Qwen3Shape("qwen3-4b-random", 36, 2560, 32, 9728, true);
  }
  if (name == "qwen3-8b") {
    return Qwen3Shape("qwen3-8b-random", 36, 4096, 32, 12288, false);
  }
  return std::nullopt;
}

base::Status WriteSyntheticModel(const SyntheticModel& model, std::ostream& out) {
  TRY(CheckSpec(model));
  gguf::Writer writer;
  SetShape(model, writer);
  if (model.with_vocabulary) {
    if (model.set_vocabulary) {
      model.set_vocabulary(writer);
    } else {
      SetVocabulary(model.vocabulary_size, writer);
    }
    writer.SetString("tokenizer.chat_template", model.chat_template.empty()
                                                    ? SyntheticChatTemplate()
                                                    : std::string_view(model.chat_template));
  }
  const std::vector<Tensor> tensors = TensorsOf(model);
  for (const Tensor& tensor : tensors) {
    TRY(writer.AddTensor(tensor.name, TypeOf(model, tensor), tensor.dims));
  }
  TRY(writer.Begin(out));
  TensorWriter data(writer, model.seed);
  for (const Tensor& tensor : tensors) {
    TRY(data.Write(tensor, TypeOf(model, tensor)));
  }
  return writer.Finish();
}

}  // namespace millrace::model::testing
