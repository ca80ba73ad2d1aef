// Conversions between float, IEEE half and bfloat16, bit by bit and the same on every machine.
#pragma once

#include <bit>
#include <cstdint>

namespace millrace::gguf {

// Exact: every half is a float. Infinities and NaNs stay what they are.
constexpr float HalfToFloat(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000U) << 16;
  const uint32_t exponent = (half >> 10) & 0x1FU;
  uint32_t mantissa = half & 0x3FFU;
  if (exponent == 0x1F) {
    return std::bit_cast<float>(sign | 0x7F800000U | (mantissa << 13));
  }
  if (exponent == 0) {
    if (mantissa == 0) {
      return std::bit_cast<float>(sign);
    }
    // A subnormal half is a normal float: mantissa * 2^-24, which a float multiplies exactly.
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

// Rounds to nearest, ties to even; too large becomes infinity, as the vcvtps2ph instruction does.
constexpr uint16_t FloatToHalf(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000U);
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) {
    return static_cast<uint16_t>(sign | 0x7E00U | ((magnitude >> 13) & 0x3FFU));
  }
  if (magnitude >= 0x47800000U) {  // 65536 and above
    return static_cast<uint16_t>(sign | 0x7C00U);
  }
  uint32_t kept;
  uint32_t dropped;                // what rounding looks at, scaled so that 0x80000000 is one half
  if (magnitude >= 0x38800000U) {  // 2^-14: the smallest normal half
    kept = (magnitude - 0x38000000U) >> 13;
    dropped = magnitude << 19;
  } else if (magnitude >= 0x33000000U) {  // 2^-25: half of the smallest subnormal
    const uint32_t shift = 126 - (magnitude >> 23);
    const uint32_t mantissa = (magnitude & 0x7FFFFFU) | 0x800000U;
    kept = mantissa >> shift;
    dropped = mantissa << (32 - shift);
  } else {
    return sign;
  }
  const bool up = dropped > 0x80000000U || (dropped == 0x80000000U && (kept & 1U) != 0);
  return static_cast<uint16_t>(sign | (kept + (up ? 1U : 0U)));
}

constexpr float BfloatToFloat(uint16_t bfloat) {
  return std::bit_cast<float>(static_cast<uint32_t>(bfloat) << 16);
}

// Rounds to nearest, ties to even.
constexpr uint16_t FloatToBfloat(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) {
    return static_cast<uint16_t>((bits >> 16) | 0x40U);
  }
  return static_cast<uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

}  // namespace millrace::gguf
