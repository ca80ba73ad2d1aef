#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "gguf/half.h"
#include "kernels/exp_polynomial.h"
#include "kernels/scalar.h"

namespace millrace::kernels {
namespace scalar {

float Exp(float x) {
  if (!(x >= kExpMin)) {
    return std::isnan(x) ? x : 0.0F;
  }
  x = std::min(x, kExpMax);
  const float n = std::nearbyint(x * kLog2E);
  float r = MulAdd(-n, kLn2High, x);
  r = MulAdd(-n, kLn2Low, r);
  float p = kExpP[4];
  for (const int i : {3, 2, 1, 0}) {
    p = MulAdd(p, r, kExpP[i]);
  }
  const float mantissa = MulAdd(r * r, p, r) + 1.0F;
  return mantissa *
         std::bit_cast<float>((static_cast<uint32_t>(static_cast<int32_t>(n)) + 127U) << 23);
}

namespace {

void RmsNorm(const float* x, const float* weight, int64_t size, float epsilon, float* out) {
  std::array<float, 16> lanes{};
  for (int64_t i = 0; i < size; ++i) {
    float& lane = lanes[static_cast<size_t>(i % 16)];
    lane = MulAdd(x[i], x[i], lane);
  }
  const float mean = SumLanes(lanes) / static_cast<float>(size);
  const float factor = 1.0F / std::sqrt(mean + epsilon);
  for (int64_t i = 0; i < size; ++i) {
    out[i] = x[i] * factor * weight[i];
  }
}

void AddScaled(const float* x, float factor, int64_t size, float* sum) {
  for (int64_t i = 0; i < size; ++i) {
    sum[i] = MulAdd(x[i], factor, sum[i]);
  }
}

void SiluMul(const float* gate, const float* up, int64_t size, float* out) {
  for (int64_t i = 0; i < size; ++i) {
    out[i] = gate[i] / (1.0F + Exp(-gate[i])) * up[i];
  }
}

float MaxOf(const float* x, int64_t size) {
  float largest = -std::numeric_limits<float>::infinity();
  for (int64_t i = 0; i < size; ++i) {
    largest = x[i] > largest ? x[i] : largest;
  }
  return largest;
}

float ExpAndSum(const float* x, float shift, int64_t size, float* out) {
  std::array<float, 16> lanes{};
  for (int64_t i = 0; i < size; ++i) {
    out[i] = Exp(x[i] - shift);
    lanes[static_cast<size_t>(i % 16)] += out[i];
  }
  return SumLanes(lanes);
}

void StoreHalves(const float* x, int64_t size, uint16_t* out) {
  for (int64_t i = 0; i < size; ++i) {
    out[i] = gguf::FloatToHalf(std::clamp(x[i], -65504.0F, 65504.0F));
  }
}

void RopeHalfSplit(float* heads, int64_t head_count, int64_t head_size, int64_t rotary_size,
                   const float* cos_sin) {
  const int64_t pairs = rotary_size / 2;
  for (int64_t head = 0; head < head_count; ++head) {
    float* low = heads + head * head_size;
    float* high = low + pairs;
    for (int64_t i = 0; i < pairs; ++i) {
      const float a = low[i];
      const float b = high[i];
      low[i] = MulAdd(a, cos_sin[i], -(b * cos_sin[pairs + i]));
      high[i] = MulAdd(a, cos_sin[pairs + i], b * cos_sin[i]);
    }
  }
}

}  // namespace
}  // namespace scalar

const KernelTable* ScalarKernels() {
  static constexpr KernelTable kTable = {
      .level = Level::kScalar,
      .quantise32 = scalar::Quantise32,
      .quantise256 = scalar::Quantise256,
      .tile_form = [](gguf::TensorType, int64_t) { return TileForm::kNone; },
      .matmul = scalar::MatMulRows,
      .attend_segment = scalar::AttendSegment,
      .merge_segment = scalar::MergeSegment,
      .rms_norm = scalar::RmsNorm,
      .add_scaled = scalar::AddScaled,
      .silu_mul = scalar::SiluMul,
      .max_of = scalar::MaxOf,
      .exp_and_sum = scalar::ExpAndSum,
      .store_halves = scalar::StoreHalves,
      .rope_half_split = scalar::RopeHalfSplit,
  };
  return &kTable;
}

}  // namespace millrace::kernels
