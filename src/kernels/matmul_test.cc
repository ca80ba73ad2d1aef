#include "kernels/matmul.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "kernels/block_unpack.h"
#include "kernels/testing/random_weights.h"

namespace millrace::kernels {
namespace {

using gguf::TensorType;
using testing::RandomFloats;
using testing::RandomWeights;
using testing::WeightTypes;

struct Shape {
  int64_t rows;
  int64_t columns;
  int64_t tokens;
};

// Odd counts of rows and tokens on purpose: every remainder of every tile.
std::vector<Shape> ShapesOf(TensorType type) {
  if (ProductKindOf(type) == ProductKind::kFloat) {
    return {{1, 1, 1},   {5, 7, 3},    {16, 16, 2},  {19, 40, 5},
            {33, 96, 9}, {64, 128, 4}, {50, 300, 17}};
  }
  const int64_t unit = gguf::InfoOf(type).block_values;
  return {{1, unit, 1},       {5, 2 * unit, 3},         {16, 3 * unit, 2},  {17, unit, 5},
          {33, 4 * unit, 9},  {64, 9 * unit, 4},        {50, 2 * unit, 23}, {8, 8 * unit, 37},
          {130, 3 * unit, 1}, {100, 256 + unit * 8, 16}};
}

std::string Describe(TensorType type, const Shape& shape, const KernelTable& kernels) {
  return std::string(gguf::InfoOf(type).name) + " " + std::to_string(shape.rows) + "x" +
         std::to_string(shape.columns) + ", " + std::to_string(shape.tokens) + " tokens, " +
         std::string(LevelName(LevelOf(kernels)));
}

std::vector<float> Multiply(const WeightMatrix& weight, const MatrixView& x, int32_t threads,
                            const KernelTable& kernels) {
  ThreadPool pool(threads);
  ActivationBatch batch(kernels);
  batch.Set(x);
  // One float more than needed in each row of the output: nothing may write there.
  const int64_t stride = weight.rows + 1;
  std::vector<float> out(static_cast<size_t>(x.rows * stride), 12345.0F);
  const Product product = {weight, out.data(), stride};
  MatMul({&product, 1}, batch, pool);
  std::vector<float> dense;
  for (int64_t token = 0; token < x.rows; ++token) {
    EXPECT_EQ(out[static_cast<size_t>(token * stride + weight.rows)], 12345.0F);
    dense.insert(dense.end(), out.begin() + token * stride,
                 out.begin() + token * stride + weight.rows);
  }
  return dense;
}

MatrixView ViewOf(const std::vector<float>& values, const Shape& shape) {
  return {values.data(), shape.tokens, shape.columns, shape.columns};
}

// What rounding the activations of one block can cost, and a float's share of the sum of
// magnitudes.
double ErrorBound(TensorType type, const float* weights, const float* x, int64_t columns) {
  double magnitude = 0;
  for (int64_t k = 0; k < columns; ++k) {
    magnitude += std::abs(static_cast<double>(weights[k]) * x[k]);
  }
  double rounding = 0;
  if (ProductKindOf(type) != ProductKind::kFloat) {
    const int64_t unit = gguf::InfoOf(type).block_values;
    for (int64_t first = 0; first < columns; first += unit) {
      double amplitude = 0;
      double weight_sum = 0;
      for (int64_t k = first; k < first + unit; ++k) {
        amplitude = std::max(amplitude, std::abs(static_cast<double>(x[k])));
        weight_sum += std::abs(static_cast<double>(weights[k]));
      }
      rounding += amplitude / 254 * weight_sum;
    }
  }
  return 1.001 * rounding + 1e-5 * magnitude + 1e-6 * rounding + 1e-12;
}

void ExpectNearReference(const RandomWeights& weights, const std::vector<float>& x,
                         const Shape& shape, const KernelTable& kernels) {
  const TensorType type = weights.matrix().type;
  const std::vector<float> values = weights.Values();
  const std::vector<float> out = Multiply(weights.matrix(), ViewOf(x, shape), 1, kernels);
  for (int64_t token = 0; token < shape.tokens; ++token) {
    for (int64_t row = 0; row < shape.rows; ++row) {
      const float* w = values.data() + row * shape.columns;
      const float* v = x.data() + token * shape.columns;
      double expected = 0;
      for (int64_t k = 0; k < shape.columns; ++k) {
        expected += static_cast<double>(w[k]) * v[k];
      }
      ASSERT_NEAR(out[static_cast<size_t>(token * shape.rows + row)], expected,
                  ErrorBound(type, w, v, shape.columns))
          << "token " << token << " row " << row;
    }
  }
}

TEST(MatMul, EveryTypeShapeAndLevelIsNearTheExactProduct) {
  for (const TensorType type : WeightTypes()) {
    for (const Shape& shape : ShapesOf(type)) {
      const RandomWeights weights(type, {shape.rows, shape.columns}, 1);
      const std::vector<float> x = RandomFloats(shape.tokens * shape.columns, 2);
      for (const Level level : AvailableLevels()) {
        SCOPED_TRACE(Describe(type, shape, *KernelsAt(level)));
        ExpectNearReference(weights, x, shape, *KernelsAt(level));
      }
    }
  }
}

// The oracle differs from the vector levels by the rounding of its multiply-adds only.
TEST(MatMul, VectorLevelsAgreeWithScalar) {
  for (const TensorType type : WeightTypes()) {
    for (const Shape& shape : ShapesOf(type)) {
      const RandomWeights weights(type, {shape.rows, shape.columns}, 3);
      const std::vector<float> values = weights.Values();
      const std::vector<float> x = RandomFloats(shape.tokens * shape.columns, 4);
      const auto scalar =
          Multiply(weights.matrix(), ViewOf(x, shape), 1, *KernelsAt(Level::kScalar));
      for (const Level level : AvailableLevels()) {
        SCOPED_TRACE(Describe(type, shape, *KernelsAt(level)));
        const auto out = Multiply(weights.matrix(), ViewOf(x, shape), 1, *KernelsAt(level));
        for (size_t i = 0; i < out.size(); ++i) {
          double magnitude = 0;
          for (int64_t k = 0; k < shape.columns; ++k) {
            const int64_t row = static_cast<int64_t>(i) % shape.rows;
            const int64_t token = static_cast<int64_t>(i) / shape.rows;
            magnitude += std::abs(values[static_cast<size_t>(row * shape.columns + k)] *
                                  x[static_cast<size_t>(token * shape.columns + k)]);
          }
          ASSERT_NEAR(out[i], scalar[i], 2e-6 * magnitude + 1e-12) << "element " << i;
        }
      }
    }
  }
}

TEST(MatMul, BytesDoNotDependOnBatchOrThreads) {
  for (const TensorType type : WeightTypes()) {
    for (const Shape& shape : ShapesOf(type)) {
      const RandomWeights weights(type, {shape.rows, shape.columns}, 5);
      const std::vector<float> x = RandomFloats(shape.tokens * shape.columns, 6);
      for (const Level level : AvailableLevels()) {
        const KernelTable& kernels = *KernelsAt(level);
        SCOPED_TRACE(Describe(type, shape, kernels));
        std::vector<float> one_by_one;
        for (int64_t token = 0; token < shape.tokens; ++token) {
          const auto row = Multiply(
              weights.matrix(), {x.data() + token * shape.columns, 1, shape.columns, shape.columns},
              1, kernels);
          one_by_one.insert(one_by_one.end(), row.begin(), row.end());
        }
        for (const int32_t threads : {1, 2, 3}) {
          EXPECT_EQ(Multiply(weights.matrix(), ViewOf(x, shape), threads, kernels), one_by_one)
              << threads << " threads";
        }
      }
    }
  }
}

TEST(MatMul, VectorLevelsAgreeBitForBit) {
  if (KernelsAt(Level::kAvx2) == nullptr || KernelsAt(Level::kAvx512) == nullptr) {
    GTEST_SKIP() << "this processor has only one vector level";
  }
  for (const TensorType type : WeightTypes()) {
    for (const Shape& shape : ShapesOf(type)) {
      const RandomWeights weights(type, {shape.rows, shape.columns}, 7);
      const std::vector<float> x = RandomFloats(shape.tokens * shape.columns, 8);
      EXPECT_EQ(Multiply(weights.matrix(), ViewOf(x, shape), 1, *KernelsAt(Level::kAvx512)),
                Multiply(weights.matrix(), ViewOf(x, shape), 1, *KernelsAt(Level::kAvx2)))
          << Describe(type, shape, *KernelsAt(Level::kAvx512));
    }
  }
}

// The largest codes against the largest activations: where 16-bit sums would overflow first.
TEST(MatMul, ExtremeCodesDoNotOverflow) {
  for (const TensorType type : WeightTypes()) {
    if (ProductKindOf(type) == ProductKind::kFloat) {
      continue;
    }
    const Shape shape = {16, 512, 5};
    for (const int fill : {0x00, 0x7F, 0x80, 0xFF}) {
      const int64_t row_bytes = gguf::RowBytes(type, shape.columns);
      const RandomWeights random(type, {shape.rows, shape.columns}, 9);
      std::vector<std::byte> bytes(static_cast<size_t>(shape.rows * row_bytes),
                                   static_cast<std::byte>(fill));
      // Scales from random blocks, everything else `fill`.
      const auto block_bytes = static_cast<size_t>(gguf::InfoOf(type).block_bytes);
      for (size_t at = 0; at < bytes.size(); at += block_bytes) {
        for (const size_t offset : testing::ScaleBytes(type)) {
          bytes[at + offset] = random.matrix().data[at + offset];
        }
      }
      std::vector<float> x(static_cast<size_t>(shape.tokens * shape.columns));
      for (size_t i = 0; i < x.size(); ++i) {
        x[i] = (i / 512 + i / 128) % 2 == 0 ? 1.0F : -1.0F;
      }
      const WeightMatrix weight = {type, bytes.data(), shape.rows, shape.columns};
      const auto scalar = Multiply(weight, ViewOf(x, shape), 1, *KernelsAt(Level::kScalar));
      for (const Level level : AvailableLevels()) {
        const auto out = Multiply(weight, ViewOf(x, shape), 1, *KernelsAt(level));
        for (size_t i = 0; i < out.size(); ++i) {
          ASSERT_NEAR(out[i], scalar[i], 1e-5 * std::abs(scalar[i]) + 1e-2)
              << Describe(type, shape, *KernelsAt(level)) << ", fill " << fill;
        }
      }
    }
  }
}

TEST(MatMul, ProductsOfOneCallAreIndependent) {
  const Shape shape = {40, 512, 3};
  const std::vector<float> x = RandomFloats(shape.tokens * shape.columns, 10);
  const RandomWeights first(TensorType::kQ4_K, {40, 512}, 11);
  const RandomWeights second(TensorType::kQ8_0, {24, 512}, 12);
  ThreadPool pool(2);
  ActivationBatch batch;
  batch.Set(ViewOf(x, shape));
  std::vector<float> a(3 * 40);
  std::vector<float> b(3 * 24);
  const Product products[] = {{first.matrix(), a.data(), 40}, {second.matrix(), b.data(), 24}};
  MatMul(products, batch, pool);
  EXPECT_EQ(a, Multiply(first.matrix(), ViewOf(x, shape), 1, Kernels()));
  EXPECT_EQ(b, Multiply(second.matrix(), ViewOf(x, shape), 1, Kernels()));
}

TEST(MatMul, ZeroAndTinyActivationsGiveZero) {
  const RandomWeights weights(TensorType::kQ8_0, {4, 64}, 13);
  for (const float value : {0.0F, 1e-38F}) {
    const std::vector<float> x(64, value);
    for (const Level level : AvailableLevels()) {
      EXPECT_EQ(Multiply(weights.matrix(), {x.data(), 1, 64, 64}, 1, *KernelsAt(level)),
                std::vector<float>(4, 0.0F));
    }
  }
}

}  // namespace
}  // namespace millrace::kernels
