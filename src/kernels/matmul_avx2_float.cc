// Float weights. A product of a row and a token is sixteen running sums in two registers
// (kernels/matmul.h), so a tile is 2 rows x 3 tokens: 12 sums. Weights become floats on the way;
// bound by the two multiplier pipes for many tokens, by memory for one.

#include "kernels/matmul_avx2.h"

#if defined(__x86_64__)
#pragma GCC target("avx2,fma,f16c")
#include "kernels/avx2_support.h"

namespace millrace::kernels::avx2 {
namespace {

using gguf::TensorType;

template <TensorType kType>
constexpr int64_t kBytes = kType == TensorType::kF32 ? 4 : 2;

template <TensorType kType>
inline __m256 LoadEight(const std::byte* at) {
  if constexpr (kType == TensorType::kF32) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(at));
  } else if constexpr (kType == TensorType::kF16) {
    return _mm256_cvtph_ps(Load128(at));
  } else {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(Load128(at)), 16));
  }
}

// The last `count` < 16 columns of a row, zeros behind them: fma(0, 0, sum) changes no sum.
template <TensorType kType>
struct Tail {
  alignas(32) std::byte weights[16 * kBytes<kType>];
  alignas(32) float x[16];
};

template <TensorType kType, int kRowCount, int kTokens>
struct Sums {
  __m256 low[kRowCount][kTokens];
  __m256 high[kRowCount][kTokens];
};

template <TensorType kType, int kRowCount, int kTokens>
[[gnu::always_inline]] inline void AddSixteen(const std::byte* const* weights,
                                              const float* const* x,
                                              Sums<kType, kRowCount, kTokens>& sums) {
  __m256 w0[kRowCount];
  __m256 w1[kRowCount];
#pragma GCC unroll 4
  for (int r = 0; r < kRowCount; ++r) {
    w0[r] = LoadEight<kType>(weights[r]);
    w1[r] = LoadEight<kType>(weights[r] + 8 * kBytes<kType>);
  }
#pragma GCC unroll 4
  for (int t = 0; t < kTokens; ++t) {
    const __m256 x0 = _mm256_loadu_ps(x[t]);
    const __m256 x1 = _mm256_loadu_ps(x[t] + 8);
#pragma GCC unroll 4
    for (int r = 0; r < kRowCount; ++r) {
      sums.low[r][t] = _mm256_fmadd_ps(w0[r], x0, sums.low[r][t]);
      sums.high[r][t] = _mm256_fmadd_ps(w1[r], x1, sums.high[r][t]);
    }
  }
}

template <TensorType kType, int kRowCount, int kTokens>
void AddTail(const std::byte* const* weights, const float* const* x, int64_t count,
             Sums<kType, kRowCount, kTokens>& sums) {
  Tail<kType> tail[kRowCount > kTokens ? kRowCount : kTokens] = {};
  const std::byte* w[kRowCount];
  const float* v[kTokens];
  for (int r = 0; r < kRowCount; ++r) {
    __builtin_memcpy(tail[r].weights, weights[r], static_cast<size_t>(count * kBytes<kType>));
    w[r] = tail[r].weights;
  }
  for (int t = 0; t < kTokens; ++t) {
    __builtin_memcpy(tail[t].x, x[t], static_cast<size_t>(count) * sizeof(float));
    v[t] = tail[t].x;
  }
  AddSixteen(w, v, sums);
}

template <TensorType kType, int kRowCount, int kTokens>
void Tile(const Product& product, const Activations& x, int64_t row, int64_t token) {
  const std::byte* weights[kRowCount];
  const float* values[kTokens];
  for (int r = 0; r < kRowCount; ++r) {
    weights[r] = product.weight.data + (row + r) * x.columns * kBytes<kType>;
  }
  for (int t = 0; t < kTokens; ++t) {
    values[t] = x.values.data + (token + t) * x.values.stride;
  }
  Sums<kType, kRowCount, kTokens> sums = {};
  int64_t column = 0;
  for (; column + 16 <= x.columns; column += 16) {
    AddSixteen(weights, values, sums);
    for (const std::byte*& w : weights) {
      w += 16 * kBytes<kType>;
    }
    for (const float*& v : values) {
      v += 16;
    }
  }
  if (column < x.columns) {
    AddTail(weights, values, x.columns - column, sums);
  }
  for (int r = 0; r < kRowCount; ++r) {
    for (int t = 0; t < kTokens; ++t) {
      product.out[(token + t) * product.out_stride + row + r] =
          SumLanes(sums.low[r][t], sums.high[r][t]);
    }
  }
}

template <TensorType kType, int kRowCount>
void RowsTimesTokens(const Product& product, const Activations& x, int64_t row) {
  int64_t token = 0;
  for (; token + 3 <= x.tokens; token += 3) {
    Tile<kType, kRowCount, 3>(product, x, row, token);
  }
  if (x.tokens - token == 2) {
    Tile<kType, kRowCount, 2>(product, x, row, token);
  } else if (x.tokens - token == 1) {
    Tile<kType, kRowCount, 1>(product, x, row, token);
  }
}

template <TensorType kType>
void AllRows(const Product& product, const Activations& x, RowRange rows) {
  int64_t row = rows.begin;
  if (x.tokens == 1) {
    for (; row + 4 <= rows.end; row += 4) {
      Tile<kType, 4, 1>(product, x, row, 0);
    }
  }
  for (; row + 2 <= rows.end; row += 2) {
    RowsTimesTokens<kType, 2>(product, x, row);
  }
  if (row < rows.end) {
    RowsTimesTokens<kType, 1>(product, x, row);
  }
}

}  // namespace

void FloatRows(const Product& product, const Activations& x, RowRange rows) {
  if (product.weight.type == TensorType::kF32) {
    AllRows<TensorType::kF32>(product, x, rows);
  } else if (product.weight.type == TensorType::kF16) {
    AllRows<TensorType::kF16>(product, x, rows);
  } else {
    AllRows<TensorType::kBF16>(product, x, rows);
  }
}

}  // namespace millrace::kernels::avx2
#endif
