// The quantiser of gguf/quantise.h against the values of kernels/block_format.h.
#include "gguf/quantise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/block_format.h"
#include "kernels/testing/random_weights.h"

namespace millrace::kernels {
namespace {

using gguf::TensorType;

std::vector<float> RoundTrip(TensorType type, const std::vector<float>& values) {
  const auto count = static_cast<int64_t>(values.size());
  std::vector<std::byte> bytes(static_cast<size_t>(gguf::RowBytes(type, count)));
  gguf::QuantiseRow(type, values, bytes);
  std::vector<float> out(values.size());
  Dequantise(type, bytes.data(), count, out.data());
  return out;
}

double RelativeError(const std::vector<float>& values, const std::vector<float>& rounded) {
  double error = 0;
  double power = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    error += std::pow(static_cast<double>(rounded[i]) - values[i], 2);
    power += std::pow(static_cast<double>(values[i]), 2);
  }
  return std::sqrt(error / power);
}

struct ErrorLimit {
  TensorType type;
  double limit;  // root mean square, of normally distributed values
};

TEST(Quantise, ErrorIsWhatTheBitsAllow) {
  std::vector<float> values;
  for (const float value : testing::RandomFloats(4096, 1)) {
    values.push_back(std::abs(value) > 4 ? 0.5F : value);
  }
  for (const auto& [type, limit] :
       {ErrorLimit{TensorType::kF32, 0}, ErrorLimit{TensorType::kF16, 3e-4},
        ErrorLimit{TensorType::kBF16, 2e-3}, ErrorLimit{TensorType::kQ8_0, 6e-3},
        ErrorLimit{TensorType::kQ6_K, 0.021}, ErrorLimit{TensorType::kQ5_K, 0.040},
        ErrorLimit{TensorType::kQ5_1, 0.043}, ErrorLimit{TensorType::kQ5_0, 0.045},
        ErrorLimit{TensorType::kQ4_K, 0.080}, ErrorLimit{TensorType::kQ4_1, 0.085},
        ErrorLimit{TensorType::kQ4_0, 0.095}}) {
    EXPECT_LE(RelativeError(values, RoundTrip(type, values)), limit) << gguf::InfoOf(type).name;
  }
}

TEST(Quantise, CodesOfABlockComeBackExactly) {
  std::vector<float> values(256);
  for (size_t j = 0; j < values.size(); ++j) {
    values[j] = static_cast<float>(static_cast<int>(j * 7 % 16) - 8) * 0.5F;
  }
  for (const TensorType type : {TensorType::kQ4_0, TensorType::kQ5_0, TensorType::kF16}) {
    EXPECT_EQ(RoundTrip(type, values), values) << gguf::InfoOf(type).name;
  }
}

TEST(Quantise, ZerosStayZerosAndConstantsStayNear) {
  for (const TensorType type : testing::WeightTypes()) {
    if (!gguf::CanQuantise(type)) {
      continue;
    }
    EXPECT_EQ(RoundTrip(type, std::vector<float>(256, 0.0F)), std::vector<float>(256, 0.0F))
        << gguf::InfoOf(type).name;
    for (const float constant : {0.75F, -0.75F}) {
      const std::vector<float> values(256, constant);
      EXPECT_LE(RelativeError(values, RoundTrip(type, values)), 0.02)
          << gguf::InfoOf(type).name << " " << constant;
    }
  }
}

TEST(Quantise, RefusesTypesItCannotWrite) {
  EXPECT_FALSE(gguf::CanQuantise(TensorType::kIQ4_XS));
  EXPECT_FALSE(gguf::CanQuantise(TensorType::kI32));
}

}  // namespace
}  // namespace millrace::kernels
