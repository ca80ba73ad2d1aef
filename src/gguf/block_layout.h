// The blocks of GGUF's quantised tensors as they lie in a file: little-endian, packed, at any
// address.
//
// Halves are kept as bits (see gguf/half.h). What a block means, value by value, is in
// kernels/block_format.cc. Source: ggml `src/ggml-common.h` (layouts as facts).
#pragma once

#include <array>
#include <cstdint>

namespace millrace::gguf {

#pragma pack(push, 1)

struct BlockQ8_0 {  // y = d * q
  uint16_t d;
  int8_t q[32];
};

struct BlockQ4_0 {  // y = d * (n - 8); low nibbles are values 0..15, high nibbles 16..31
  uint16_t d;
  uint8_t q[16];
};

struct BlockQ4_1 {  // y = d * n + m
  uint16_t d;
  uint16_t m;
  uint8_t q[16];
};

struct BlockQ5_0 {  // y = d * (n - 16); bit j of qh is the fifth bit of value j
  uint16_t d;
  uint8_t qh[4];
  uint8_t q[16];
};

struct BlockQ5_1 {  // y = d * n + m
  uint16_t d;
  uint16_t m;
  uint8_t qh[4];
  uint8_t q[16];
};

struct BlockIQ4_NL {  // y = d * kIq4Values[n], nibbles as in Q4_0
  uint16_t d;
  uint8_t q[16];
};

struct BlockMXFP4 {  // y = 2^(e - 128) * kMxfp4Values[n], nibbles as in Q4_0
  uint8_t e;
  uint8_t q[16];
};

struct BlockQ2_K {  // y = d * (scale & 15) * n - dmin * (scale >> 4), scales of 16 values
  uint8_t scales[16];
  uint8_t q[64];
  uint16_t d;
  uint16_t dmin;
};

struct BlockQ3_K {  // y = d * (scale - 32) * n, n in -4..3, scales of 16 values
  uint8_t high[32];
  uint8_t q[64];
  uint8_t scales[12];
  uint16_t d;
};

struct BlockQ4_K {  // y = d * scale * n - dmin * min, scales and mins of 32 values
  uint16_t d;
  uint16_t dmin;
  uint8_t scales[12];
  uint8_t q[128];
};

struct BlockQ5_K {  // as Q4_K with a fifth bit
  uint16_t d;
  uint16_t dmin;
  uint8_t scales[12];
  uint8_t qh[32];
  uint8_t q[128];
};

struct BlockQ6_K {  // y = d * scale * (n - 32), scales of 16 values
  uint8_t ql[128];
  uint8_t qh[64];
  int8_t scales[16];
  uint16_t d;
};

struct BlockIQ4_XS {  // y = d * (scale - 32) * kIq4Values[n], scales of 32 values
  uint16_t d;
  uint16_t scales_high;
  uint8_t scales_low[4];
  uint8_t q[128];
};

#pragma pack(pop)

static_assert(sizeof(BlockQ8_0) == 34 && sizeof(BlockQ4_0) == 18 && sizeof(BlockQ4_1) == 20);
static_assert(sizeof(BlockQ5_0) == 22 && sizeof(BlockQ5_1) == 24 && sizeof(BlockIQ4_NL) == 18);
static_assert(sizeof(BlockMXFP4) == 17 && sizeof(BlockQ2_K) == 84 && sizeof(BlockQ3_K) == 110);
static_assert(sizeof(BlockQ4_K) == 144 && sizeof(BlockQ5_K) == 176 && sizeof(BlockQ6_K) == 210);
static_assert(sizeof(BlockIQ4_XS) == 136);

inline constexpr std::array<int8_t, 16> kIq4Values = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                      1,    13,   25,  38,  53,  69,  89,  113};

// Twice the value of each E2M1 code, so that all are integers.
inline constexpr std::array<int8_t, 16> kMxfp4Values = {0, 1,  2,  3,  4,  6,  8,  12,
                                                        0, -1, -2, -3, -4, -6, -8, -12};

// The eight six-bit (scale, min) pairs of Q4_K and Q5_K.
struct ScalesAndMins {
  std::array<uint8_t, 8> scales;
  std::array<uint8_t, 8> mins;
};

constexpr ScalesAndMins UnpackScales(const uint8_t (&packed)[12]) {
  ScalesAndMins out{};
  for (size_t i = 0; i < 4; ++i) {
    out.scales[i] = packed[i] & 63;
    out.mins[i] = packed[i + 4] & 63;
    out.scales[i + 4] = static_cast<uint8_t>((packed[i + 8] & 15) | ((packed[i] >> 6) << 4));
    out.mins[i + 4] = static_cast<uint8_t>((packed[i + 8] >> 4) | ((packed[i + 4] >> 6) << 4));
  }
  return out;
}

// The sixteen six-bit scales of Q3_K, still with their offset of 32.
constexpr std::array<uint8_t, 16> UnpackQ3Scales(const uint8_t (&packed)[12]) {
  std::array<uint8_t, 16> out{};
  for (size_t i = 0; i < 16; ++i) {
    const int low = i < 8 ? packed[i] & 15 : packed[i - 8] >> 4;
    const int high = (packed[8 + i % 4] >> (2 * (i / 4))) & 3;
    out[i] = static_cast<uint8_t>(low | (high << 4));
  }
  return out;
}

}  // namespace millrace::gguf
