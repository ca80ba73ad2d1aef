#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "kernels/block_format.h"
#include "kernels/block_unpack.h"
#include "kernels/scalar.h"

namespace millrace::kernels::scalar {
namespace {

// Below it the reciprocal overflows; such a block is as good as zero.
constexpr float kAmplitudeMin = 1e-30F;

float Amplitude(const float* values, int64_t count) {
  float amplitude = 0;
  for (int64_t i = 0; i < count; ++i) {
    amplitude = std::max(amplitude, std::abs(values[i]));
  }
  return amplitude < kAmplitudeMin ? 0.0F : amplitude;
}

// Nearest integer, ties to even; what no float rounds to (infinities, NaNs) becomes -128 as in the
// vector code.
int8_t RoundToByte(float value) {
  return std::abs(value) < 128.0F ? static_cast<int8_t>(std::nearbyint(value)) : int8_t{-128};
}

int32_t QuantiseBlock(const float* values, int64_t count, float reciprocal, int8_t* q) {
  int32_t sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    q[i] = RoundToByte(values[i] * reciprocal);
    sum += q[i];
  }
  return sum;
}

void Blocks32Row(const Product& product, const Activations& x, int64_t row) {
  const int64_t blocks = product.weight.columns / 32;
  const int64_t block_bytes = gguf::InfoOf(product.weight.type).block_bytes;
  const std::byte* bytes = product.weight.data + row * blocks * block_bytes;
  const bool has_minimum = HasMinimum(product.weight.type);
  for (int64_t token = 0; token < x.tokens; ++token) {
    product.out[token * product.out_stride + row] = 0;
  }
  Codes32 codes;
  for (int64_t block = 0; block < blocks; ++block) {
    UnpackCodes(product.weight.type, bytes + block * block_bytes, codes);
    for (int64_t token = 0; token < x.tokens; ++token) {
      const int8_t* q = x.blocks32.q + token * x.columns + block * 32;
      int32_t dot = 0;
      for (int64_t j = 0; j < 32; ++j) {
        dot += codes.code[j] * q[j];
      }
      float& out = product.out[token * product.out_stride + row];
      const int64_t at = token * blocks + block;
      out = MulAdd(static_cast<float>(dot), codes.d * x.blocks32.scales[at], out);
      if (has_minimum) {
        out = MulAdd(codes.m, x.blocks32.scaled_sums[at], out);
      }
    }
  }
}

void Blocks256Row(const Product& product, const Activations& x, int64_t row) {
  const int64_t blocks = product.weight.columns / 256;
  const int64_t block_bytes = gguf::InfoOf(product.weight.type).block_bytes;
  const std::byte* bytes = product.weight.data + row * blocks * block_bytes;
  const bool has_minimum = HasMinimum(product.weight.type);
  for (int64_t token = 0; token < x.tokens; ++token) {
    product.out[token * product.out_stride + row] = 0;
  }
  Codes256 codes;
  for (int64_t block = 0; block < blocks; ++block) {
    UnpackCodes(product.weight.type, bytes + block * block_bytes, codes);
    for (int64_t token = 0; token < x.tokens; ++token) {
      const int8_t* q = x.blocks256.q + token * x.columns + block * 256;
      int32_t dot = 0;
      for (int64_t j = 0; j < 256; ++j) {
        dot += codes.code[j] * q[j];
      }
      float& out = product.out[token * product.out_stride + row];
      const float scale = x.blocks256.scales[token * blocks + block];
      out = MulAdd(static_cast<float>(dot), codes.d * scale, out);
      if (has_minimum) {
        const int16_t* sums = x.blocks256.sums16 + (token * blocks + block) * 16;
        int32_t minimum = 0;
        for (int64_t i = 0; i < 16; ++i) {
          minimum += codes.min[i] * sums[i];
        }
        out = MulAdd(static_cast<float>(minimum), -(codes.dmin * scale), out);
      }
    }
  }
}

void FloatRow(const Product& product, const Activations& x, int64_t row) {
  constexpr int64_t kChunk = 256;
  const int64_t bytes_per_value = gguf::InfoOf(product.weight.type).block_bytes;
  const std::byte* bytes = product.weight.data + row * x.columns * bytes_per_value;
  std::array<float, kChunk> weights;
  for (int64_t token = 0; token < x.tokens; ++token) {
    const float* values = x.values.data + token * x.values.stride;
    std::array<float, 16> lanes{};
    for (int64_t first = 0; first < x.columns; first += kChunk) {
      const int64_t count = std::min(kChunk, x.columns - first);
      Dequantise(product.weight.type, bytes + first * bytes_per_value, count, weights.data());
      for (int64_t j = 0; j < count; ++j) {
        float& lane = lanes[static_cast<size_t>(j % 16)];
        lane = MulAdd(weights[static_cast<size_t>(j)], values[first + j], lane);
      }
    }
    product.out[token * product.out_stride + row] = SumLanes(lanes);
  }
}

}  // namespace

void Quantise32(const float* values, int64_t columns, const QuantisedRow& out) {
  for (int64_t block = 0; block < columns / 32; ++block) {
    const float amplitude = Amplitude(values + block * 32, 32);
    const float reciprocal = amplitude == 0 ? 0.0F : 127.0F / amplitude;
    const int32_t sum = QuantiseBlock(values + block * 32, 32, reciprocal, out.q + block * 32);
    out.scales[block] = amplitude / 127.0F;
    out.sums[block] = sum;
    out.scaled_sums[block] = out.scales[block] * static_cast<float>(sum);
  }
}

void Quantise256(const float* values, int64_t columns, const QuantisedRow& out) {
  for (int64_t block = 0; block < columns / 256; ++block) {
    const float amplitude = Amplitude(values + block * 256, 256);
    const float reciprocal = amplitude == 0 ? 0.0F : 127.0F / amplitude;
    for (int64_t i = 0; i < 16; ++i) {
      const int64_t at = block * 256 + i * 16;
      out.sums16[block * 16 + i] =
          static_cast<int16_t>(QuantiseBlock(values + at, 16, reciprocal, out.q + at));
    }
    for (int64_t i = 0; i < 8; ++i) {
      out.sums32[block * 8 + i] =
          static_cast<int16_t>(out.sums16[block * 16 + 2 * i] + out.sums16[block * 16 + 2 * i + 1]);
    }
    out.scales[block] = amplitude / 127.0F;
  }
}

void MatMulRows(const Product& product, const Activations& x, RowRange rows) {
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    switch (ProductKindOf(product.weight.type)) {
      case ProductKind::kFloat:
        FloatRow(product, x, row);
        break;
      case ProductKind::kBlocks32:
        Blocks32Row(product, x, row);
        break;
      case ProductKind::kBlocks256:
        Blocks256Row(product, x, row);
        break;
    }
  }
}

}  // namespace millrace::kernels::scalar
