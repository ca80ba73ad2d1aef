#include "kernels/block_unpack.h"

#include <cmath>
#include <cstring>

#include "base/check.h"
#include "gguf/block_layout.h"
#include "gguf/half.h"

namespace millrace::kernels {
namespace {

using gguf::HalfToFloat;
using gguf::TensorType;

template <typename Block>
Block Load(const std::byte* bytes) {
  Block block;
  std::memcpy(&block, bytes, sizeof(block));
  return block;
}

void Nibbles(const uint8_t* q, int offset, int16_t* code) {
  for (size_t j = 0; j < 16; ++j) {
    code[j] = static_cast<int16_t>((q[j] & 15) - offset);
    code[j + 16] = static_cast<int16_t>((q[j] >> 4) - offset);
  }
}

void TableNibbles(const uint8_t* q, const std::array<int8_t, 16>& table, int scale, int16_t* code) {
  for (size_t j = 0; j < 16; ++j) {
    code[j] = static_cast<int16_t>(scale * table[q[j] & 15]);
    code[j + 16] = static_cast<int16_t>(scale * table[q[j] >> 4]);
  }
}

void AddFifthBits(const uint8_t* qh, int16_t* code) {
  for (size_t j = 0; j < 32; ++j) {
    code[j] = static_cast<int16_t>(code[j] + (((qh[j / 8] >> (j % 8)) & 1) << 4));
  }
}

void Unpack(const gguf::BlockQ2_K& block, Codes256& out) {
  out.d = HalfToFloat(block.d);
  out.dmin = HalfToFloat(block.dmin);
  for (size_t j = 0; j < 256; ++j) {
    const size_t shift = 2 * (j % 128 / 32);
    const int code = (block.q[32 * (j / 128) + j % 32] >> shift) & 3;
    out.code[j] = static_cast<int16_t>((block.scales[j / 16] & 15) * code);
  }
  for (size_t i = 0; i < 16; ++i) {
    out.min[i] = block.scales[i] >> 4;
  }
}

void Unpack(const gguf::BlockQ3_K& block, Codes256& out) {
  out.d = HalfToFloat(block.d);
  const auto scales = gguf::UnpackQ3Scales(block.scales);
  for (size_t j = 0; j < 256; ++j) {
    const size_t shift = 2 * (j % 128 / 32);
    const int low = (block.q[32 * (j / 128) + j % 32] >> shift) & 3;
    const int high = (block.high[j % 32] >> (j / 32)) & 1;
    out.code[j] = static_cast<int16_t>((scales[j / 16] - 32) * (low + 4 * high - 4));
  }
}

void PutMins(const std::array<uint8_t, 8>& mins, Codes256& out) {
  for (size_t i = 0; i < 16; ++i) {
    out.min[i] = mins[i / 2];
  }
}

void Unpack(const gguf::BlockQ4_K& block, Codes256& out) {
  out.d = HalfToFloat(block.d);
  out.dmin = HalfToFloat(block.dmin);
  const auto [scales, mins] = gguf::UnpackScales(block.scales);
  for (size_t j = 0; j < 256; ++j) {
    const uint8_t byte = block.q[32 * (j / 64) + j % 32];
    out.code[j] = static_cast<int16_t>(scales[j / 32] * (j % 64 < 32 ? byte & 15 : byte >> 4));
  }
  PutMins(mins, out);
}

void Unpack(const gguf::BlockQ5_K& block, Codes256& out) {
  out.d = HalfToFloat(block.d);
  out.dmin = HalfToFloat(block.dmin);
  const auto [scales, mins] = gguf::UnpackScales(block.scales);
  for (size_t j = 0; j < 256; ++j) {
    const uint8_t byte = block.q[32 * (j / 64) + j % 32];
    const int low = j % 64 < 32 ? byte & 15 : byte >> 4;
    const int high = (block.qh[j % 32] >> (j / 32)) & 1;
    out.code[j] = static_cast<int16_t>(scales[j / 32] * (low + 16 * high));
  }
  PutMins(mins, out);
}

void Unpack(const gguf::BlockQ6_K& block, Codes256& out) {
  out.d = HalfToFloat(block.d);
  for (size_t j = 0; j < 256; ++j) {
    const size_t half = j / 128;
    const size_t quarter = j % 128 / 32;
    const uint8_t byte = block.ql[64 * half + 32 * (quarter % 2) + j % 32];
    const int low = quarter < 2 ? byte & 15 : byte >> 4;
    const int high = (block.qh[32 * half + j % 32] >> (2 * quarter)) & 3;
    out.code[j] = static_cast<int16_t>(block.scales[j / 16] * (low + 16 * high - 32));
  }
}

void Unpack(const gguf::BlockIQ4_XS& block, Codes256& out) {
  out.d = HalfToFloat(block.d);
  for (size_t sub = 0; sub < 8; ++sub) {
    const int low = (block.scales_low[sub / 2] >> (4 * (sub % 2))) & 15;
    const int high = (block.scales_high >> (2 * sub)) & 3;
    TableNibbles(block.q + 16 * sub, gguf::kIq4Values, low + 16 * high - 32, out.code + 32 * sub);
  }
}

}  // namespace

void UnpackCodes(gguf::TensorType type, const std::byte* bytes, Codes32& out) {
  out.m = 0;
  if (type == TensorType::kQ8_0) {
    const auto block = Load<gguf::BlockQ8_0>(bytes);
    out.d = HalfToFloat(block.d);
    for (size_t j = 0; j < 32; ++j) {
      out.code[j] = block.q[j];
    }
  } else if (type == TensorType::kQ4_0) {
    const auto block = Load<gguf::BlockQ4_0>(bytes);
    out.d = HalfToFloat(block.d);
    Nibbles(block.q, 8, out.code);
  } else if (type == TensorType::kQ4_1) {
    const auto block = Load<gguf::BlockQ4_1>(bytes);
    out.d = HalfToFloat(block.d);
    out.m = HalfToFloat(block.m);
    Nibbles(block.q, 0, out.code);
  } else if (type == TensorType::kQ5_0) {
    const auto block = Load<gguf::BlockQ5_0>(bytes);
    out.d = HalfToFloat(block.d);
    Nibbles(block.q, 16, out.code);
    AddFifthBits(block.qh, out.code);
  } else if (type == TensorType::kQ5_1) {
    const auto block = Load<gguf::BlockQ5_1>(bytes);
    out.d = HalfToFloat(block.d);
    out.m = HalfToFloat(block.m);
    Nibbles(block.q, 0, out.code);
    AddFifthBits(block.qh, out.code);
  } else if (type == TensorType::kIQ4_NL) {
    const auto block = Load<gguf::BlockIQ4_NL>(bytes);
    out.d = HalfToFloat(block.d);
    TableNibbles(block.q, gguf::kIq4Values, 1, out.code);
  } else {
    MILLRACE_CHECK(type == TensorType::kMXFP4);
    const auto block = Load<gguf::BlockMXFP4>(bytes);
    out.d = std::ldexp(1.0F, block.e - 128);
    TableNibbles(block.q, gguf::kMxfp4Values, 1, out.code);
  }
}

void UnpackCodes(gguf::TensorType type, const std::byte* bytes, Codes256& out) {
  out.dmin = 0;
  for (int16_t& min : out.min) {
    min = 0;
  }
  if (type == TensorType::kQ2_K) {
    Unpack(Load<gguf::BlockQ2_K>(bytes), out);
  } else if (type == TensorType::kQ3_K) {
    Unpack(Load<gguf::BlockQ3_K>(bytes), out);
  } else if (type == TensorType::kQ4_K) {
    Unpack(Load<gguf::BlockQ4_K>(bytes), out);
  } else if (type == TensorType::kQ5_K) {
    Unpack(Load<gguf::BlockQ5_K>(bytes), out);
  } else if (type == TensorType::kQ6_K) {
    Unpack(Load<gguf::BlockQ6_K>(bytes), out);
  } else {
    MILLRACE_CHECK(type == TensorType::kIQ4_XS);
    Unpack(Load<gguf::BlockIQ4_XS>(bytes), out);
  }
}

ProductKind ProductKindOf(gguf::TensorType type) {
  switch (gguf::InfoOf(type).block_values) {
    case 32:
      return ProductKind::kBlocks32;
    case 256:
      return ProductKind::kBlocks256;
    default:
      return ProductKind::kFloat;
  }
}

bool HasMinimum(gguf::TensorType type) {
  switch (type) {
    case TensorType::kQ4_1:
    case TensorType::kQ5_1:
    case TensorType::kQ2_K:
    case TensorType::kQ4_K:
    case TensorType::kQ5_K:
      return true;
    default:
      return false;
  }
}

}  // namespace millrace::kernels
