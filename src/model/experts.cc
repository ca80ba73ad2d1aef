#include "model/experts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "kernels/ops.h"
#include "model/parallel_rows.h"

namespace millrace::model {

namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();

void Shares(std::span<float> scores, ExpertGate gate) {
  for (float& score : scores) {
    score = std::isnan(score) ? kLowest : score;
  }
  switch (gate) {
    case ExpertGate::kSoftmax: {
      const float largest = *std::max_element(scores.begin(), scores.end());
      float total = 0;
      for (float& score : scores) {
        score = std::exp(score - largest);
        total += score;
      }
      for (float& score : scores) {
        score /= total;
      }
      break;
    }
    case ExpertGate::kSigmoid:
      for (float& score : scores) {
        score = 1.0F / (1.0F + std::exp(-score));
      }
      break;
  }
}

}  // namespace

void ChooseExperts(std::span<float> scores, std::span<const float> choice_bias,
                   const ExpertRule& rule, std::span<ExpertChoice> out) {
  MILLRACE_CHECK(!out.empty() && out.size() <= scores.size());
  MILLRACE_CHECK(choice_bias.empty() || choice_bias.size() == scores.size());
  Shares(scores, rule.gate);
  // Insertion into a short sorted list: `out` is about eight long. A weight is the merit until the
  // list is final.
  size_t count = 0;
  for (size_t expert = 0; expert < scores.size(); ++expert) {
    const float merit = scores[expert] + (choice_bias.empty() ? 0.0F : choice_bias[expert]);
    if (count == out.size() && !(merit > out[count - 1].weight)) {
      continue;
    }
    size_t place = count == out.size() ? count - 1 : count++;
    while (place > 0 && merit > out[place - 1].weight) {
      out[place] = out[place - 1];
      --place;
    }
    out[place] = {static_cast<int32_t>(expert), merit};
  }
  std::sort(out.begin(), out.end(),
            [](const ExpertChoice& a, const ExpertChoice& b) { return a.expert < b.expert; });
  float total = 0;
  for (ExpertChoice& choice : out) {
    choice.weight = scores[static_cast<size_t>(choice.expert)];
    total += choice.weight;
  }
  // The guard of the reference against shares that are all zero.
  const float factor = rule.normalise ? rule.scale / (total + 1e-20F) : rule.scale;
  for (ExpertChoice& choice : out) {
    choice.weight *= factor;
  }
}

void Mixture::Run(const ExpertShape& shape, const MixtureWeights& weights, int64_t rows,
                  const float* x, float* out, kernels::ThreadPool& pool) {
  Route(shape, weights, rows, x, pool);
  for (size_t expert = 0; expert < visits_.size(); ++expert) {
    if (!visits_[expert].empty()) {
      RunExpert(shape, weights.experts[expert], visits_[expert], x, out, pool);
    }
  }
}

void Mixture::Route(const ExpertShape& shape, const MixtureWeights& weights, int64_t rows,
                    const float* x, kernels::ThreadPool& pool) {
  const auto experts = static_cast<size_t>(shape.expert_count);
  const auto used = static_cast<size_t>(shape.used_count);
  float* scores = scores_.Reserve(rows, shape.expert_count);
  activations_.Set({x, rows, shape.hidden_size, shape.hidden_size});
  const kernels::Product product = {weights.router, scores, shape.expert_count};
  kernels::MatMul({&product, 1}, activations_, pool);
  choices_.resize(used);
  visits_.resize(experts);
  for (std::vector<Visit>& visits : visits_) {
    visits.clear();
  }
  for (int64_t row = 0; row < rows; ++row) {
    ChooseExperts({scores + row * shape.expert_count, experts}, weights.choice_bias, shape.rule,
                  choices_);
    for (const ExpertChoice& choice : choices_) {
      visits_[static_cast<size_t>(choice.expert)].push_back(
          {static_cast<int32_t>(row), choice.weight});
    }
  }
}

void Mixture::RunExpert(const ExpertShape& shape, const ExpertWeights& weights,
                        std::span<const Visit> visits, const float* x, float* out,
                        kernels::ThreadPool& pool) {
  const auto rows = static_cast<int64_t>(visits.size());
  const int64_t hidden = shape.hidden_size;
  float* gathered = gathered_.Reserve(rows, hidden);
  for (int64_t i = 0; i < rows; ++i) {
    std::copy_n(x + visits[static_cast<size_t>(i)].row * hidden, hidden, gathered + i * hidden);
  }
  float* gate = gate_.Reserve(rows, shape.ffn_size);
  float* up = up_.Reserve(rows, shape.ffn_size);
  float* result = result_.Reserve(rows, hidden);
  activations_.Set({gathered, rows, hidden, hidden});
  const std::array<kernels::Product, 2> products = {{
      {weights.gate, gate, shape.ffn_size},
      {weights.up, up, shape.ffn_size},
  }};
  kernels::MatMul(products, activations_, pool);
  ForRowSlices(pool, rows, shape.ffn_size, [&](int64_t first, int64_t end) {
    const auto slice = RowsAt(gate, first, end, shape.ffn_size);
    kernels::SiluMul(slice, RowsAt(up, first, end, shape.ffn_size), slice);
  });
  activations_.Set({gate, rows, shape.ffn_size, shape.ffn_size});
  const kernels::Product product = {weights.down, result, hidden};
  kernels::MatMul({&product, 1}, activations_, pool);
  ForRowSlices(pool, rows, hidden, [&](int64_t first, int64_t end) {
    for (int64_t i = first; i < end; ++i) {
      const Visit& visit = visits[static_cast<size_t>(i)];
      kernels::AddScaled(RowsAt(result, i, i + 1, hidden), visit.weight,
                         RowsAt(out, visit.row, visit.row + 1, hidden));
    }
  });
}

}  // namespace millrace::model
