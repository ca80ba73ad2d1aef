#include "kernels/testing/random_weights.h"

#include <cstring>
#include <random>

#include "gguf/half.h"
#include "kernels/block_format.h"

namespace millrace::kernels::testing {
namespace {

using gguf::TensorType;

void PutHalf(std::byte* block, size_t offset, float value) {
  const uint16_t half = gguf::FloatToHalf(value);
  std::memcpy(block + offset, &half, sizeof(half));
}

// Where a block keeps its scales: byte offsets of halves.
std::vector<size_t> ScaleOffsets(TensorType type) {
  switch (type) {
    case TensorType::kQ4_1:
    case TensorType::kQ5_1:
    case TensorType::kQ4_K:
    case TensorType::kQ5_K:
      return {0, 2};
    case TensorType::kQ2_K:
      return {80, 82};
    case TensorType::kQ3_K:
      return {108};
    case TensorType::kQ6_K:
      return {208};
    default:
      return {0};
  }
}

}  // namespace

std::vector<size_t> ScaleBytes(TensorType type) {
  if (type == TensorType::kMXFP4) {
    return {0};
  }
  std::vector<size_t> bytes;
  for (const size_t offset : ScaleOffsets(type)) {
    bytes.push_back(offset);
    bytes.push_back(offset + 1);
  }
  return bytes;
}

namespace {

template <typename Random>
void PutScales(TensorType type, std::byte* block, Random& random) {
  std::uniform_real_distribution<float> scale(-0.01F, 0.01F);
  if (type == TensorType::kMXFP4) {
    block[0] = static_cast<std::byte>(120 + random() % 8);
  } else if (type == TensorType::kF32) {
    const float value = scale(random);
    std::memcpy(block, &value, sizeof(value));
  } else if (type == TensorType::kBF16) {
    const uint16_t value = gguf::FloatToBfloat(scale(random));
    std::memcpy(block, &value, sizeof(value));
  } else {
    for (const size_t offset : ScaleOffsets(type)) {
      PutHalf(block, offset, scale(random));
    }
  }
}

}  // namespace

std::vector<TensorType> WeightTypes() {
  std::vector<TensorType> types;
  for (uint32_t number = 0; number < 64; ++number) {
    const auto info = gguf::FindTensorType(number);
    if (info.has_value() && IsWeightType(info->type)) {
      types.push_back(info->type);
    }
  }
  return types;
}

RandomWeights::RandomWeights(TensorType type, const Shape& shape, uint64_t seed)
    : type_(type), shape_(shape) {
  std::mt19937_64 random(seed);
  const auto block_bytes = static_cast<size_t>(gguf::InfoOf(type).block_bytes);
  bytes_.resize(1 + static_cast<size_t>(shape.rows * gguf::RowBytes(type, shape.columns)));
  for (std::byte& byte : bytes_) {
    byte = static_cast<std::byte>(random());
  }
  for (size_t at = 1; at < bytes_.size(); at += block_bytes) {
    PutScales(type, bytes_.data() + at, random);
  }
}

WeightMatrix RandomWeights::matrix() const {
  return {type_, bytes_.data() + 1, shape_.rows, shape_.columns};
}

std::vector<float> RandomWeights::Values() const {
  std::vector<float> values(static_cast<size_t>(shape_.rows * shape_.columns));
  Dequantise(type_, bytes_.data() + 1, shape_.rows * shape_.columns, values.data());
  return values;
}

std::vector<float> RandomFloats(int64_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) {
    value = normal(random) * (random() % 64 == 0 ? 8.0F : 1.0F);
  }
  return values;
}

}  // namespace millrace::kernels::testing
