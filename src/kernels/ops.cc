#include "kernels/ops.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/check.h"
#include "kernels/kernel_table.h"

namespace millrace::kernels {

void RmsNorm(std::span<const float> x, std::span<const float> weight, float epsilon,
             std::span<float> out, const KernelTable& kernels) {
  MILLRACE_CHECK(!weight.empty() && x.size() % weight.size() == 0 && out.size() == x.size());
  for (size_t row = 0; row < x.size(); row += weight.size()) {
    kernels.rms_norm(x.data() + row, weight.data(), static_cast<int64_t>(weight.size()), epsilon,
                     out.data() + row);
  }
}

void Add(std::span<const float> x, std::span<float> sum, const KernelTable& kernels) {
  AddScaled(x, 1.0F, sum, kernels);
}

void AddScaled(std::span<const float> x, float factor, std::span<float> sum,
               const KernelTable& kernels) {
  MILLRACE_CHECK(x.size() == sum.size());
  kernels.add_scaled(x.data(), factor, static_cast<int64_t>(x.size()), sum.data());
}

void SiluMul(std::span<const float> gate, std::span<const float> up, std::span<float> out,
             const KernelTable& kernels) {
  MILLRACE_CHECK(gate.size() == up.size() && gate.size() == out.size());
  kernels.silu_mul(gate.data(), up.data(), static_cast<int64_t>(gate.size()), out.data());
}

float MaxOf(std::span<const float> x, const KernelTable& kernels) {
  return kernels.max_of(x.data(), static_cast<int64_t>(x.size()));
}

float ExpAndSum(std::span<const float> x, float shift, std::span<float> out,
                const KernelTable& kernels) {
  MILLRACE_CHECK(x.size() == out.size());
  return kernels.exp_and_sum(x.data(), shift, static_cast<int64_t>(x.size()), out.data());
}

void Softmax(std::span<float> x, const KernelTable& kernels) {
  if (x.empty()) {
    return;
  }
  const float sum = ExpAndSum(x, MaxOf(x, kernels), x, kernels);
  for (float& value : x) {
    value /= sum;
  }
}

void StoreHalves(std::span<const float> x, std::span<uint16_t> out, const KernelTable& kernels) {
  MILLRACE_CHECK(x.size() == out.size());
  kernels.store_halves(x.data(), static_cast<int64_t>(x.size()), out.data());
}

namespace {

// The pair index whose wavelength fits `turns` times into the original context.
double YarnPair(const RopeOptions& options, double turns) {
  return options.rotary_size *
         std::log(options.yarn->original_context_tokens / (2 * std::numbers::pi * turns)) /
         (2 * std::log(options.base));
}

// 0: the frequency stays; 1: it is divided by the factor.
double YarnRamp(const RopeOptions& options, int32_t pair) {
  const double last = options.rotary_size - 1;
  const double low = std::clamp(std::floor(YarnPair(options, options.yarn->beta_fast)), 0.0, last);
  const double high = std::clamp(std::ceil(YarnPair(options, options.yarn->beta_slow)), 0.0, last);
  return std::clamp((pair - low) / std::max(high - low, 0.001), 0.0, 1.0);
}

}  // namespace

std::vector<double> RopeFrequencies(const RopeOptions& options) {
  MILLRACE_CHECK(options.rotary_size > 0 && options.rotary_size % 2 == 0);
  std::vector<double> frequencies;
  for (int32_t pair = 0; pair < options.rotary_size / 2; ++pair) {
    double frequency =
        std::pow(options.base, -2.0 * pair / options.rotary_size) / options.linear_factor;
    if (options.yarn.has_value()) {
      const double ramp = YarnRamp(options, pair);
      frequency *= (1 - ramp) + ramp / options.yarn->factor;
    }
    frequencies.push_back(frequency);
  }
  return frequencies;
}

double YarnAttentionFactor(double factor) { return factor <= 1 ? 1 : 0.1 * std::log(factor) + 1; }

void RopeAngles(std::span<const double> frequencies, int32_t position, double magnitude,
                std::span<float> cos_sin) {
  MILLRACE_CHECK(cos_sin.size() == 2 * frequencies.size());
  for (size_t pair = 0; pair < frequencies.size(); ++pair) {
    const double angle = position * frequencies[pair];
    cos_sin[pair] = static_cast<float>(std::cos(angle) * magnitude);
    cos_sin[frequencies.size() + pair] = static_cast<float>(std::sin(angle) * magnitude);
  }
}

void RopeHalfSplit(std::span<float> heads, int64_t head_size, std::span<const float> cos_sin,
                   const KernelTable& kernels) {
  const auto size = static_cast<int64_t>(heads.size());
  const auto rotary_size = static_cast<int64_t>(cos_sin.size());
  MILLRACE_CHECK(head_size > 0 && size % head_size == 0 && rotary_size <= head_size);
  kernels.rope_half_split(heads.data(), size / head_size, head_size, rotary_size, cos_sin.data());
}

void RopeInterleaved(std::span<float> heads, int64_t head_size, std::span<const float> cos_sin) {
  const auto step = static_cast<size_t>(head_size);
  const size_t pairs = cos_sin.size() / 2;
  MILLRACE_CHECK(head_size > 0 && heads.size() % step == 0 && cos_sin.size() <= step);
  for (size_t head = 0; head < heads.size(); head += step) {
    for (size_t pair = 0; pair < pairs; ++pair) {
      const float a = heads[head + 2 * pair];
      const float b = heads[head + 2 * pair + 1];
      heads[head + 2 * pair] = a * cos_sin[pair] - b * cos_sin[pairs + pair];
      heads[head + 2 * pair + 1] = a * cos_sin[pairs + pair] + b * cos_sin[pair];
    }
  }
}

}  // namespace millrace::kernels
