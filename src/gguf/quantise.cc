#include "gguf/quantise.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "gguf/block_layout.h"
#include "gguf/half.h"

namespace millrace::gguf {
namespace {

// Candidates on each side of the plain scale, a tenth of a code apart.
constexpr int kCandidates = 9;

int Round(float value, int lowest, int highest) {
  return static_cast<int>(
      std::clamp(std::nearbyint(value), static_cast<float>(lowest), static_cast<float>(highest)));
}

// How much an error of each value counts: its magnitude above the typical one.
template <size_t kCount>
std::array<float, kCount> Weights(const float* x) {
  float mean = 0;
  for (size_t j = 0; j < kCount; ++j) {
    mean += std::abs(x[j]);
  }
  mean /= static_cast<float>(kCount);
  std::array<float, kCount> weights;
  for (size_t j = 0; j < kCount; ++j) {
    weights[j] = mean + std::abs(x[j]);
  }
  return weights;
}

// The d for which d * q, q in [-levels, levels - 1], is nearest to x. Negative where the value of
// largest magnitude is positive: the extra level is on the negative side.
template <size_t kCount>
float FindScale(const float* x, int levels) {
  float extreme = 0;
  for (size_t j = 0; j < kCount; ++j) {
    extreme = std::abs(x[j]) > std::abs(extreme) ? x[j] : extreme;
  }
  if (std::abs(extreme) < 1e-30F) {
    return 0;
  }
  const auto weights = Weights<kCount>(x);
  float best_scale = 0;
  float best_score = -1;
  for (int step = -kCandidates; step <= kCandidates; ++step) {
    const float inverse = -(static_cast<float>(levels) + 0.1F * static_cast<float>(step)) / extreme;
    float xq = 0;
    float qq = 0;
    for (size_t j = 0; j < kCount; ++j) {
      const auto q = static_cast<float>(Round(x[j] * inverse, -levels, levels - 1));
      xq += weights[j] * x[j] * q;
      qq += weights[j] * q * q;
    }
    // The error of the best d for these codes is a constant minus this.
    const float score = qq > 0 ? xq * xq / qq : 0;
    if (score > best_score) {
      best_score = score;
      best_scale = qq > 0 ? xq / qq : 0;
    }
  }
  return best_scale;
}

// x is about scale * q + minimum, q in [0, highest].
struct Affine {
  float scale = 0;
  float minimum = 0;
};

enum class MinimumSign { kAny, kNotPositive };

// Least squares for given codes; nothing when all codes are the same.
template <size_t kCount>
bool Fit(const float* x, const std::array<float, kCount>& weights,
         const std::array<int, kCount>& codes, MinimumSign sign, Affine& out) {
  double w = 0, wq = 0, wqq = 0, wx = 0, wxq = 0;
  for (size_t j = 0; j < kCount; ++j) {
    const double weight = weights[j];
    const double q = codes[j];
    w += weight;
    wq += weight * q;
    wqq += weight * q * q;
    wx += weight * x[j];
    wxq += weight * x[j] * q;
  }
  const double determinant = w * wqq - wq * wq;
  if (determinant <= 0) {
    return false;
  }
  out.scale = static_cast<float>((w * wxq - wx * wq) / determinant);
  out.minimum = static_cast<float>((wqq * wx - wq * wxq) / determinant);
  if (sign == MinimumSign::kNotPositive && out.minimum > 0) {
    out.minimum = 0;
    out.scale = static_cast<float>(wxq / wqq);
  }
  return true;
}

template <size_t kCount>
double ErrorOf(const float* x, const std::array<float, kCount>& weights,
               const std::array<int, kCount>& codes, const Affine& affine) {
  double error = 0;
  for (size_t j = 0; j < kCount; ++j) {
    const double difference = static_cast<double>(affine.scale) * codes[j] + affine.minimum - x[j];
    error += weights[j] * difference * difference;
  }
  return error;
}

template <size_t kCount>
Affine FindAffine(const float* x, int highest, MinimumSign sign) {
  const auto [low, high] = std::minmax_element(x, x + kCount);
  const float minimum = sign == MinimumSign::kNotPositive ? std::min(*low, 0.0F) : *low;
  const float range = *high - minimum;
  if (range < 1e-30F) {
    return {0, minimum};
  }
  const auto weights = Weights<kCount>(x);
  Affine best = {range / static_cast<float>(highest), minimum};
  double best_error = -1;
  for (int step = -kCandidates; step <= kCandidates; ++step) {
    const float inverse = (static_cast<float>(highest) + 0.1F * static_cast<float>(step)) / range;
    std::array<int, kCount> codes;
    for (size_t j = 0; j < kCount; ++j) {
      codes[j] = Round((x[j] - minimum) * inverse, 0, highest);
    }
    Affine candidate;
    if (!Fit(x, weights, codes, sign, candidate)) {
      continue;
    }
    const double error = ErrorOf(x, weights, codes, candidate);
    if (best_error < 0 || error < best_error) {
      best_error = error;
      best = candidate;
    }
  }
  return best;
}

float Inverse(float value) { return value == 0 ? 0 : 1 / value; }

void Put(const float* x, BlockQ8_0& block) {
  float amplitude = 0;
  for (size_t j = 0; j < 32; ++j) {
    amplitude = std::max(amplitude, std::abs(x[j]));
  }
  block.d = FloatToHalf(amplitude / 127);
  const float inverse = Inverse(HalfToFloat(block.d));
  for (size_t j = 0; j < 32; ++j) {
    block.q[j] = static_cast<int8_t>(Round(x[j] * inverse, -127, 127));
  }
}

// Codes of 32 values to low and high nibbles, and fifth bits.
void PutNibbles(const std::array<int, 32>& codes, uint8_t* q) {
  for (size_t j = 0; j < 16; ++j) {
    q[j] = static_cast<uint8_t>((codes[j] & 15) | ((codes[j + 16] & 15) << 4));
  }
}

void PutFifthBits(const std::array<int, 32>& codes, uint8_t* qh) {
  std::memset(qh, 0, 4);
  for (size_t j = 0; j < 32; ++j) {
    qh[j / 8] = static_cast<uint8_t>(qh[j / 8] | ((codes[j] >> 4) << (j % 8)));
  }
}

std::array<int, 32> SymmetricCodes(const float* x, int levels, uint16_t& d) {
  d = FloatToHalf(FindScale<32>(x, levels));
  const float inverse = Inverse(HalfToFloat(d));
  std::array<int, 32> codes;
  for (size_t j = 0; j < 32; ++j) {
    codes[j] = Round(x[j] * inverse, -levels, levels - 1) + levels;
  }
  return codes;
}

std::array<int, 32> AffineCodes(const float* x, int highest, uint16_t& d, uint16_t& m) {
  const Affine affine = FindAffine<32>(x, highest, MinimumSign::kAny);
  d = FloatToHalf(affine.scale);
  m = FloatToHalf(affine.minimum);
  const float inverse = Inverse(HalfToFloat(d));
  std::array<int, 32> codes;
  for (size_t j = 0; j < 32; ++j) {
    codes[j] = Round((x[j] - HalfToFloat(m)) * inverse, 0, highest);
  }
  return codes;
}

void Put(const float* x, BlockQ4_0& block) { PutNibbles(SymmetricCodes(x, 8, block.d), block.q); }

void Put(const float* x, BlockQ4_1& block) {
  PutNibbles(AffineCodes(x, 15, block.d, block.m), block.q);
}

void Put(const float* x, BlockQ5_0& block) {
  const auto codes = SymmetricCodes(x, 16, block.d);
  PutNibbles(codes, block.q);
  PutFifthBits(codes, block.qh);
}

void Put(const float* x, BlockQ5_1& block) {
  const auto codes = AffineCodes(x, 31, block.d, block.m);
  PutNibbles(codes, block.q);
  PutFifthBits(codes, block.qh);
}

// The inverse of UnpackScales.
void PackScales(const ScalesAndMins& from, uint8_t (&packed)[12]) {
  for (size_t i = 0; i < 4; ++i) {
    packed[i] = static_cast<uint8_t>(from.scales[i] | ((from.scales[i + 4] >> 4) << 6));
    packed[i + 4] = static_cast<uint8_t>(from.mins[i] | ((from.mins[i + 4] >> 4) << 6));
    packed[i + 8] =
        static_cast<uint8_t>((from.scales[i + 4] & 15) | ((from.mins[i + 4] & 15) << 4));
  }
}

// Q4_K and Q5_K: eight sub-blocks, their scales and minima in six bits. Returns the codes.
template <typename Block>
std::array<int, 256> PutScalesAndMins(const float* x, int highest, Block& block) {
  std::array<Affine, 8> fits;
  float scale_max = 0;
  float minimum_max = 0;
  for (size_t sub = 0; sub < 8; ++sub) {
    fits[sub] = FindAffine<32>(x + 32 * sub, highest, MinimumSign::kNotPositive);
    scale_max = std::max(scale_max, fits[sub].scale);
    minimum_max = std::max(minimum_max, -fits[sub].minimum);
  }
  block.d = FloatToHalf(scale_max / 63);
  block.dmin = FloatToHalf(minimum_max / 63);
  const float d = HalfToFloat(block.d);
  const float dmin = HalfToFloat(block.dmin);
  ScalesAndMins small;
  std::array<int, 256> codes;
  for (size_t sub = 0; sub < 8; ++sub) {
    small.scales[sub] = static_cast<uint8_t>(Round(fits[sub].scale * Inverse(d), 0, 63));
    small.mins[sub] = static_cast<uint8_t>(Round(-fits[sub].minimum * Inverse(dmin), 0, 63));
    const float inverse = Inverse(d * static_cast<float>(small.scales[sub]));
    const float minimum = dmin * static_cast<float>(small.mins[sub]);
    for (size_t j = 32 * sub; j < 32 * sub + 32; ++j) {
      codes[j] = Round((x[j] + minimum) * inverse, 0, highest);
    }
  }
  PackScales(small, block.scales);
  return codes;
}

// Bytes 32c .. 32c + 31 hold sub-block 2c in their low and 2c + 1 in their high nibbles.
void PutPairedNibbles(const std::array<int, 256>& codes, uint8_t* q) {
  for (size_t j = 0; j < 128; ++j) {
    const size_t low = j / 32 * 64 + j % 32;
    q[j] = static_cast<uint8_t>((codes[low] & 15) | ((codes[low + 32] & 15) << 4));
  }
}

void Put(const float* x, BlockQ4_K& block) {
  PutPairedNibbles(PutScalesAndMins(x, 15, block), block.q);
}

void Put(const float* x, BlockQ5_K& block) {
  const auto codes = PutScalesAndMins(x, 31, block);
  PutPairedNibbles(codes, block.q);
  std::memset(block.qh, 0, sizeof(block.qh));
  for (size_t j = 0; j < 256; ++j) {
    block.qh[j % 32] = static_cast<uint8_t>(block.qh[j % 32] | ((codes[j] >> 4) << (j / 32)));
  }
}

void Put(const float* x, BlockQ6_K& block) {
  std::array<float, 16> scales;
  float extreme = 0;
  for (size_t i = 0; i < 16; ++i) {
    scales[i] = FindScale<16>(x + 16 * i, 32);
    extreme = std::abs(scales[i]) > std::abs(extreme) ? scales[i] : extreme;
  }
  std::memset(&block, 0, sizeof(block));
  block.d = FloatToHalf(-extreme / 128);
  const float d = HalfToFloat(block.d);
  for (size_t j = 0; j < 256; ++j) {
    const int scale = Round(scales[j / 16] * Inverse(d), -128, 127);
    block.scales[j / 16] = static_cast<int8_t>(scale);
    const int code = Round(x[j] * Inverse(d * static_cast<float>(scale)), -32, 31) + 32;
    const size_t half = j / 128;
    const size_t quarter = j % 128 / 32;
    uint8_t& low = block.ql[64 * half + 32 * (quarter % 2) + j % 32];
    uint8_t& high = block.qh[32 * half + j % 32];
    low = static_cast<uint8_t>(low | ((code & 15) << (quarter < 2 ? 0 : 4)));
    high = static_cast<uint8_t>(high | ((code >> 4) << (2 * quarter)));
  }
}

template <typename Block>
void PutRow(std::span<const float> values, size_t block_values, std::byte* out) {
  for (size_t first = 0; first < values.size(); first += block_values) {
    Block block;
    Put(values.data() + first, block);
    std::memcpy(out, &block, sizeof(block));
    out += sizeof(block);
  }
}

template <uint16_t (*kConvert)(float)>
void Put16(std::span<const float> values, std::byte* out) {
  for (size_t j = 0; j < values.size(); ++j) {
    const uint16_t bits = kConvert(values[j]);
    std::memcpy(out + 2 * j, &bits, sizeof(bits));
  }
}

}  // namespace

bool CanQuantise(TensorType type) {
  switch (type) {
    case TensorType::kF32:
    case TensorType::kF16:
    case TensorType::kBF16:
    case TensorType::kQ8_0:
    case TensorType::kQ4_0:
    case TensorType::kQ4_1:
    case TensorType::kQ5_0:
    case TensorType::kQ5_1:
    case TensorType::kQ4_K:
    case TensorType::kQ5_K:
    case TensorType::kQ6_K:
      return true;
    default:
      return false;
  }
}

void QuantiseRow(TensorType type, std::span<const float> values, std::span<std::byte> out) {
  MILLRACE_CHECK(CanQuantise(type));
  MILLRACE_CHECK(static_cast<int64_t>(out.size()) ==
                 RowBytes(type, static_cast<int64_t>(values.size())));
  switch (type) {
    case TensorType::kF32:
      std::memcpy(out.data(), values.data(), values.size_bytes());
      return;
    case TensorType::kF16:
      return Put16<FloatToHalf>(values, out.data());
    case TensorType::kBF16:
      return Put16<FloatToBfloat>(values, out.data());
    case TensorType::kQ8_0:
      return PutRow<BlockQ8_0>(values, 32, out.data());
    case TensorType::kQ4_0:
      return PutRow<BlockQ4_0>(values, 32, out.data());
    case TensorType::kQ4_1:
      return PutRow<BlockQ4_1>(values, 32, out.data());
    case TensorType::kQ5_0:
      return PutRow<BlockQ5_0>(values, 32, out.data());
    case TensorType::kQ5_1:
      return PutRow<BlockQ5_1>(values, 32, out.data());
    case TensorType::kQ4_K:
      return PutRow<BlockQ4_K>(values, 256, out.data());
    case TensorType::kQ5_K:
      return PutRow<BlockQ5_K>(values, 256, out.data());
    default:
      return PutRow<BlockQ6_K>(values, 256, out.data());
  }
}

}  // namespace millrace::gguf
