// Pieces that the AVX2 files share. Include it after `#pragma GCC target("avx2,fma,f16c")`, and
// before nothing of the standard library: what is defined under that pragma may only run where AVX2
// does.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/exp_polynomial.h"

namespace millrace::kernels {
namespace {

inline int64_t Min(int64_t a, int64_t b) { return a < b ? a : b; }

inline __m256i Load256(const void* at) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(at));
}
inline __m128i Load128(const void* at) { return _mm_loadu_si128(static_cast<const __m128i*>(at)); }
inline void Store256(void* at, __m256i value) {
  _mm256_storeu_si256(static_cast<__m256i*>(at), value);
}

// The four (two) bytes at `at` in every lane.
inline __m256i Broadcast32(const void* at) {
  int32_t value;
  __builtin_memcpy(&value, at, sizeof(value));
  return _mm256_set1_epi32(value);
}

inline uint16_t Load16(const void* at) {
  uint16_t value;
  __builtin_memcpy(&value, at, sizeof(value));
  return value;
}

inline uint32_t Load32(const void* at) {
  uint32_t value;
  __builtin_memcpy(&value, at, sizeof(value));
  return value;
}

// One half of each of eight rows, `stride` bytes apart, as floats.
inline __m256 LoadHalves(const std::byte* const* rows, int64_t offset) {
  __m128i halves = _mm_cvtsi32_si128(Load16(rows[0] + offset));
  halves = _mm_insert_epi16(halves, Load16(rows[1] + offset), 1);
  halves = _mm_insert_epi16(halves, Load16(rows[2] + offset), 2);
  halves = _mm_insert_epi16(halves, Load16(rows[3] + offset), 3);
  halves = _mm_insert_epi16(halves, Load16(rows[4] + offset), 4);
  halves = _mm_insert_epi16(halves, Load16(rows[5] + offset), 5);
  halves = _mm_insert_epi16(halves, Load16(rows[6] + offset), 6);
  halves = _mm_insert_epi16(halves, Load16(rows[7] + offset), 7);
  return _mm256_cvtph_ps(halves);
}

// Sixteen lanes added pairwise: l with l + 8, then + 4, + 2, + 1.
inline float SumLanes(__m256 low, __m256 high) {
  const __m256 eight = _mm256_add_ps(low, high);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

// In place: afterwards v[i] holds 32-bit element i of every former v[r], in the order of r.
inline void Transpose8x8(__m256i (&v)[8]) {
  const __m256i a0 = _mm256_unpacklo_epi32(v[0], v[1]);
  const __m256i a1 = _mm256_unpackhi_epi32(v[0], v[1]);
  const __m256i a2 = _mm256_unpacklo_epi32(v[2], v[3]);
  const __m256i a3 = _mm256_unpackhi_epi32(v[2], v[3]);
  const __m256i a4 = _mm256_unpacklo_epi32(v[4], v[5]);
  const __m256i a5 = _mm256_unpackhi_epi32(v[4], v[5]);
  const __m256i a6 = _mm256_unpacklo_epi32(v[6], v[7]);
  const __m256i a7 = _mm256_unpackhi_epi32(v[6], v[7]);
  const __m256i b0 = _mm256_unpacklo_epi64(a0, a2);
  const __m256i b1 = _mm256_unpackhi_epi64(a0, a2);
  const __m256i b2 = _mm256_unpacklo_epi64(a1, a3);
  const __m256i b3 = _mm256_unpackhi_epi64(a1, a3);
  const __m256i b4 = _mm256_unpacklo_epi64(a4, a6);
  const __m256i b5 = _mm256_unpackhi_epi64(a4, a6);
  const __m256i b6 = _mm256_unpacklo_epi64(a5, a7);
  const __m256i b7 = _mm256_unpackhi_epi64(a5, a7);
  v[0] = _mm256_permute2x128_si256(b0, b4, 0x20);
  v[1] = _mm256_permute2x128_si256(b1, b5, 0x20);
  v[2] = _mm256_permute2x128_si256(b2, b6, 0x20);
  v[3] = _mm256_permute2x128_si256(b3, b7, 0x20);
  v[4] = _mm256_permute2x128_si256(b0, b4, 0x31);
  v[5] = _mm256_permute2x128_si256(b1, b5, 0x31);
  v[6] = _mm256_permute2x128_si256(b2, b6, 0x31);
  v[7] = _mm256_permute2x128_si256(b3, b7, 0x31);
}

// kernels/exp_polynomial.h, eight at a time. NaN gives 0 or NaN, never another number.
inline __m256 Exp(__m256 x) {
  const __m256 is_zero = _mm256_cmp_ps(x, _mm256_set1_ps(kExpMin), _CMP_LT_OQ);
  const __m256 clamped = _mm256_min_ps(_mm256_set1_ps(kExpMax), x);
  const __m256 n = _mm256_round_ps(_mm256_mul_ps(clamped, _mm256_set1_ps(kLog2E)),
                                   _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(kLn2High), clamped);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(kLn2Low), r);
  __m256 p = _mm256_set1_ps(kExpP[4]);
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(kExpP[3]));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(kExpP[2]));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(kExpP[1]));
  p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(kExpP[0]));
  const __m256 mantissa =
      _mm256_add_ps(_mm256_fmadd_ps(_mm256_mul_ps(r, r), p, r), _mm256_set1_ps(1.0F));
  const __m256i power =
      _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_andnot_ps(is_zero, _mm256_mul_ps(mantissa, _mm256_castsi256_ps(power)));
}

// Lanes below `count` are ones: for masked loads and stores of a tail.
inline __m256i TailMask(int64_t count) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int32_t>(count)), lanes);
}

// The first `count` values at `at`, at most eight; zeros behind them. (Masked stores are slow on
// some processors: whole registers avoid them.)
inline __m256 LoadUpTo8(const float* at, int64_t count) {
  return count >= 8 ? _mm256_loadu_ps(at) : _mm256_maskload_ps(at, TailMask(count));
}
inline void StoreUpTo8(float* at, __m256 value, int64_t count) {
  if (count >= 8) {
    _mm256_storeu_ps(at, value);
  } else {
    _mm256_maskstore_ps(at, TailMask(count), value);
  }
}

inline float MaxLane(__m256 values) {
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(values), _mm256_extractf128_ps(values, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

}  // namespace
}  // namespace millrace::kernels
