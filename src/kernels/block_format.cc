#include "kernels/block_format.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "gguf/block_layout.h"

namespace millrace::kernels {
namespace {

using gguf::BfloatToFloat;
using gguf::HalfToFloat;
using gguf::kIq4Values;
using gguf::kMxfp4Values;
using gguf::TensorType;

void Values(const gguf::BlockQ8_0& block, float* out) {
  const float d = HalfToFloat(block.d);
  for (size_t j = 0; j < 32; ++j) {
    out[j] = d * static_cast<float>(block.q[j]);
  }
}

// Nibble j of the 32-value formats: low nibbles first.
int Nibble(const uint8_t* q, size_t j) { return j < 16 ? q[j] & 15 : q[j - 16] >> 4; }

int FiveBits(const uint8_t* qh, const uint8_t* q, size_t j) {
  return Nibble(q, j) | (((qh[j / 8] >> (j % 8)) & 1) << 4);
}

void Values(const gguf::BlockQ4_0& block, float* out) {
  const float d = HalfToFloat(block.d);
  for (size_t j = 0; j < 32; ++j) {
    out[j] = d * static_cast<float>(Nibble(block.q, j) - 8);
  }
}

void Values(const gguf::BlockQ4_1& block, float* out) {
  const float d = HalfToFloat(block.d);
  const float m = HalfToFloat(block.m);
  for (size_t j = 0; j < 32; ++j) {
    out[j] = d * static_cast<float>(Nibble(block.q, j)) + m;
  }
}

void Values(const gguf::BlockQ5_0& block, float* out) {
  const float d = HalfToFloat(block.d);
  for (size_t j = 0; j < 32; ++j) {
    out[j] = d * static_cast<float>(FiveBits(block.qh, block.q, j) - 16);
  }
}

void Values(const gguf::BlockQ5_1& block, float* out) {
  const float d = HalfToFloat(block.d);
  const float m = HalfToFloat(block.m);
  for (size_t j = 0; j < 32; ++j) {
    out[j] = d * static_cast<float>(FiveBits(block.qh, block.q, j)) + m;
  }
}

void Values(const gguf::BlockIQ4_NL& block, float* out) {
  const float d = HalfToFloat(block.d);
  for (size_t j = 0; j < 32; ++j) {
    out[j] = d * static_cast<float>(kIq4Values[static_cast<size_t>(Nibble(block.q, j))]);
  }
}

void Values(const gguf::BlockMXFP4& block, float* out) {
  const float d = std::ldexp(1.0F, block.e - 128);
  for (size_t j = 0; j < 32; ++j) {
    out[j] = d * static_cast<float>(kMxfp4Values[static_cast<size_t>(Nibble(block.q, j))]);
  }
}

// Q2_K and Q3_K keep value 128t + 32k + l in bits 2k of byte 32t + l.
void Values(const gguf::BlockQ2_K& block, float* out) {
  const float d = HalfToFloat(block.d);
  const float dmin = HalfToFloat(block.dmin);
  for (size_t j = 0; j < 256; ++j) {
    const size_t shift = 2 * (j % 128 / 32);
    const int code = (block.q[32 * (j / 128) + j % 32] >> shift) & 3;
    const int scale = block.scales[j / 16];
    out[j] = d * static_cast<float>((scale & 15) * code) - dmin * static_cast<float>(scale >> 4);
  }
}

void Values(const gguf::BlockQ3_K& block, float* out) {
  const float d = HalfToFloat(block.d);
  const auto scales = gguf::UnpackQ3Scales(block.scales);
  for (size_t j = 0; j < 256; ++j) {
    const size_t shift = 2 * (j % 128 / 32);
    const int low = (block.q[32 * (j / 128) + j % 32] >> shift) & 3;
    const int high = (block.high[j % 32] >> (j / 32)) & 1;
    out[j] = d * static_cast<float>((scales[j / 16] - 32) * (low - (high != 0 ? 0 : 4)));
  }
}

void Values(const gguf::BlockQ4_K& block, float* out) {
  const float d = HalfToFloat(block.d);
  const float dmin = HalfToFloat(block.dmin);
  const auto [scales, mins] = gguf::UnpackScales(block.scales);
  for (size_t j = 0; j < 256; ++j) {
    const uint8_t byte = block.q[32 * (j / 64) + j % 32];
    const int code = j % 64 < 32 ? byte & 15 : byte >> 4;
    out[j] =
        d * static_cast<float>(scales[j / 32] * code) - dmin * static_cast<float>(mins[j / 32]);
  }
}

void Values(const gguf::BlockQ5_K& block, float* out) {
  const float d = HalfToFloat(block.d);
  const float dmin = HalfToFloat(block.dmin);
  const auto [scales, mins] = gguf::UnpackScales(block.scales);
  for (size_t j = 0; j < 256; ++j) {
    const uint8_t byte = block.q[32 * (j / 64) + j % 32];
    const int low = j % 64 < 32 ? byte & 15 : byte >> 4;
    const int code = low | (((block.qh[j % 32] >> (j / 32)) & 1) << 4);
    out[j] =
        d * static_cast<float>(scales[j / 32] * code) - dmin * static_cast<float>(mins[j / 32]);
  }
}

// Quarter k of a half t: nibbles of ql[64t + 32 (k % 2) + l], low ones for k < 2; top bits 2k of
// qh[32t + l].
void Values(const gguf::BlockQ6_K& block, float* out) {
  const float d = HalfToFloat(block.d);
  for (size_t j = 0; j < 256; ++j) {
    const size_t half = j / 128;
    const size_t quarter = j % 128 / 32;
    const uint8_t byte = block.ql[64 * half + 32 * (quarter % 2) + j % 32];
    const int low = quarter < 2 ? byte & 15 : byte >> 4;
    const int high = (block.qh[32 * half + j % 32] >> (2 * quarter)) & 3;
    out[j] = d * static_cast<float>(block.scales[j / 16] * ((low | (high << 4)) - 32));
  }
}

void Values(const gguf::BlockIQ4_XS& block, float* out) {
  const float d = HalfToFloat(block.d);
  for (size_t j = 0; j < 256; ++j) {
    const size_t sub = j / 32;
    const int low = (block.scales_low[sub / 2] >> (4 * (sub % 2))) & 15;
    const int high = (block.scales_high >> (2 * sub)) & 3;
    const int code = kIq4Values[static_cast<size_t>(Nibble(block.q + 16 * sub, j % 32))];
    out[j] = d * static_cast<float>(((low | (high << 4)) - 32) * code);
  }
}

template <typename Block>
void AllValues(const std::byte* blocks, int64_t value_count, int64_t block_values, float* out) {
  for (int64_t first = 0; first < value_count; first += block_values) {
    Block block;
    std::memcpy(&block, blocks + first / block_values * static_cast<int64_t>(sizeof(Block)),
                sizeof(Block));
    Values(block, out + first);
  }
}

template <float (*kConvert)(uint16_t)>
void Convert16(const std::byte* values, int64_t value_count, float* out) {
  for (int64_t j = 0; j < value_count; ++j) {
    uint16_t bits;
    std::memcpy(&bits, values + 2 * j, sizeof(bits));
    out[j] = kConvert(bits);
  }
}

}  // namespace

bool IsWeightType(gguf::TensorType type) {
  switch (type) {
    case TensorType::kI8:
    case TensorType::kI16:
    case TensorType::kI32:
    case TensorType::kI64:
    case TensorType::kF64:
      return false;
    default:
      return true;
  }
}

void Dequantise(gguf::TensorType type, const std::byte* blocks, int64_t value_count, float* out) {
  MILLRACE_CHECK(IsWeightType(type));
  const int64_t block_values = gguf::InfoOf(type).block_values;
  MILLRACE_CHECK(value_count % block_values == 0);
  switch (type) {
    case TensorType::kF32:
      std::memcpy(out, blocks, static_cast<size_t>(value_count) * sizeof(float));
      return;
    case TensorType::kF16:
      return Convert16<HalfToFloat>(blocks, value_count, out);
    case TensorType::kBF16:
      return Convert16<BfloatToFloat>(blocks, value_count, out);
    case TensorType::kQ8_0:
      return AllValues<gguf::BlockQ8_0>(blocks, value_count, block_values, out);
    case TensorType::kQ4_0:
      return AllValues<gguf::BlockQ4_0>(blocks, value_count, block_values, out);
    case TensorType::kQ4_1:
      return AllValues<gguf::BlockQ4_1>(blocks, value_count, block_values, out);
    case TensorType::kQ5_0:
      return AllValues<gguf::BlockQ5_0>(blocks, value_count, block_values, out);
    case TensorType::kQ5_1:
      return AllValues<gguf::BlockQ5_1>(blocks, value_count, block_values, out);
    case TensorType::kQ2_K:
      return AllValues<gguf::BlockQ2_K>(blocks, value_count, block_values, out);
    case TensorType::kQ3_K:
      return AllValues<gguf::BlockQ3_K>(blocks, value_count, block_values, out);
    case TensorType::kQ4_K:
      return AllValues<gguf::BlockQ4_K>(blocks, value_count, block_values, out);
    case TensorType::kQ5_K:
      return AllValues<gguf::BlockQ5_K>(blocks, value_count, block_values, out);
    case TensorType::kQ6_K:
      return AllValues<gguf::BlockQ6_K>(blocks, value_count, block_values, out);
    case TensorType::kIQ4_NL:
      return AllValues<gguf::BlockIQ4_NL>(blocks, value_count, block_values, out);
    case TensorType::kIQ4_XS:
      return AllValues<gguf::BlockIQ4_XS>(blocks, value_count, block_values, out);
    case TensorType::kMXFP4:
      return AllValues<gguf::BlockMXFP4>(blocks, value_count, block_values, out);
    case TensorType::kI8:
    case TensorType::kI16:
    case TensorType::kI32:
    case TensorType::kI64:
    case TensorType::kF64:
      return;
  }
}

}  // namespace millrace::kernels
