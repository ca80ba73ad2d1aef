#include "gguf/tensor_type.h"

#include <array>

#include "base/check.h"

namespace millrace::gguf {
namespace {

constexpr std::array kTypes = {
    TensorTypeInfo{TensorType::kF32, "F32", 1, 4},
    TensorTypeInfo{TensorType::kF16, "F16", 1, 2},
    TensorTypeInfo{TensorType::kQ4_0, "Q4_0", 32, 18},
    TensorTypeInfo{TensorType::kQ4_1, "Q4_1", 32, 20},
    TensorTypeInfo{TensorType::kQ5_0, "Q5_0", 32, 22},
    TensorTypeInfo{TensorType::kQ5_1, "Q5_1", 32, 24},
    TensorTypeInfo{TensorType::kQ8_0, "Q8_0", 32, 34},
    TensorTypeInfo{TensorType::kQ2_K, "Q2_K", 256, 84},
    TensorTypeInfo{TensorType::kQ3_K, "Q3_K", 256, 110},
    TensorTypeInfo{TensorType::kQ4_K, "Q4_K", 256, 144},
    TensorTypeInfo{TensorType::kQ5_K, "Q5_K", 256, 176},
    TensorTypeInfo{TensorType::kQ6_K, "Q6_K", 256, 210},
    TensorTypeInfo{TensorType::kIQ4_NL, "IQ4_NL", 32, 18},
    TensorTypeInfo{TensorType::kIQ4_XS, "IQ4_XS", 256, 136},
    TensorTypeInfo{TensorType::kI8, "I8", 1, 1},
    TensorTypeInfo{TensorType::kI16, "I16", 1, 2},
    TensorTypeInfo{TensorType::kI32, "I32", 1, 4},
    TensorTypeInfo{TensorType::kI64, "I64", 1, 8},
    TensorTypeInfo{TensorType::kF64, "F64", 1, 8},
    TensorTypeInfo{TensorType::kBF16, "BF16", 1, 2},
    TensorTypeInfo{TensorType::kMXFP4, "MXFP4", 32, 17},
};

const TensorTypeInfo* Lookup(uint32_t number) {
  for (const TensorTypeInfo& info : kTypes) {
    if (static_cast<uint32_t>(info.type) == number) {
      return &info;
    }
  }
  return nullptr;
}

}  // namespace

std::optional<TensorTypeInfo> FindTensorType(uint32_t number) {
  const TensorTypeInfo* info = Lookup(number);
  return info == nullptr ? std::nullopt : std::optional(*info);
}

const TensorTypeInfo& InfoOf(TensorType type) {
  const TensorTypeInfo* info = Lookup(static_cast<uint32_t>(type));
  MILLRACE_CHECK(info != nullptr);
  return *info;
}

int64_t RowBytes(TensorType type, int64_t values) {
  const TensorTypeInfo& info = InfoOf(type);
  MILLRACE_CHECK(values >= 0 && values % info.block_values == 0);
  return values / info.block_values * info.block_bytes;
}

}  // namespace millrace::gguf
