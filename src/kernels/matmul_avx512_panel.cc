// A tile is 32 rows (two registers of codes) x up to 8 tokens: 16 sums of 32 bits, each fed by
// vpdpbusd, which adds up four products a lane and step. Bound by the two multiplier pipes.

#include "kernels/matmul_avx512.h"

#if defined(__x86_64__)
#pragma GCC target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
#include "kernels/avx512_support.h"
#include "kernels/panel_avx2.h"

namespace millrace::kernels::avx512 {
namespace {

constexpr int64_t kRows = 32;
constexpr int kHalves = 2;  // registers that 32 rows take

template <int kTokens>
using TileSums = __m512i[kTokens][kHalves];

// Keeps the compiler from reordering sums, which needs more registers than there are.
[[gnu::always_inline]] inline void Pin(__m512i& value) { __asm__("" : "+v"(value)); }

// Adds `kSteps` steps of four columns to `dot`.
template <int kTokens, int kSteps>
[[gnu::always_inline]] inline void DotBytes(const uint8_t* codes, const int8_t* const* q,
                                            TileSums<kTokens>& dot) {
#pragma GCC unroll 8
  for (int step = 0; step < kSteps; ++step) {
    const __m512i low = Load512(codes + step * kRows * 4);
    const __m512i high = Load512(codes + step * kRows * 4 + 64);
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
      const int8_t* const at = q[t / kTokenTile] + (step * kTokenTile + t % kTokenTile) * 4;
      const __m512i x = Broadcast32To512(at);
      dot[t][0] = _mm512_dpbusd_epi32(dot[t][0], low, x);
      dot[t][1] = _mm512_dpbusd_epi32(dot[t][1], high, x);
      Pin(dot[t][0]);
      Pin(dot[t][1]);
    }
  }
}

// sum += d * x_scale * dot
[[gnu::always_inline]] inline void AddScaled(__m512i dot, __m512 d, __m512 x_scale, float* sum) {
  const __m512 scale = _mm512_mul_ps(d, x_scale);
  _mm512_store_ps(sum, _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), scale, _mm512_load_ps(sum)));
}

constexpr int Log2(int power) {
  int log = 0;
  while ((1 << log) < power) {
    ++log;
  }
  return log;
}

template <TensorType kType, int kTokens>
void Tile32(const Panel<kRows>& panel, const TileInput* in, int64_t subs, float* sums) {
  constexpr Recipe kRecipe = RecipeOf(kType, true);
  for (int64_t block = 0; block < subs; ++block) {
    const int8_t* q[2] = {in[0].q + block * 32 * kTokenTile, nullptr};
    if constexpr (kTokens > kTokenTile) {
      q[1] = in[1].q + block * 32 * kTokenTile;
    }
    TileSums<kTokens> dot;
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
      __m512i start = _mm512_setzero_si512();
      if constexpr (kRecipe.offset != 0) {  // every code is too large by it
        const int64_t at = block * kTokenTile + t % kTokenTile;
        const __m512i x_sum = Broadcast32To512(in[t / kTokenTile].sums + at);
        start = _mm512_sub_epi32(start, _mm512_slli_epi32(x_sum, Log2(kRecipe.offset)));
      }
      dot[t][0] = start;
      dot[t][1] = start;
    }
    DotBytes<kTokens, 8>(panel.codes + block * 32 * kRows, q, dot);
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
      const TileInput& group = in[t / kTokenTile];
      const int64_t at = block * kTokenTile + t % kTokenTile;
      const __m512 x_scale = _mm512_set1_ps(group.scales[at]);
#pragma GCC unroll 2
      for (int h = 0; h < kHalves; ++h) {
        float* const sum = sums + t * kRows + h * 16;
        AddScaled(dot[t][h], _mm512_load_ps(panel.d[block] + h * 16), x_scale, sum);
        if constexpr (kRecipe.minimum) {
          const __m512 m = _mm512_load_ps(panel.m[block] + h * 16);
          const __m512 x_sum = _mm512_set1_ps(group.scaled_sums[at]);
          _mm512_store_ps(sum, _mm512_fmadd_ps(m, x_sum, _mm512_load_ps(sum)));
        }
      }
    }
  }
}

// Sums of q times minima or offsets, over all pairs.
template <int kPairs>
[[gnu::always_inline]] inline __m512i DotMins(const Panel<kRows>& panel, const int16_t* sums,
                                              int half) {
  __m512i dot = _mm512_setzero_si512();
#pragma GCC unroll 8
  for (int pair = 0; pair < kPairs; ++pair) {
    const __m512i mins = Load512(panel.mins[pair] + half * 16);
    dot = _mm512_dpwssd_epi32(dot, mins, Broadcast32To512(sums + pair * 2 * kTokenTile));
  }
  return dot;
}

// The integer part of a K block: codes times scales times q.
template <TensorType kType, int kTokens>
[[gnu::always_inline]] inline void DotScaled(const Panel<kRows>& panel, const TileInput* in,
                                             TileSums<kTokens>& whole) {
  constexpr int kColumns = RecipeOf(kType, true).scale_columns;
#pragma GCC unroll 1
  for (int64_t column = 0; column < kChunk; column += kColumns) {
    const int8_t* q[2] = {in[0].q + column * kTokenTile, nullptr};
    if constexpr (kTokens > kTokenTile) {
      q[1] = in[1].q + column * kTokenTile;
    }
    TileSums<kTokens> dot = {};
    DotBytes<kTokens, kColumns / 4>(panel.codes + column * kRows, q, dot);
    const int32_t* const scales = panel.scales[column / kColumns];
    const __m512i low = Load512(scales);
    const __m512i high = Load512(scales + 16);
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
      whole[t][0] = _mm512_add_epi32(whole[t][0], _mm512_mullo_epi32(dot[t][0], low));
      whole[t][1] = _mm512_add_epi32(whole[t][1], _mm512_mullo_epi32(dot[t][1], high));
    }
  }
}

template <TensorType kType, int kTokens>
void Tile256(const Panel<kRows>& panel, const TileInput* in, float* sums) {
  constexpr Recipe kRecipe = RecipeOf(kType, true);
  constexpr int kPairs = kRecipe.scale_columns == 32 ? 4 : 8;
  TileSums<kTokens> whole = {};
  DotScaled<kType, kTokens>(panel, in, whole);
#pragma GCC unroll 8
  for (int t = 0; t < kTokens; ++t) {
    const TileInput& group = in[t / kTokenTile];
    const __m512 x_scale = _mm512_set1_ps(group.scales[t % kTokenTile]);
    const int16_t* const x_sums =
        (kRecipe.scale_columns == 32 ? group.sums32 : group.sums16) + t % kTokenTile * 2;
#pragma GCC unroll 2
    for (int h = 0; h < kHalves; ++h) {
      const __m512i mins = DotMins<kPairs>(panel, x_sums, h);
      __m512i dot = whole[t][h];
      if constexpr (kRecipe.offset != 0) {  // `mins` holds minus offset times scale
        dot = _mm512_add_epi32(dot, mins);
      }
      float* const sum = sums + t * kRows + h * 16;
      AddScaled(dot, _mm512_load_ps(panel.d[0] + h * 16), x_scale, sum);
      if constexpr (kRecipe.minimum) {
        const __m512 scale = _mm512_mul_ps(_mm512_load_ps(panel.m[0] + h * 16), x_scale);
        _mm512_store_ps(sum,
                        _mm512_fnmadd_ps(_mm512_cvtepi32_ps(mins), scale, _mm512_load_ps(sum)));
      }
    }
  }
}

struct Avx512 {
  static constexpr int64_t kRows = avx512::kRows;
  static constexpr int64_t kTileTokens = 2 * kTokenTile;
  static constexpr bool kHasVnni = true;

  template <TensorType kType, int kTokens>
  static void Tile(const Panel<kRows>& panel, const TileInput* in, int64_t subs, float* sums) {
    if constexpr (kIs256<kType>) {
      Tile256<kType, kTokens>(panel, in, sums);
    } else {
      Tile32<kType, kTokens>(panel, in, subs, sums);
    }
  }
};

}  // namespace

void PanelRows(const Product& product, const Activations& x, RowRange rows) {
  AllRowsOfAnyType<Avx512>(product, x, rows);
}

}  // namespace millrace::kernels::avx512
#endif
