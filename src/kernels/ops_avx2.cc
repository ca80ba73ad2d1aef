#include "kernels/kernel_table.h"
#include "kernels/matmul_avx2.h"

#if defined(__x86_64__)
#pragma GCC target("avx2,fma,f16c")
#include "kernels/avx2_support.h"

namespace millrace::kernels {
namespace avx2 {
namespace {

// A tail shorter than a register goes through the same instructions, so a value's result does not
// depend on its place.

void RmsNorm(const float* x, const float* weight, int64_t size, float epsilon, float* out) {
  __m256 low = _mm256_setzero_ps();
  __m256 high = _mm256_setzero_ps();
  for (int64_t i = 0; i < size; i += 16) {
    const __m256 a = LoadUpTo8(x + i, size - i);
    const __m256 b = LoadUpTo8(x + i + 8, size - i - 8);
    low = _mm256_fmadd_ps(a, a, low);
    high = _mm256_fmadd_ps(b, b, high);
  }
  const float mean = SumLanes(low, high) / static_cast<float>(size);
  const __m256 factor = _mm256_set1_ps(1.0F / __builtin_sqrtf(mean + epsilon));
  for (int64_t i = 0; i < size; i += 8) {
    const __m256 scaled = _mm256_mul_ps(LoadUpTo8(x + i, size - i), factor);
    StoreUpTo8(out + i, _mm256_mul_ps(scaled, LoadUpTo8(weight + i, size - i)), size - i);
  }
}

void AddScaled(const float* x, float factor, int64_t size, float* sum) {
  const __m256 by = _mm256_set1_ps(factor);
  for (int64_t i = 0; i < size; i += 8) {
    const __m256 total =
        _mm256_fmadd_ps(LoadUpTo8(x + i, size - i), by, LoadUpTo8(sum + i, size - i));
    StoreUpTo8(sum + i, total, size - i);
  }
}

void SiluMul(const float* gate, const float* up, int64_t size, float* out) {
  const __m256 one = _mm256_set1_ps(1.0F);
  for (int64_t i = 0; i < size; i += 8) {
    const __m256 g = LoadUpTo8(gate + i, size - i);
    const __m256 e = Exp(_mm256_xor_ps(g, _mm256_set1_ps(-0.0F)));
    const __m256 silu = _mm256_div_ps(g, _mm256_add_ps(one, e));
    StoreUpTo8(out + i, _mm256_mul_ps(silu, LoadUpTo8(up + i, size - i)), size - i);
  }
}

float MaxOf(const float* x, int64_t size) {
  __m256 largest = _mm256_set1_ps(-__builtin_inff());
  int64_t i = 0;
  for (; i + 8 <= size; i += 8) {
    largest = _mm256_max_ps(_mm256_loadu_ps(x + i), largest);  // the second one when one is NaN
  }
  float result = MaxLane(largest);
  for (; i < size; ++i) {
    result = x[i] > result ? x[i] : result;
  }
  return result;
}

float ExpAndSum(const float* x, float shift, int64_t size, float* out) {
  const __m256 by = _mm256_set1_ps(shift);
  __m256 sums[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
  for (int64_t i = 0; i < size; i += 8) {
    __m256 e = Exp(_mm256_sub_ps(LoadUpTo8(x + i, size - i), by));
    if (size - i < 8) {
      e = _mm256_and_ps(e, _mm256_castsi256_ps(TailMask(size - i)));
    }
    StoreUpTo8(out + i, e, size - i);
    __m256& sum = sums[i / 8 % 2];
    sum = _mm256_add_ps(sum, e);
  }
  return SumLanes(sums[0], sums[1]);
}

void StoreHalves(const float* x, int64_t size, uint16_t* out) {
  const __m256 largest = _mm256_set1_ps(65504.0F);
  const __m256 smallest = _mm256_set1_ps(-65504.0F);
  for (int64_t i = 0; i < size; i += 8) {
    const __m256 values = LoadUpTo8(x + i, size - i);
    const __m256 finite = _mm256_max_ps(smallest, _mm256_min_ps(largest, values));
    const __m128i halves = _mm256_cvtps_ph(finite, _MM_FROUND_TO_NEAREST_INT);
    const int64_t count = Min(8, size - i);
    __builtin_memcpy(out + i, &halves, static_cast<size_t>(count) * sizeof(uint16_t));
  }
}

void RopeHalfSplit(float* heads, int64_t head_count, int64_t head_size, int64_t rotary_size,
                   const float* cos_sin) {
  const int64_t pairs = rotary_size / 2;
  for (int64_t head = 0; head < head_count; ++head) {
    float* low = heads + head * head_size;
    float* high = low + pairs;
    for (int64_t i = 0; i < pairs; i += 8) {
      const int64_t left = pairs - i;
      const __m256 cosine = LoadUpTo8(cos_sin + i, left);
      const __m256 sine = LoadUpTo8(cos_sin + pairs + i, left);
      const __m256 a = LoadUpTo8(low + i, left);
      const __m256 b = LoadUpTo8(high + i, left);
      StoreUpTo8(low + i, _mm256_fmsub_ps(a, cosine, _mm256_mul_ps(b, sine)), left);
      StoreUpTo8(high + i, _mm256_fmadd_ps(a, sine, _mm256_mul_ps(b, cosine)), left);
    }
  }
}

}  // namespace
}  // namespace avx2

const KernelTable* Avx2Kernels() {
  static constexpr KernelTable kTable = {
      .level = Level::kAvx2,
      .quantise32 = avx2::Quantise32,
      .quantise256 = avx2::Quantise256,
      .tile_form = avx2::TileFormOf,
      .matmul = avx2::MatMulRows,
      .attend_segment = avx2::AttendSegment,
      .merge_segment = avx2::MergeSegment,
      .rms_norm = avx2::RmsNorm,
      .add_scaled = avx2::AddScaled,
      .silu_mul = avx2::SiluMul,
      .max_of = avx2::MaxOf,
      .exp_and_sum = avx2::ExpAndSum,
      .store_halves = avx2::StoreHalves,
      .rope_half_split = avx2::RopeHalfSplit,
  };
  return &kTable;
}

}  // namespace millrace::kernels

#else

namespace millrace::kernels {
const KernelTable* Avx2Kernels() { return nullptr; }
}  // namespace millrace::kernels

#endif
