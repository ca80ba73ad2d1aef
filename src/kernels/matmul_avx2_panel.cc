// A tile is 16 rows x 4 tokens: 8 sums, 2 registers of codes, 1 of activations. Byte codes go
// through vpmaddubsw, whose 16-bit sums hold as many steps as a format's largest code allows;
// 16-bit codes through vpmaddwd. Bound by the two multiplier pipes.

#include "kernels/block_unpack.h"
#include "kernels/matmul_avx2.h"

#if defined(__x86_64__)
#pragma GCC target("avx2,fma,f16c")
#include "kernels/avx2_support.h"
#include "kernels/panel_avx2.h"

namespace millrace::kernels::avx2 {
namespace {

constexpr int64_t kRows = kRowGroup;

template <int kTokens>
using TileSums = __m256i[kTokens][2];

// Keeps the compiler from adding up in a tree, which needs more registers than there are.
[[gnu::always_inline]] inline void Pin(__m256i& value) { __asm__("" : "+x"(value)); }

// 16-bit sums of `kDepth` steps of four columns.
template <int kTokens, int kDepth>
[[gnu::always_inline]] inline void DotBytes(const uint8_t* codes, const int8_t* q,
                                            TileSums<kTokens>& dot) {
#pragma GCC unroll 8
  for (int step = 0; step < kDepth; ++step) {
    const __m256i low = Load256(codes + step * kRows * 4);
    const __m256i high = Load256(codes + step * kRows * 4 + 32);
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      const __m256i x = Broadcast32(q + (step * kTokenTile + t) * 4);
      const __m256i p0 = _mm256_maddubs_epi16(low, x);
      const __m256i p1 = _mm256_maddubs_epi16(high, x);
      dot[t][0] = step == 0 ? p0 : _mm256_add_epi16(dot[t][0], p0);
      dot[t][1] = step == 0 ? p1 : _mm256_add_epi16(dot[t][1], p1);
      Pin(dot[t][0]);
      Pin(dot[t][1]);
    }
  }
}

// 32-bit sums of `kSteps` steps of two columns, added to `dot`.
template <int kTokens, int kSteps>
[[gnu::always_inline]] inline void DotWide(const uint8_t* codes, const int16_t* x,
                                           TileSums<kTokens>& dot) {
#pragma GCC unroll 16
  for (int step = 0; step < kSteps; ++step) {
    const __m256i low = Load256(codes + step * kRows * 4);
    const __m256i high = Load256(codes + step * kRows * 4 + 32);
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      const __m256i pair = Broadcast32(x + (step * kTokenTile + t) * 2);
      dot[t][0] = _mm256_add_epi32(dot[t][0], _mm256_madd_epi16(low, pair));
      dot[t][1] = _mm256_add_epi32(dot[t][1], _mm256_madd_epi16(high, pair));
      Pin(dot[t][0]);
      Pin(dot[t][1]);
    }
  }
}

// sum += d * x_scale * dot
[[gnu::always_inline]] inline void AddScaled(__m256i dot, __m256 d, __m256 x_scale, float* sum) {
  const __m256 scale = _mm256_mul_ps(d, x_scale);
  _mm256_store_ps(sum, _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot), scale, _mm256_load_ps(sum)));
}

template <TensorType kType, int kTokens>
[[gnu::always_inline]] inline void DotBlock32(const Panel<kRows>& panel, const TileInput& in,
                                              int64_t block, TileSums<kTokens>& dot) {
  constexpr Recipe kRecipe = RecipeOf(kType, false);
  if constexpr (kRecipe.wide) {
    DotWide<kTokens, 16>(panel.codes + block * 64 * kRows, in.wide + block * 32 * kTokenTile, dot);
    return;
  }
#pragma GCC unroll 2
  for (int part = 0; part < 8 / kRecipe.depth; ++part) {
    TileSums<kTokens> dot16;
    const int64_t column = block * 32 + part * kRecipe.depth * 4;
    DotBytes<kTokens, kRecipe.depth>(panel.codes + column * kRows, in.q + column * kTokenTile,
                                     dot16);
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      for (int h = 0; h < 2; ++h) {
        const __m256i whole = _mm256_madd_epi16(dot16[t][h], _mm256_set1_epi16(1));
        dot[t][h] = part == 0 ? whole : _mm256_add_epi32(dot[t][h], whole);
      }
    }
  }
}

template <TensorType kType, int kTokens>
void Tile32(const Panel<kRows>& panel, const TileInput& in, int64_t subs, float* sums) {
  constexpr Recipe kRecipe = RecipeOf(kType, false);
  for (int64_t block = 0; block < subs; ++block) {
    TileSums<kTokens> dot = {};
    DotBlock32<kType, kTokens>(panel, in, block, dot);
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      const int64_t at = block * kTokenTile + t;
      const __m256 x_scale = _mm256_broadcast_ss(in.scales + at);
#pragma GCC unroll 2
      for (int h = 0; h < 2; ++h) {
        __m256i whole = dot[t][h];
        if constexpr (kRecipe.offset != 0) {  // a power of two
          const __m256i x_sum = Broadcast32(in.sums + at);
          whole = _mm256_sub_epi32(whole, _mm256_slli_epi32(x_sum, kRecipe.offset == 8 ? 3 : 4));
        }
        float* const sum = sums + t * kRows + h * 8;
        AddScaled(whole, _mm256_load_ps(panel.d[block] + h * 8), x_scale, sum);
        if constexpr (kRecipe.minimum) {
          const __m256 m = _mm256_load_ps(panel.m[block] + h * 8);
          const __m256 x_sum = _mm256_broadcast_ss(in.scaled_sums + at);
          _mm256_store_ps(sum, _mm256_fmadd_ps(m, x_sum, _mm256_load_ps(sum)));
        }
      }
    }
  }
}

// Sums of q times minima or offsets, over all pairs.
template <int kPairs>
[[gnu::always_inline]] inline __m256i DotMins(const Panel<kRows>& panel, const int16_t* sums,
                                              int half) {
  __m256i dot = _mm256_setzero_si256();
#pragma GCC unroll 8
  for (int pair = 0; pair < kPairs; ++pair) {
    const __m256i mins = Load256(panel.mins[pair] + half * 8);
    const __m256i x_sums = Broadcast32(sums + pair * 2 * kTokenTile);
    dot = _mm256_add_epi32(dot, _mm256_madd_epi16(mins, x_sums));
    Pin(dot);
  }
  return dot;
}

template <TensorType kType, int kTokens>
[[gnu::always_inline]] inline void DotScaledBytes(const Panel<kRows>& panel, const TileInput& in,
                                                  TileSums<kTokens>& dot) {
  constexpr Recipe kRecipe = RecipeOf(kType, false);
  for (int64_t column = 0; column < kChunk; column += kRecipe.depth * 4) {
    TileSums<kTokens> dot16;
    DotBytes<kTokens, kRecipe.depth>(panel.codes + column * kRows, in.q + column * kTokenTile,
                                     dot16);
    const int32_t* const scales = panel.scales[column / kRecipe.scale_columns];
    const __m256i low = Load256(scales);
    const __m256i high = Load256(scales + 8);
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      dot[t][0] = _mm256_add_epi32(dot[t][0], _mm256_madd_epi16(dot16[t][0], low));
      dot[t][1] = _mm256_add_epi32(dot[t][1], _mm256_madd_epi16(dot16[t][1], high));
    }
  }
}

template <TensorType kType, int kTokens>
void Tile256(const Panel<kRows>& panel, const TileInput& in, float* sums) {
  constexpr Recipe kRecipe = RecipeOf(kType, false);
  TileSums<kTokens> dot = {};
  if constexpr (kRecipe.wide) {
    for (int64_t column = 0; column < kChunk; column += 32) {
      DotWide<kTokens, 16>(panel.codes + column * 2 * kRows, in.wide + column * kTokenTile, dot);
    }
  } else {
    DotScaledBytes<kType, kTokens>(panel, in, dot);
  }
#pragma GCC unroll 4
  for (int t = 0; t < kTokens; ++t) {
    const __m256 x_scale = _mm256_broadcast_ss(in.scales + t);
    const int16_t* const sums16 = in.sums16 + t * 2;
    const int16_t* const sums32 = in.sums32 + t * 2;
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h) {
      __m256i whole = dot[t][h];
      if constexpr (kRecipe.offset != 0) {  // `mins` holds minus offset times scale
        whole = _mm256_add_epi32(whole, DotMins<8>(panel, sums16, h));
      }
      float* const sum = sums + t * kRows + h * 8;
      AddScaled(whole, _mm256_load_ps(panel.d[0] + h * 8), x_scale, sum);
      if constexpr (kRecipe.minimum) {
        const __m256i minimum = kRecipe.scale_columns == 32 ? DotMins<4>(panel, sums32, h)
                                                            : DotMins<8>(panel, sums16, h);
        const __m256 scale = _mm256_mul_ps(_mm256_load_ps(panel.m[0] + h * 8), x_scale);
        _mm256_store_ps(sum,
                        _mm256_fnmadd_ps(_mm256_cvtepi32_ps(minimum), scale, _mm256_load_ps(sum)));
      }
    }
  }
}

struct Avx2 {
  static constexpr int64_t kRows = kRowGroup;
  static constexpr int64_t kTileTokens = kTokenTile;
  static constexpr bool kHasVnni = false;

  template <TensorType kType, int kTokens>
  static void Tile(const Panel<kRows>& panel, const TileInput* in, int64_t subs, float* sums) {
    if constexpr (kIs256<kType>) {
      Tile256<kType, kTokens>(panel, *in, sums);
    } else {
      Tile32<kType, kTokens>(panel, *in, subs, sums);
    }
  }
};

}  // namespace

bool IsWide(TensorType type) { return RecipeOf(type, false).wide; }

void PanelRows(const Product& product, const Activations& x, RowRange rows) {
  AllRowsOfAnyType<Avx2>(product, x, rows);
}

}  // namespace millrace::kernels::avx2
#endif
