// Thirty-two codes of a block at a time, as bytes in their natural order, and the scales of K
// blocks. Include it after avx2_support.h, under the same target pragma.
#pragma once

#include "gguf/block_layout.h"
#include "gguf/tensor_type.h"
#include "kernels/avx2_support.h"

namespace millrace::kernels {
namespace {

using gguf::TensorType;

// 16 bytes to 32 nibbles, low ones first.
inline __m256i Nibbles(const void* at) {
  const __m256i both = _mm256_broadcastsi128_si256(Load128(at));
  const __m256i shifted = _mm256_srlv_epi32(both, _mm256_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4));
  return _mm256_and_si256(shifted, _mm256_set1_epi8(15));
}

// Bit j of the 32 bits at `at` as the value 16 in byte j.
inline __m256i FifthBits(const void* at) {
  const __m256i spread = _mm256_shuffle_epi8(
      Broadcast32(at), _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2,
                                        2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3));
  const __m256i bit = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201ULL));
  const __m256i is_set = _mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit);
  return _mm256_and_si256(is_set, _mm256_set1_epi8(16));
}

inline __m256i FromTable(const int8_t* table, __m256i nibbles) {
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(Load128(table)), nibbles);
}

// Shifts by a number known at compile time (once inlined), then keeps the bits of `mask` in each
// byte.
inline __m256i ShiftAnd(__m256i bytes, int shift, int mask) {
  return _mm256_and_si256(_mm256_srli_epi16(bytes, shift),
                          _mm256_set1_epi8(static_cast<char>(mask)));
}

// Codes 32 * sub .. 32 * sub + 31 of a row, `sub` < 8, where `row` is the first block of a run: a
// run of eight blocks for formats of 32 values, one block for formats of 256. Unsigned, with the
// offset of the format still in them (Q4_0: 8, Q5_0: 16, Q3_K: 4, Q6_K: 32), except Q8_0 and the
// table formats, which are signed.
template <TensorType kType>
inline __m256i Codes(const std::byte* row, int64_t sub) {
  if constexpr (kType == TensorType::kQ8_0) {
    return Load256(row + sub * 34 + 2);
  } else if constexpr (kType == TensorType::kQ4_0) {
    return Nibbles(row + sub * 18 + 2);
  } else if constexpr (kType == TensorType::kQ4_1) {
    return Nibbles(row + sub * 20 + 4);
  } else if constexpr (kType == TensorType::kQ5_0) {
    return _mm256_or_si256(Nibbles(row + sub * 22 + 6), FifthBits(row + sub * 22 + 2));
  } else if constexpr (kType == TensorType::kQ5_1) {
    return _mm256_or_si256(Nibbles(row + sub * 24 + 8), FifthBits(row + sub * 24 + 4));
  } else if constexpr (kType == TensorType::kIQ4_NL) {
    return FromTable(gguf::kIq4Values.data(), Nibbles(row + sub * 18 + 2));
  } else if constexpr (kType == TensorType::kMXFP4) {
    return FromTable(gguf::kMxfp4Values.data(), Nibbles(row + sub * 17 + 1));
  } else if constexpr (kType == TensorType::kIQ4_XS) {
    return FromTable(gguf::kIq4Values.data(), Nibbles(row + 8 + sub * 16));
  } else if constexpr (kType == TensorType::kQ4_K) {
    const __m256i bytes = Load256(row + 16 + sub / 2 * 32);
    return ShiftAnd(bytes, static_cast<int>(sub % 2) * 4, 15);
  } else if constexpr (kType == TensorType::kQ5_K) {
    const __m256i bytes = Load256(row + 48 + sub / 2 * 32);
    const __m256i high = ShiftAnd(Load256(row + 16), static_cast<int>(sub), 1);
    return _mm256_or_si256(ShiftAnd(bytes, static_cast<int>(sub % 2) * 4, 15),
                           _mm256_slli_epi16(high, 4));
  } else if constexpr (kType == TensorType::kQ6_K) {
    const int quarter = static_cast<int>(sub % 4);
    const __m256i low = Load256(row + sub / 4 * 64 + quarter % 2 * 32);
    const __m256i high = ShiftAnd(Load256(row + 128 + sub / 4 * 32), quarter * 2, 3);
    return _mm256_or_si256(ShiftAnd(low, quarter / 2 * 4, 15), _mm256_slli_epi16(high, 4));
  } else if constexpr (kType == TensorType::kQ2_K) {
    return ShiftAnd(Load256(row + 16 + sub / 4 * 32), static_cast<int>(sub % 4) * 2, 3);
  } else {
    static_assert(kType == TensorType::kQ3_K);
    const __m256i low =
        ShiftAnd(Load256(row + 32 + sub / 4 * 32), static_cast<int>(sub % 4) * 2, 3);
    const __m256i high = ShiftAnd(Load256(row), static_cast<int>(sub), 1);
    return _mm256_or_si256(low, _mm256_slli_epi16(high, 2));
  }
}

template <TensorType kType>
constexpr auto BlockOf() {
  if constexpr (kType == TensorType::kQ8_0) {
    return gguf::BlockQ8_0{};
  } else if constexpr (kType == TensorType::kQ4_0) {
    return gguf::BlockQ4_0{};
  } else if constexpr (kType == TensorType::kQ4_1) {
    return gguf::BlockQ4_1{};
  } else if constexpr (kType == TensorType::kQ5_0) {
    return gguf::BlockQ5_0{};
  } else if constexpr (kType == TensorType::kQ5_1) {
    return gguf::BlockQ5_1{};
  } else if constexpr (kType == TensorType::kIQ4_NL) {
    return gguf::BlockIQ4_NL{};
  } else if constexpr (kType == TensorType::kMXFP4) {
    return gguf::BlockMXFP4{};
  } else if constexpr (kType == TensorType::kQ2_K) {
    return gguf::BlockQ2_K{};
  } else if constexpr (kType == TensorType::kQ3_K) {
    return gguf::BlockQ3_K{};
  } else if constexpr (kType == TensorType::kQ4_K) {
    return gguf::BlockQ4_K{};
  } else if constexpr (kType == TensorType::kQ5_K) {
    return gguf::BlockQ5_K{};
  } else if constexpr (kType == TensorType::kQ6_K) {
    return gguf::BlockQ6_K{};
  } else {
    static_assert(kType == TensorType::kIQ4_XS);
    return gguf::BlockIQ4_XS{};
  }
}

// The block of a quantised type.
template <TensorType kType>
using Block = decltype(BlockOf<kType>());

// Formats with 256 values in a block; the others have 32.
template <TensorType kType>
inline constexpr bool kIs256 = sizeof(Block<kType>) > 40;

// Byte offset of a format's scale and of its minimum (or -1) from the start of the block.
template <TensorType kType>
inline constexpr int64_t kScaleOffset = kType == TensorType::kQ2_K   ? 80
                                        : kType == TensorType::kQ3_K ? 108
                                        : kType == TensorType::kQ6_K ? 208
                                                                     : 0;
template <TensorType kType>
inline constexpr int64_t kMinimumOffset =
    kType == TensorType::kQ2_K ? 82
    : kType == TensorType::kQ4_1 || kType == TensorType::kQ5_1 || kType == TensorType::kQ4_K ||
            kType == TensorType::kQ5_K
        ? 2
        : -1;

// Q4_K and Q5_K: eight scales in the low half, eight minima in the high half.
inline __m128i ScalesAndMins(const std::byte* packed) {
  const uint32_t a = Load32(packed);
  const uint32_t b = Load32(packed + 4);
  const uint32_t c = Load32(packed + 8);
  const uint32_t scales_high = (c & 0x0F0F0F0FU) | ((a >> 2) & 0x30303030U);
  const uint32_t mins_high = ((c >> 4) & 0x0F0F0F0FU) | ((b >> 2) & 0x30303030U);
  const uint64_t scales = (a & 0x3F3F3F3FU) | (uint64_t{scales_high} << 32);
  const uint64_t mins = (b & 0x3F3F3F3FU) | (uint64_t{mins_high} << 32);
  return _mm_set_epi64x(static_cast<int64_t>(mins), static_cast<int64_t>(scales));
}

// The sixteen signed scales of Q3_K and Q6_K, the sixteen unsigned ones of Q2_K.
template <TensorType kType>
inline __m128i SixteenScales(const std::byte* block) {
  if constexpr (kType == TensorType::kQ6_K) {
    return Load128(block + 192);
  } else if constexpr (kType == TensorType::kQ2_K) {
    return _mm_and_si128(Load128(block), _mm_set1_epi8(15));
  } else {
    static_assert(kType == TensorType::kQ3_K);
    const uint32_t a = Load32(block + 96);
    const uint32_t b = Load32(block + 100);
    const uint32_t c = Load32(block + 104);
    const uint64_t low = ((a & 0x0F0F0F0FU) | ((c & 0x03030303U) << 4)) |
                         (uint64_t{(b & 0x0F0F0F0FU) | ((c & 0x0C0C0C0CU) << 2)} << 32);
    const uint64_t high = (((a >> 4) & 0x0F0F0F0FU) | (c & 0x30303030U)) |
                          (uint64_t{((b >> 4) & 0x0F0F0F0FU) | ((c >> 2) & 0x30303030U)} << 32);
    return _mm_sub_epi8(_mm_set_epi64x(static_cast<int64_t>(high), static_cast<int64_t>(low)),
                        _mm_set1_epi8(32));
  }
}

// IQ4_XS: the scale of sub-block `sub`, -32 .. 31.
inline int32_t Iq4XsScale(const std::byte* block, int64_t sub) {
  const uint32_t high = Load16(block + 2);
  const auto low = static_cast<uint32_t>(block[4 + sub / 2]);
  const uint32_t six = ((low >> (4 * (sub % 2))) & 15U) | (((high >> (2 * sub)) & 3U) << 4);
  return static_cast<int32_t>(six) - 32;
}

// 2^(e - 128) as ldexp rounds it: subnormal for e below 2.
inline float Mxfp4Scale(std::byte exponent) {
  const auto e = static_cast<uint32_t>(exponent);
  const uint32_t bits = e >= 2 ? (e - 1) << 23 : 0x00200000U << e;
  float scale;
  __builtin_memcpy(&scale, &bits, sizeof(scale));
  return scale;
}

}  // namespace
}  // namespace millrace::kernels
