#include "kernels/matmul_avx2.h"

#include "kernels/block_unpack.h"

#if defined(__x86_64__)
#pragma GCC target("avx2,fma,f16c")
#include "kernels/avx2_support.h"

namespace millrace::kernels::avx2 {
namespace {

// Below it the reciprocal overflows; such a block is as good as zero.
constexpr float kAmplitudeMin = 1e-30F;

float Amplitude(const float* values, int64_t count) {
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7FFFFFFF));
  __m256 largest = _mm256_setzero_ps();
  for (int64_t i = 0; i < count; i += 8) {
    largest = _mm256_max_ps(_mm256_and_ps(_mm256_loadu_ps(values + i), magnitude), largest);
  }
  const float amplitude = MaxLane(largest);
  return amplitude < kAmplitudeMin ? 0.0F : amplitude;
}

// Sixteen values to 16 bits: to nearest, ties to even. What is no number of 32 bits becomes -128
// through the saturation of the two packing steps.
__m256i Round16(const float* values, __m256 reciprocal) {
  const __m256i low = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(values), reciprocal));
  const __m256i high = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(values + 8), reciprocal));
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xD8);
  return _mm256_max_epi16(packed, _mm256_set1_epi16(-128));
}

// Stores sixteen of them as bytes and returns their sum.
int32_t StoreSixteen(__m256i wide, int8_t* q) {
  const __m128i low = _mm256_castsi256_si128(wide);
  const __m128i high = _mm256_extracti128_si256(wide, 1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(q), _mm_packs_epi16(low, high));
  __m128i sum = _mm_madd_epi16(_mm_add_epi16(low, high), _mm_set1_epi16(1));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4E));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xB1));
  return _mm_cvtsi128_si32(sum);
}

}  // namespace

void Quantise32(const float* values, int64_t columns, const QuantisedRow& out) {
  for (int64_t block = 0; block < columns / 32; ++block) {
    const int64_t at = block * 32;
    const float amplitude = Amplitude(values + at, 32);
    const __m256 reciprocal = _mm256_set1_ps(amplitude == 0 ? 0.0F : 127.0F / amplitude);
    int32_t sum = 0;
    for (int64_t i = at; i < at + 32; i += 16) {
      sum += StoreSixteen(Round16(values + i, reciprocal), out.q + i);
    }
    out.scales[block] = amplitude / 127.0F;
    out.sums[block] = sum;
    out.scaled_sums[block] = out.scales[block] * static_cast<float>(sum);
  }
}

void Quantise256(const float* values, int64_t columns, const QuantisedRow& out) {
  for (int64_t block = 0; block < columns / 256; ++block) {
    const float amplitude = Amplitude(values + block * 256, 256);
    const __m256 reciprocal = _mm256_set1_ps(amplitude == 0 ? 0.0F : 127.0F / amplitude);
    for (int64_t i = block * 16; i < block * 16 + 16; ++i) {
      const __m256i wide = Round16(values + i * 16, reciprocal);
      out.sums16[i] = static_cast<int16_t>(StoreSixteen(wide, out.q + i * 16));
    }
    for (int64_t i = block * 8; i < block * 8 + 8; ++i) {
      out.sums32[i] = static_cast<int16_t>(out.sums16[2 * i] + out.sums16[2 * i + 1]);
    }
    out.scales[block] = amplitude / 127.0F;
  }
}

void MatMulRows(const Product& product, const Activations& x, RowRange rows) {
  if (ProductKindOf(product.weight.type) == ProductKind::kFloat) {
    FloatRows(product, x, rows);
  } else if (x.tokens == 1) {
    DecodeRows(product, x, rows);
  } else {
    PanelRows(product, x, rows);
  }
}

TileForm TileFormOf(gguf::TensorType type, int64_t tokens) {
  if (tokens == 1) {
    return TileForm::kNone;
  }
  return IsWide(type) ? TileForm::kWide : TileForm::kBytes;
}

}  // namespace millrace::kernels::avx2
#endif
