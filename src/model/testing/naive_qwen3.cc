#include "model/testing/naive_qwen3.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <string>

#include "base/check.h"
#include "gguf/half.h"
#include "kernels/block_format.h"

namespace millrace::model::testing {
namespace {

using Vector = std::vector<double>;

struct Matrix {
  int64_t rows = 0;
  int64_t columns = 0;
  std::vector<float> values;

  std::span<const float> Row(int64_t row) const {
    return std::span(values).subspan(static_cast<size_t>(row * columns),
                                     static_cast<size_t>(columns));
  }
};

Vector Multiply(const Matrix& matrix, const Vector& x) {
  MILLRACE_CHECK(matrix.columns == static_cast<int64_t>(x.size()));
  Vector out(static_cast<size_t>(matrix.rows));
  for (int64_t row = 0; row < matrix.rows; ++row) {
    double sum = 0;
    const auto weights = matrix.Row(row);
    for (size_t i = 0; i < x.size(); ++i) {
      sum += static_cast<double>(weights[i]) * x[i];
    }
    out[static_cast<size_t>(row)] = sum;
  }
  return out;
}

// Each `size` values of x for themselves.
Vector Norm(const Vector& x, const Matrix& weight, double epsilon) {
  Vector out = x;
  const auto size = static_cast<size_t>(weight.columns);
  for (size_t first = 0; first < x.size(); first += size) {
    double squares = 0;
    for (size_t i = 0; i < size; ++i) {
      squares += x[first + i] * x[first + i];
    }
    const double scale = 1.0 / std::sqrt(squares / static_cast<double>(size) + epsilon);
    for (size_t i = 0; i < size; ++i) {
      out[first + i] = x[first + i] * scale * static_cast<double>(weight.values[i]);
    }
  }
  return out;
}

struct Rope {
  Vector frequencies;
  double magnitude = 1;
};

// Frequencies by the formulas of YaRN, arXiv:2309.00071, section 3.2.
Rope RopeOf(const gguf::File& file, const std::string& prefix, int64_t head_size) {
  const double base = file.Number(prefix + "rope.freq_base").value();
  const auto size = static_cast<double>(head_size);
  Rope rope;
  for (int64_t i = 0; i < head_size / 2; ++i) {
    rope.frequencies.push_back(std::pow(base, -2.0 * static_cast<double>(i) / size));
  }
  if (file.StringOr(prefix + "rope.scaling.type", "none").value() != "yarn") {
    return rope;
  }
  const double factor = file.Number(prefix + "rope.scaling.factor").value();
  const double original = file.Number(prefix + "rope.scaling.original_context_length").value();
  const auto dimension = [&](double rotations) {
    return size * std::log(original / (rotations * 2 * std::numbers::pi)) / (2 * std::log(base));
  };
  const double low = std::max(0.0, std::floor(dimension(32)));
  const double high = std::min(size - 1, std::ceil(dimension(1)));
  for (size_t i = 0; i < rope.frequencies.size(); ++i) {
    const double ramp =
        std::clamp((static_cast<double>(i) - low) / std::max(0.001, high - low), 0.0, 1.0);
    rope.frequencies[i] *= (1 - ramp) + ramp / factor;
  }
  rope.magnitude = 0.1 * std::log(factor) + 1;
  return rope;
}

void Rotate(Vector& heads, size_t head_size, const Rope& rope, int64_t position) {
  const size_t half = head_size / 2;
  for (size_t first = 0; first < heads.size(); first += head_size) {
    for (size_t i = 0; i < half; ++i) {
      const double angle = static_cast<double>(position) * rope.frequencies[i];
      const double c = std::cos(angle) * rope.magnitude;
      const double s = std::sin(angle) * rope.magnitude;
      const double a = heads[first + i];
      const double b = heads[first + half + i];
      heads[first + i] = a * c - b * s;
      heads[first + half + i] = a * s + b * c;
    }
  }
}

class NaiveModel {
 public:
  NaiveModel(const gguf::File& file, CacheRounding rounding)
      : file_(file),
        rounding_(rounding),
        prefix_(std::string(file.String("general.architecture").value()) + "."),
        layers_(file.Integer(prefix_ + "block_count").value()),
        heads_(file.Integer(prefix_ + "attention.head_count").value()),
        kv_heads_(file.Integer(prefix_ + "attention.head_count_kv").value()),
        head_size_(file.Integer(prefix_ + "attention.key_length").value()),
        epsilon_(file.Number(prefix_ + "attention.layer_norm_rms_epsilon").value()),
        rope_(RopeOf(file, prefix_, head_size_)) {}

  std::vector<Vector> Logits(std::span<const base::TokenId> tokens) const {
    const Matrix embedding = Load("token_embd.weight");
    std::vector<Vector> states;
    for (const base::TokenId token : tokens) {
      const auto row = embedding.Row(base::ToIndex(token));
      states.emplace_back(row.begin(), row.end());
    }
    for (int64_t layer = 0; layer < layers_; ++layer) {
      const std::string prefix = "blk." + std::to_string(layer) + ".";
      AddAttention(prefix, states);
      AddFeedForward(prefix, states);
    }
    const Matrix norm = Load("output_norm.weight");
    const Matrix output =
        file_.FindTensor("output.weight") != nullptr ? Load("output.weight") : embedding;
    for (Vector& state : states) {
      state = Multiply(output, Norm(state, norm, epsilon_));
    }
    return states;
  }

 private:
  Matrix Load(const std::string& name) const {
    const gguf::TensorInfo* tensor = file_.FindTensor(name);
    MILLRACE_CHECK(tensor != nullptr);
    Matrix out = {tensor->row_count(), tensor->row_length(), {}};
    out.values.resize(static_cast<size_t>(tensor->element_count()));
    kernels::Dequantise(tensor->type, tensor->data.data(), tensor->element_count(),
                        out.values.data());
    return out;
  }

  void Round(Vector& x) const {
    if (rounding_ == CacheRounding::kHalves) {
      for (double& value : x) {
        value =
            static_cast<double>(gguf::HalfToFloat(gguf::FloatToHalf(static_cast<float>(value))));
      }
    }
  }

  void AddAttention(const std::string& prefix, std::vector<Vector>& states) const {
    const Matrix norm = Load(prefix + "attn_norm.weight");
    const Matrix wq = Load(prefix + "attn_q.weight");
    const Matrix wk = Load(prefix + "attn_k.weight");
    const Matrix wv = Load(prefix + "attn_v.weight");
    const Matrix wo = Load(prefix + "attn_output.weight");
    const Matrix query_norm = Load(prefix + "attn_q_norm.weight");
    const Matrix key_norm = Load(prefix + "attn_k_norm.weight");
    std::vector<Vector> keys;
    std::vector<Vector> values;
    const auto size = static_cast<size_t>(head_size_);
    for (size_t position = 0; position < states.size(); ++position) {
      const Vector x = Norm(states[position], norm, epsilon_);
      Vector query = Norm(Multiply(wq, x), query_norm, epsilon_);
      keys.push_back(Norm(Multiply(wk, x), key_norm, epsilon_));
      values.push_back(Multiply(wv, x));
      Rotate(query, size, rope_, static_cast<int64_t>(position));
      Rotate(keys.back(), size, rope_, static_cast<int64_t>(position));
      Round(keys.back());
      Round(values.back());
      const Vector attended = Multiply(wo, Attend(query, keys, values));
      for (size_t i = 0; i < attended.size(); ++i) {
        states[position][i] += attended[i];
      }
    }
  }

  Vector Attend(const Vector& query, const std::vector<Vector>& keys,
                const std::vector<Vector>& values) const {
    Vector out(query.size(), 0.0);
    const auto size = static_cast<size_t>(head_size_);
    for (int64_t head = 0; head < heads_; ++head) {
      const size_t q = static_cast<size_t>(head) * size;
      const size_t kv = static_cast<size_t>(head / (heads_ / kv_heads_)) * size;
      Vector scores;
      for (const Vector& key : keys) {
        double dot = 0;
        for (size_t i = 0; i < size; ++i) {
          dot += query[q + i] * key[kv + i];
        }
        scores.push_back(dot / std::sqrt(static_cast<double>(head_size_)));
      }
      const double largest = *std::max_element(scores.begin(), scores.end());
      double total = 0;
      for (double& score : scores) {
        score = std::exp(score - largest);
        total += score;
      }
      for (size_t position = 0; position < values.size(); ++position) {
        for (size_t i = 0; i < size; ++i) {
          out[q + i] += scores[position] / total * values[position][kv + i];
        }
      }
    }
    return out;
  }

  static Vector Swiglu(const Vector& x, const Matrix& gate_weight, const Matrix& up_weight,
                       const Matrix& down_weight) {
    Vector gate = Multiply(gate_weight, x);
    const Vector up = Multiply(up_weight, x);
    for (size_t i = 0; i < gate.size(); ++i) {
      gate[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
    }
    return Multiply(down_weight, gate);
  }

  void AddFeedForward(const std::string& prefix, std::vector<Vector>& states) const {
    const Matrix norm = Load(prefix + "ffn_norm.weight");
    const bool experts = file_.FindTensor(prefix + "ffn_gate_inp.weight") != nullptr;
    const std::string suffix = experts ? "_exps.weight" : ".weight";
    const Matrix router = experts ? Load(prefix + "ffn_gate_inp.weight") : Matrix{};
    const bool fused = file_.FindTensor(prefix + "ffn_gate_up_exps.weight") != nullptr;
    const Matrix gate = fused ? Half(prefix, router.rows, 0) : Load(prefix + "ffn_gate" + suffix);
    const Matrix up = fused ? Half(prefix, router.rows, 1) : Load(prefix + "ffn_up" + suffix);
    const Matrix down = Load(prefix + "ffn_down" + suffix);
    for (Vector& state : states) {
      const Vector x = Norm(state, norm, epsilon_);
      const Vector result = experts ? Mix(x, router, gate, up, down) : Swiglu(x, gate, up, down);
      for (size_t i = 0; i < result.size(); ++i) {
        state[i] += result[i];
      }
    }
  }

  // Matrix `index` of `count` that lie one after another.
  static Matrix Part(const Matrix& stack, int64_t count, int64_t index) {
    const int64_t rows = stack.rows / count;
    const auto first = stack.values.begin() + index * rows * stack.columns;
    return {rows, stack.columns, {first, first + rows * stack.columns}};
  }

  // The gate (0) or up (1) matrices of all experts, which share one tensor: of each expert first
  // gate, then up.
  Matrix Half(const std::string& prefix, int64_t count, int64_t which) const {
    const Matrix both = Load(prefix + "ffn_gate_up_exps.weight");
    Matrix out = {both.rows / 2, both.columns, {}};
    for (int64_t expert = 0; expert < count; ++expert) {
      const Matrix half = Part(both, 2 * count, 2 * expert + which);
      out.values.insert(out.values.end(), half.values.begin(), half.values.end());
    }
    return out;
  }

  // Softmax over all experts, the best ones chosen, their shares divided by their sum.
  Vector Mix(const Vector& x, const Matrix& router, const Matrix& gate, const Matrix& up,
             const Matrix& down) const {
    Vector share = Multiply(router, x);
    for (double& score : share) {
      score = std::exp(score);
    }
    std::vector<size_t> order(share.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return share[a] > share[b]; });
    order.resize(static_cast<size_t>(file_.Integer(prefix_ + "expert_used_count").value()));
    double total = 0;
    for (const size_t expert : order) {
      total += share[expert];
    }
    Vector out(x.size(), 0.0);
    for (const size_t expert : order) {
      const auto index = static_cast<int64_t>(expert);
      const Vector result = Swiglu(x, Part(gate, router.rows, index), Part(up, router.rows, index),
                                   Part(down, router.rows, index));
      for (size_t i = 0; i < out.size(); ++i) {
        out[i] += share[expert] / total * result[i];
      }
    }
    return out;
  }

  const gguf::File& file_;
  CacheRounding rounding_;
  std::string prefix_;
  int64_t layers_;
  int64_t heads_;
  int64_t kv_heads_;
  int64_t head_size_;
  double epsilon_;
  Rope rope_;
};

}  // namespace

std::vector<std::vector<double>> NaiveLogits(const gguf::File& file,
                                             std::span<const base::TokenId> tokens,
                                             CacheRounding rounding) {
  return NaiveModel(file, rounding).Logits(tokens);
}

}  // namespace millrace::model::testing
