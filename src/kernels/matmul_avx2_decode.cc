// One token. Eight rows walk through their blocks together; a row's products are added up across
// the lanes of a register only once a block, eight rows at a time, which leaves one row a lane for
// the float part. Everything stays in registers. Bound by memory.

#include "kernels/matmul_avx2.h"

#if defined(__x86_64__)
#pragma GCC target("avx2,fma,f16c")
#include "kernels/avx2_support.h"
#include "kernels/codes_avx2.h"

namespace millrace::kernels::avx2 {
namespace {

constexpr int64_t kRows = 8;

constexpr bool IsSigned(TensorType type) {
  return type == TensorType::kQ8_0 || type == TensorType::kIQ4_NL || type == TensorType::kMXFP4 ||
         type == TensorType::kIQ4_XS;
}

constexpr int OffsetOf(TensorType type) {
  switch (type) {
    case TensorType::kQ4_0:
      return 8;
    case TensorType::kQ5_0:
      return 16;
    case TensorType::kQ6_K:
      return 32;
    case TensorType::kQ3_K:
      return 4;
    default:
      return 0;
  }
}

// Products of 32 codes and activations, in pairs: at most 2 * 128 * 127 in magnitude.
template <TensorType kType>
[[gnu::always_inline]] inline __m256i Products(__m256i codes, __m256i x) {
  if constexpr (IsSigned(kType)) {
    return _mm256_maddubs_epi16(_mm256_abs_epi8(codes), _mm256_sign_epi8(x, codes));
  } else {
    return _mm256_maddubs_epi16(codes, x);
  }
}

// Lane r of the result is the sum of the eight lanes of v[r].
[[gnu::always_inline]] inline __m256i SumRows(const __m256i (&v)[kRows]) {
  const __m256i a = _mm256_hadd_epi32(_mm256_hadd_epi32(v[0], v[1]), _mm256_hadd_epi32(v[2], v[3]));
  const __m256i b = _mm256_hadd_epi32(_mm256_hadd_epi32(v[4], v[5]), _mm256_hadd_epi32(v[6], v[7]));
  return _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20),
                          _mm256_permute2x128_si256(a, b, 0x31));
}

// The same for sixteen lanes of 16 bits, where sums of eight lanes fit in 16 bits.
[[gnu::always_inline]] inline __m256i SumRows16(const __m256i (&v)[kRows]) {
  const __m256i a = _mm256_hadd_epi16(_mm256_hadd_epi16(v[0], v[1]), _mm256_hadd_epi16(v[2], v[3]));
  const __m256i b = _mm256_hadd_epi16(_mm256_hadd_epi16(v[4], v[5]), _mm256_hadd_epi16(v[6], v[7]));
  const __m256i halves = _mm256_hadd_epi16(a, b);
  return _mm256_add_epi32(_mm256_cvtepi16_epi32(_mm256_castsi256_si128(halves)),
                          _mm256_cvtepi16_epi32(_mm256_extracti128_si256(halves, 1)));
}

// The same for four lanes of 32 bits.
[[gnu::always_inline]] inline __m256i SumRows128(const __m128i (&v)[kRows]) {
  const __m256i a = _mm256_hadd_epi32(_mm256_set_m128i(v[4], v[0]), _mm256_set_m128i(v[5], v[1]));
  const __m256i b = _mm256_hadd_epi32(_mm256_set_m128i(v[6], v[2]), _mm256_set_m128i(v[7], v[3]));
  return _mm256_hadd_epi32(a, b);
}

template <TensorType kType>
[[gnu::always_inline]] inline __m256 Scales(const std::byte* const* rows) {
  if constexpr (kType == TensorType::kMXFP4) {
    alignas(32) float scales[kRows];
    for (int r = 0; r < kRows; ++r) {
      scales[r] = Mxfp4Scale(*rows[r]);
    }
    return _mm256_load_ps(scales);
  } else {
    return LoadHalves(rows, kScaleOffset<kType>);
  }
}

// Adds one block of each row to `sums`; formats of 32 values.
template <TensorType kType>
[[gnu::always_inline]] inline __m256 AddBlock32(const std::byte* const* rows, const Quantised& x,
                                                int64_t block, __m256 sums) {
  constexpr bool kSums16 = kType == TensorType::kQ4_0 || kType == TensorType::kQ4_1;
  const __m256i q = Load256(x.q + block * 32);
  __m256i products[kRows];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    products[r] = Products<kType>(Codes<kType>(rows[r], 0), q);
    if constexpr (!kSums16) {
      products[r] = _mm256_madd_epi16(products[r], _mm256_set1_epi16(1));
    }
  }
  __m256i dot = kSums16 ? SumRows16(products) : SumRows(products);
  if constexpr (OffsetOf(kType) != 0) {
    dot = _mm256_sub_epi32(dot, _mm256_set1_epi32(x.sums[block] * OffsetOf(kType)));
  }
  const __m256 scale = _mm256_mul_ps(Scales<kType>(rows), _mm256_set1_ps(x.scales[block]));
  sums = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot), scale, sums);
  if constexpr (kMinimumOffset<kType> >= 0) {
    const __m256 m = LoadHalves(rows, kMinimumOffset<kType>);
    sums = _mm256_fmadd_ps(m, _mm256_set1_ps(x.scaled_sums[block]), sums);
  }
  return sums;
}

// One row of a K block: products times integer scales, in lanes, and the same for its minima.
struct RowDots {
  __m256i dot;
  __m128i minimum;
};

// Scales of 32 values: Q4_K, Q5_K, IQ4_XS.
template <TensorType kType>
[[gnu::always_inline]] inline RowDots DotScales32(const std::byte* row, const int8_t* q,
                                                  const int16_t* sums32) {
  alignas(32) int32_t scales[8];  // each in both halves of its lane
  RowDots dots;
  if constexpr (kType == TensorType::kIQ4_XS) {
    for (int sub = 0; sub < 8; ++sub) {
      scales[sub] = (Iq4XsScale(row, sub) & 0xFFFF) * 0x10001;
    }
  } else {
    const __m128i both = ScalesAndMins(row + 4);
    const __m256i wide = _mm256_cvtepu8_epi32(both);
    Store256(scales, _mm256_or_si256(wide, _mm256_slli_epi32(wide, 16)));
    const __m128i mins = _mm_cvtepu8_epi16(_mm_unpackhi_epi64(both, both));
    dots.minimum = _mm_madd_epi16(mins, Load128(sums32));
  }
  dots.dot = _mm256_setzero_si256();
#pragma GCC unroll 8
  for (int sub = 0; sub < 8; ++sub) {
    const __m256i products = Products<kType>(Codes<kType>(row, sub), Load256(q + sub * 32));
    const __m256i scaled = _mm256_madd_epi16(products, Broadcast32(scales + sub));
    dots.dot = _mm256_add_epi32(dots.dot, scaled);
  }
  return dots;
}

// Scales of 16 values: Q2_K, Q3_K, Q6_K. Half of a register of products has one scale, half the
// next one.
template <TensorType kType>
[[gnu::always_inline]] inline RowDots DotScales16(const std::byte* row, const int8_t* q,
                                                  const int16_t* sums16) {
  const __m256i scales = _mm256_cvtepi8_epi16(SixteenScales<kType>(row));
  const __m256i low = _mm256_permute4x64_epi64(scales, 0x44);
  const __m256i high = _mm256_permute4x64_epi64(scales, 0xEE);
  const __m256i first_pair = _mm256_setr_epi8(0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1,  //
                                              2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3);
  RowDots dots;
  dots.dot = _mm256_setzero_si256();
#pragma GCC unroll 8
  for (int sub = 0; sub < 8; ++sub) {
    const __m256i products = Products<kType>(Codes<kType>(row, sub), Load256(q + sub * 32));
    const __m256i which =
        _mm256_add_epi8(first_pair, _mm256_set1_epi8(static_cast<char>(sub % 4 * 4)));
    const __m256i scale = _mm256_shuffle_epi8(sub < 4 ? low : high, which);
    dots.dot = _mm256_add_epi32(dots.dot, _mm256_madd_epi16(products, scale));
  }
  const __m256i x_sums = Load256(sums16);
  if constexpr (OffsetOf(kType) != 0) {
    const __m256i offset = _mm256_set1_epi16(static_cast<int16_t>(OffsetOf(kType)));
    const __m256i shifted = _mm256_mullo_epi16(scales, offset);
    dots.dot = _mm256_sub_epi32(dots.dot, _mm256_madd_epi16(shifted, x_sums));
  } else {
    const __m128i nibbles = _mm_and_si128(_mm_srli_epi16(Load128(row), 4), _mm_set1_epi8(15));
    const __m256i minimum = _mm256_madd_epi16(_mm256_cvtepu8_epi16(nibbles), x_sums);
    dots.minimum =
        _mm_add_epi32(_mm256_castsi256_si128(minimum), _mm256_extracti128_si256(minimum, 1));
  }
  return dots;
}

template <TensorType kType>
[[gnu::always_inline]] inline __m256 AddBlock256(const std::byte* const* rows, const Quantised& x,
                                                 int64_t block, __m256 sums) {
  constexpr bool kScales32 =
      kType == TensorType::kQ4_K || kType == TensorType::kQ5_K || kType == TensorType::kIQ4_XS;
  __m256i dots[kRows];
  __m128i minima[kRows];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    RowDots row;
    if constexpr (kScales32) {
      row = DotScales32<kType>(rows[r], x.q + block * 256, x.sums32 + block * 8);
    } else {
      row = DotScales16<kType>(rows[r], x.q + block * 256, x.sums16 + block * 16);
    }
    dots[r] = row.dot;
    minima[r] = row.minimum;
  }
  const __m256 x_scale = _mm256_set1_ps(x.scales[block]);
  const __m256 scale = _mm256_mul_ps(Scales<kType>(rows), x_scale);
  sums = _mm256_fmadd_ps(_mm256_cvtepi32_ps(SumRows(dots)), scale, sums);
  if constexpr (kMinimumOffset<kType> >= 0) {
    const __m256 m = _mm256_mul_ps(LoadHalves(rows, kMinimumOffset<kType>), x_scale);
    sums = _mm256_fnmadd_ps(_mm256_cvtepi32_ps(SumRows128(minima)), m, sums);
  }
  return sums;
}

template <TensorType kType>
void AllRows(const Product& product, const Activations& x, RowRange rows) {
  constexpr int64_t kBytes = sizeof(Block<kType>);
  const int64_t blocks = x.columns / (kIs256<kType> ? 256 : 32);
  const int64_t row_bytes = blocks * kBytes;
  for (int64_t row = rows.begin; row < rows.end; row += kRows) {
    const std::byte* at[kRows];
    for (int64_t r = 0; r < kRows; ++r) {  // rows beyond the end repeat the last one
      at[r] = product.weight.data + Min(row + r, rows.end - 1) * row_bytes;
    }
    const char* next =
        reinterpret_cast<const char*>(product.weight.data + (row + kRows) * row_bytes);
    __m256 sums = _mm256_setzero_ps();
    for (int64_t block = 0; block < blocks; ++block) {
      if constexpr (!kIs256<kType>) {
        sums = AddBlock32<kType>(at, x.blocks32, block, sums);
      } else {
        sums = AddBlock256<kType>(at, x.blocks256, block, sums);
      }
      // The next eight rows follow in memory. Eight short streams are more than the processor's own
      // prefetching keeps up with; one long one is not.
      for (int64_t line = 0; line < kRows * kBytes; line += 64) {
        _mm_prefetch(next + line, _MM_HINT_T0);
      }
      next += kRows * kBytes;
      for (const std::byte*& block_of_row : at) {
        block_of_row += kBytes;
      }
    }
    StoreUpTo8(product.out + row, sums, rows.end - row);
  }
}

}  // namespace

void DecodeRows(const Product& product, const Activations& x, RowRange rows) {
  switch (product.weight.type) {
    case TensorType::kQ8_0:
      return AllRows<TensorType::kQ8_0>(product, x, rows);
    case TensorType::kQ4_0:
      return AllRows<TensorType::kQ4_0>(product, x, rows);
    case TensorType::kQ4_1:
      return AllRows<TensorType::kQ4_1>(product, x, rows);
    case TensorType::kQ5_0:
      return AllRows<TensorType::kQ5_0>(product, x, rows);
    case TensorType::kQ5_1:
      return AllRows<TensorType::kQ5_1>(product, x, rows);
    case TensorType::kIQ4_NL:
      return AllRows<TensorType::kIQ4_NL>(product, x, rows);
    case TensorType::kMXFP4:
      return AllRows<TensorType::kMXFP4>(product, x, rows);
    case TensorType::kQ2_K:
      return AllRows<TensorType::kQ2_K>(product, x, rows);
    case TensorType::kQ3_K:
      return AllRows<TensorType::kQ3_K>(product, x, rows);
    case TensorType::kQ4_K:
      return AllRows<TensorType::kQ4_K>(product, x, rows);
    case TensorType::kQ5_K:
      return AllRows<TensorType::kQ5_K>(product, x, rows);
    case TensorType::kQ6_K:
      return AllRows<TensorType::kQ6_K>(product, x, rows);
    case TensorType::kIQ4_XS:
      return AllRows<TensorType::kIQ4_XS>(product, x, rows);
    default:
      return;
  }
}

}  // namespace millrace::kernels::avx2
#endif
