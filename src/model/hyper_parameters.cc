#include "model/hyper_parameters.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>
#include <variant>
#include <vector>

#include "base/utf8.h"

namespace millrace::model {
namespace {

constexpr int64_t kLayersMax = 1024;
constexpr int64_t kExpertsMax = 4096;
constexpr int64_t kHeadsMax = 4096;
constexpr int64_t kHeadSizeMax = 4096;
constexpr int64_t kWidthMax = 1 << 22;
constexpr int64_t kContextMax = 1 << 30;

// Reads the keys of one architecture; messages carry the file and the whole key.
class KeyReader {
 public:
  KeyReader(const gguf::File& file, std::string_view architecture)
      : file_(file), architecture_(architecture) {}

  std::string Key(std::string_view name) const { return fmt::format("{}.{}", architecture_, name); }
  const gguf::File& file() const { return file_; }

  // An integer from 1 to `max`.
  base::Result<int32_t> Count(std::string_view name, int64_t max) const {
    const int64_t value = TRY(file_.Integer(Key(name)));
    return Check(name, value, max);
  }

  base::Result<int32_t> CountOr(std::string_view name, int64_t fallback, int64_t max) const {
    const int64_t value = TRY(file_.IntegerOr(Key(name), fallback));
    return Check(name, value, max);
  }

  // An integer from 0 to `max`, 0 when the key is missing.
  base::Result<int32_t> CountOrZero(std::string_view name, int64_t max) const {
    const int64_t value = TRY(file_.IntegerOr(Key(name), 0));
    if (value == 0) {
      return 0;
    }
    return Check(name, value, max);
  }

  // A count that some files give for each layer: all must agree.
  base::Result<int32_t> UniformCountOr(std::string_view name, int64_t fallback, int64_t max) const {
    const gguf::Value* value = file_.Find(Key(name));
    const auto* list = value == nullptr ? nullptr : std::get_if<std::vector<int64_t>>(value);
    if (list == nullptr) {
      return CountOr(name, fallback, max);
    }
    if (list->empty()) {
      return Wrong(name, "is an empty array, expected one number for each layer");
    }
    for (const int64_t element : *list) {
      if (element != list->front()) {
        return base::Unsupported(fmt::format("{}: the metadata key \"{}\" differs between layers",
                                             file_.path(), Key(name)));
      }
    }
    return Check(name, list->front(), max);
  }

  // A finite number above zero.
  base::Result<double> Positive(std::string_view name, double value) const {
    if (!std::isfinite(value) || value <= 0) {
      return Wrong(name, fmt::format("is {}, expected a number above zero", value));
    }
    return value;
  }

  base::Result<double> PositiveOr(std::string_view name, double fallback) const {
    const double value = TRY(file_.NumberOr(Key(name), fallback));
    return Positive(name, value);
  }

  base::Error Wrong(std::string_view name, std::string_view problem) const {
    return base::CorruptData(
        fmt::format("{}: the metadata key \"{}\" {}", file_.path(), Key(name), problem));
  }

 private:
  base::Result<int32_t> Check(std::string_view name, int64_t value, int64_t max) const {
    if (value < 1 || value > max) {
      return Wrong(name, fmt::format("is {}, expected 1 to {}", value, max));
    }
    return static_cast<int32_t>(value);
  }

  const gguf::File& file_;
  std::string_view architecture_;
};

base::Result<RopeScaling> ReadScalingType(const KeyReader& keys) {
  const std::string key = keys.Key("rope.scaling.type");
  const std::string_view type = TRY(keys.file().StringOr(key, "none"));
  if (type == "none") {
    return RopeScaling::kNone;
  }
  if (type == "linear") {
    return RopeScaling::kLinear;
  }
  if (type == "yarn") {
    return RopeScaling::kYarn;
  }
  return base::Unsupported(
      fmt::format("{}: the metadata key \"{}\" is \"{}\"; this build knows none, linear and yarn",
                  keys.file().path(), key, base::SanitizeUtf8(type.substr(0, 40))));
}

base::Result<RopeParameters> ReadRope(const KeyReader& keys, int32_t key_size,
                                      int32_t context_tokens) {
  RopeParameters rope;
  rope.dimension_count = TRY(keys.CountOr("rope.dimension_count", key_size, key_size));
  if (rope.dimension_count % 2 != 0) {
    return keys.Wrong("rope.dimension_count",
                      fmt::format("is {}, expected an even number", rope.dimension_count));
  }
  rope.base = TRY(keys.PositiveOr("rope.freq_base", 10000.0));
  rope.scaling = TRY(ReadScalingType(keys));
  // Files made before `rope.scaling` existed carry linear scaling in a key of its own.
  const bool old_linear = keys.file().Find(keys.Key("rope.scale_linear")) != nullptr &&
                          keys.file().Find(keys.Key("rope.scaling.type")) == nullptr;
  if (old_linear) {
    rope.scaling = RopeScaling::kLinear;
    rope.factor = TRY(keys.PositiveOr("rope.scale_linear", 1.0));
  } else {
    rope.factor = TRY(keys.PositiveOr("rope.scaling.factor", 1.0));
  }
  if (rope.scaling != RopeScaling::kYarn) {
    return rope;
  }
  rope.original_context =
      TRY(keys.PositiveOr("rope.scaling.original_context_length", context_tokens));
  rope.beta_fast = TRY(keys.PositiveOr("rope.scaling.yarn_beta_fast", 32.0));
  rope.beta_slow = TRY(keys.PositiveOr("rope.scaling.yarn_beta_slow", 1.0));
  rope.attention_factor = TRY(keys.PositiveOr("rope.scaling.attn_factor", 1.0));
  // How much of the ramp between the two kinds of frequencies is used. -1 stands for the default,
  // all.
  const double ramp = TRY(keys.file().NumberOr(keys.Key("rope.scaling.yarn_ext_factor"), 1.0));
  if (ramp != 1.0 && ramp != -1.0) {
    return base::Unsupported(
        fmt::format("{}: the metadata key \"{}\" is {}, this build knows 1 only",
                    keys.file().path(), keys.Key("rope.scaling.yarn_ext_factor"), ramp));
  }
  return rope;
}

base::Result<ExpertRule> ReadExpertRule(const KeyReader& keys) {
  constexpr int64_t kSoftmaxNumber = 1;
  constexpr int64_t kSigmoidNumber = 2;
  const std::string gate_key = keys.Key("expert_gating_func");
  const int64_t gate = TRY(keys.file().IntegerOr(gate_key, kSoftmaxNumber));
  if (gate != kSoftmaxNumber && gate != kSigmoidNumber) {
    return base::Unsupported(
        fmt::format("{}: the metadata key \"{}\" is {}; this build knows 1 (softmax) and 2 "
                    "(sigmoid)",
                    keys.file().path(), gate_key, gate));
  }
  const int64_t groups = TRY(keys.file().IntegerOr(keys.Key("expert_group_count"), 1));
  if (groups > 1) {
    return base::Unsupported(
        fmt::format("{}: experts in {} groups are not supported", keys.file().path(), groups));
  }
  ExpertRule rule;
  rule.gate = gate == kSigmoidNumber ? ExpertGate::kSigmoid : ExpertGate::kSoftmax;
  rule.normalise = TRY(keys.file().BoolOr(keys.Key("expert_weights_norm"), true));
  rule.scale = static_cast<float>(TRY(keys.PositiveOr("expert_weights_scale", 1.0)));
  return rule;
}

base::Result<ExpertParameters> ReadExperts(const KeyReader& keys, int32_t layer_count) {
  ExpertParameters out;
  if (keys.file().Find(keys.Key("expert_count")) == nullptr) {
    return out;
  }
  out.count = TRY(keys.Count("expert_count", kExpertsMax));
  out.used_count = TRY(keys.Count("expert_used_count", out.count));
  out.ffn_size = TRY(keys.Count("expert_feed_forward_length", kWidthMax));
  out.leading_dense_count = TRY(keys.CountOrZero("leading_dense_block_count", layer_count));
  const int32_t shared_count = TRY(keys.CountOrZero("expert_shared_count", kExpertsMax));
  out.shared_ffn_size = TRY(keys.CountOrZero("expert_shared_feed_forward_length", kWidthMax));
  if (out.shared_ffn_size == 0) {
    const int64_t width = int64_t{shared_count} * out.ffn_size;
    if (width > kWidthMax) {
      return keys.Wrong("expert_shared_count", fmt::format("is {}, too many", shared_count));
    }
    out.shared_ffn_size = static_cast<int32_t>(width);
  }
  out.rule = TRY(ReadExpertRule(keys));
  return out;
}

// Layers that predict tokens further ahead are counted with the others.
base::Status ReadLayers(const KeyReader& keys, HyperParameters& out) {
  const int32_t blocks = TRY(keys.Count("block_count", kLayersMax));
  out.draft_layer_count = TRY(keys.CountOrZero("nextn_predict_layers", blocks - 1));
  out.layer_count = blocks - out.draft_layer_count;
  out.experts = TRY(ReadExperts(keys, out.layer_count));
  const bool any_dense = out.experts.count == 0 || out.experts.leading_dense_count > 0;
  out.ffn_size = any_dense ? TRY(keys.Count("feed_forward_length", kWidthMax)) : 0;
  return {};
}

}  // namespace

base::Result<HyperParameters> ReadHyperParameters(const gguf::File& file) {
  HyperParameters out;
  out.architecture = std::string(TRY(file.String("general.architecture")));
  const KeyReader keys(file, out.architecture);
  out.context_tokens = TRY(keys.Count("context_length", kContextMax));
  out.hidden_size = TRY(keys.Count("embedding_length", kWidthMax));
  TRY(ReadLayers(keys, out));
  out.head_count = TRY(keys.UniformCountOr("attention.head_count", 0, kHeadsMax));
  out.kv_head_count =
      TRY(keys.UniformCountOr("attention.head_count_kv", out.head_count, kHeadsMax));
  if (out.head_count % out.kv_head_count != 0) {
    return keys.Wrong("attention.head_count_kv",
                      fmt::format("is {}, which does not divide the {} heads", out.kv_head_count,
                                  out.head_count));
  }
  const int32_t head_size = out.hidden_size / out.head_count;
  out.key_size = TRY(keys.CountOr("attention.key_length", head_size, kHeadSizeMax));
  out.value_size = TRY(keys.CountOr("attention.value_length", head_size, kHeadSizeMax));
  constexpr std::string_view kEpsilon = "attention.layer_norm_rms_epsilon";
  const double epsilon = TRY(file.Number(keys.Key(kEpsilon)));
  out.norm_epsilon = static_cast<float>(TRY(keys.Positive(kEpsilon, epsilon)));
  out.rope = TRY(ReadRope(keys, out.key_size, out.context_tokens));
  return out;
}

}  // namespace millrace::model
