#include "model/testing/random_blocks.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "base/check.h"
#include "base/random.h"
#include "gguf/half.h"
#include "kernels/block_format.h"

namespace millrace::model::testing {
namespace {

using gguf::TensorType;

// Where a block keeps its scale and its minimum, as halves; -1 where it has none.
struct ScalePlaces {
  int scale = -1;
  int minimum = -1;
};

ScalePlaces PlacesOf(TensorType type) {
  switch (type) {
    case TensorType::kQ4_1:
    case TensorType::kQ5_1:
    case TensorType::kQ4_K:
    case TensorType::kQ5_K:
      return {0, 2};
    case TensorType::kQ2_K:
      return {80, 82};
    case TensorType::kQ3_K:
      return {108, -1};
    case TensorType::kQ6_K:
      return {208, -1};
    case TensorType::kMXFP4:
      return {-1, -1};
    default:
      return {0, -1};
  }
}

void PutHalf(std::byte* block, int place, float value) {
  if (place >= 0) {
    const uint16_t half = gguf::FloatToHalf(value);
    std::memcpy(block + place, &half, sizeof half);
  }
}

class BlockFiller {
 public:
  BlockFiller(TensorType type, std::span<std::byte> bytes)
      : type_(type), info_(gguf::InfoOf(type)), places_(PlacesOf(type)), bytes_(bytes) {}

  void FillCodes(Draws& draws) {
    for (std::byte& byte : bytes_) {
      byte = static_cast<std::byte>(draws.NextBits() >> 56);
    }
  }

  // Codes stay; scales become what gives the values this deviation.
  void Scale(float deviation, Draws& draws) {
    if (type_ == TensorType::kMXFP4) {
      SetExponents(127);
      const double factor = static_cast<double>(deviation) / Measure().deviation;
      SetExponents(127 + static_cast<int>(std::lround(std::log2(factor))));
      return;
    }
    // Values are linear in scale and minimum: measure each alone, then let the minimum cancel the
    // mean.
    SetAll(1.0F, 0.0F);
    const double mean = Measure().mean;
    double ratio = 0;
    if (places_.minimum >= 0) {
      SetAll(0.0F, 1.0F);
      ratio = -mean / Measure().mean;
      SetAll(1.0F, static_cast<float>(ratio));
    }
    const double scale = static_cast<double>(deviation) / Measure().deviation;
    for (size_t block = 0; block < BlockCount(); ++block) {
      // Neighbouring blocks differ, so that mixing up their scales shows.
      const double jitter = 0.75 + 0.5 * static_cast<double>(draws.NextBits() >> 40) / (1 << 24);
      Set(block, static_cast<float>(scale * jitter), static_cast<float>(scale * jitter * ratio));
    }
  }

 private:
  struct Moments {
    double mean = 0;
    double deviation = 0;
  };

  size_t BlockCount() const { return bytes_.size() / static_cast<size_t>(info_.block_bytes); }

  std::byte* Block(size_t index) {
    return bytes_.data() + index * static_cast<size_t>(info_.block_bytes);
  }

  void Set(size_t block, float scale, float minimum) {
    PutHalf(Block(block), places_.scale, scale);
    PutHalf(Block(block), places_.minimum, minimum);
  }

  void SetAll(float scale, float minimum) {
    for (size_t block = 0; block < BlockCount(); ++block) {
      Set(block, scale, minimum);
    }
  }

  void SetExponents(int exponent) {
    for (size_t block = 0; block < BlockCount(); ++block) {
      *Block(block) = static_cast<std::byte>(std::clamp(exponent, 0, 254));
    }
  }

  // Of the first blocks.
  Moments Measure() {
    const size_t count =
        std::min<size_t>(BlockCount(), 64) * static_cast<size_t>(info_.block_values);
    std::vector<float> values(count);
    kernels::Dequantise(type_, bytes_.data(), static_cast<int64_t>(count), values.data());
    double sum = 0;
    double squares = 0;
    for (const float value : values) {
      sum += static_cast<double>(value);
      squares += static_cast<double>(value) * static_cast<double>(value);
    }
    const double mean = sum / static_cast<double>(count);
    return {mean, std::sqrt(std::max(1e-30, squares / static_cast<double>(count) - mean * mean))};
  }

  TensorType type_;
  const gguf::TensorTypeInfo& info_;
  ScalePlaces places_;
  std::span<std::byte> bytes_;
};

template <typename T>
std::byte* Put(std::byte* out, T value) {
  std::memcpy(out, &value, sizeof value);
  return out + sizeof value;
}

void FillFloats(const RandomBlocks& blocks, Draws& draws, std::byte* out) {
  for (int64_t i = 0; i < blocks.count; ++i) {
    const float value = blocks.mean + blocks.deviation * draws.NextNormal();
    out = blocks.type == TensorType::kF32   ? Put(out, value)
          : blocks.type == TensorType::kF16 ? Put(out, gguf::FloatToHalf(value))
                                            : Put(out, gguf::FloatToBfloat(value));
  }
}

}  // namespace

uint64_t Draws::NextBits() { return base::SplitMix64(state_++); }

float Draws::NextNormal() {
  const uint64_t bits = NextBits();
  const uint64_t sum =
      (bits & 0xFFFF) + ((bits >> 16) & 0xFFFF) + ((bits >> 32) & 0xFFFF) + (bits >> 48);
  // Four uniforms on [0, 65536) have mean 131070 and deviation 65536 / sqrt(3).
  return (static_cast<float>(sum) - 131070.0F) * (1.7320508F / 65536.0F);
}

std::vector<std::byte> MakeRandomBlocks(const RandomBlocks& blocks, Draws& draws) {
  MILLRACE_CHECK(kernels::IsWeightType(blocks.type));
  std::vector<std::byte> out(static_cast<size_t>(gguf::RowBytes(blocks.type, blocks.count)));
  if (gguf::InfoOf(blocks.type).block_values == 1) {
    FillFloats(blocks, draws, out.data());
    return out;
  }
  MILLRACE_CHECK(blocks.mean == 0);
  BlockFiller filler(blocks.type, out);
  filler.FillCodes(draws);
  filler.Scale(blocks.deviation, draws);
  return out;
}

}  // namespace millrace::model::testing
