// Shapes. A panel holds 16 rows x up to 256 columns. Bytes: [column / 4][row][4], multiplied by
// vpmaddubsw, whose 16-bit sums hold as many steps as a format's largest code allows (kDepth).
// Wide: [column / 2][row][2] of 16 bits, multiplied by vpmaddwd. A lane of a register is a row, so
// sums need no shuffling. A tile is 16 rows x 4 tokens: 8 sums, 2 registers of codes, 1 of
// activations. Bound by the two multiplier pipes.

#include "kernels/block_unpack.h"
#include "kernels/matmul_avx2.h"

#if defined(__x86_64__)
#pragma GCC target("avx2,fma,f16c")
#include "kernels/avx2_support.h"
#include "kernels/codes_avx2.h"

namespace millrace::kernels::avx2 {
namespace {

constexpr int64_t kRows = kRowGroup;
constexpr int64_t kChunk = 256;       // columns of a panel
constexpr int64_t kTokenBlock = 128;  // tokens whose sums wait in the cache: 8 KiB

struct alignas(64) Panel {
  uint8_t codes[kChunk * kRows * 2];
  int32_t scales[16][kRows];  // K formats: of 16 or 32 columns, in both halves of the lane
  int32_t mins[8][kRows];     // K formats: minima or offsets, in pairs, to multiply sums of q with
  float d[8][kRows];
  float m[8][kRows];
};

// What differs between formats, besides where the bits lie.
struct Recipe {
  bool wide;          // 16-bit codes
  int depth;          // vpmaddubsw steps that a 16-bit sum holds
  int offset;         // subtracted from the codes of 32-value formats
  bool minimum;       // has a float minimum
  int scale_columns;  // K formats: columns of one integer scale, 0 when it is folded into the codes
};

constexpr Recipe RecipeOf(TensorType type) {
  switch (type) {
    case TensorType::kQ4_0:  // 8 * 2 * 15 * 127 < 2^15
      return {.wide = false, .depth = 8, .offset = 8, .minimum = false, .scale_columns = 0};
    case TensorType::kQ4_1:
      return {.wide = false, .depth = 8, .offset = 0, .minimum = true, .scale_columns = 0};
    case TensorType::kQ5_0:  // 4 * 2 * 31 * 128 < 2^15
      return {.wide = false, .depth = 4, .offset = 16, .minimum = false, .scale_columns = 0};
    case TensorType::kQ5_1:
      return {.wide = false, .depth = 4, .offset = 0, .minimum = true, .scale_columns = 0};
    case TensorType::kQ4_K:
      return {.wide = false, .depth = 8, .offset = 0, .minimum = true, .scale_columns = 32};
    case TensorType::kQ5_K:
      return {.wide = false, .depth = 4, .offset = 0, .minimum = true, .scale_columns = 32};
    case TensorType::kQ2_K:
      return {.wide = false, .depth = 4, .offset = 0, .minimum = true, .scale_columns = 16};
    case TensorType::kQ3_K:
      return {.wide = false, .depth = 4, .offset = 4, .minimum = false, .scale_columns = 16};
    case TensorType::kQ6_K:  // 2 * 2 * 63 * 128 < 2^15
      return {.wide = false, .depth = 2, .offset = 32, .minimum = false, .scale_columns = 16};
    default:  // Q8_0, IQ4_NL, MXFP4, IQ4_XS
      return {.wide = true, .depth = 0, .offset = 0, .minimum = false, .scale_columns = 0};
  }
}

void StoreColumns(__m256i (&rows)[8], int64_t octet, uint8_t* out) {
  Transpose8x8(rows);
  for (int i = 0; i < 8; ++i) {
    Store256(out + i * kRows * 4 + octet * 32, rows[i]);
  }
}

template <TensorType kType>
void UnpackSub(const std::byte* const* rows, int64_t sub, int64_t octet, Panel& panel) {
  __m256i codes[8];
  for (int r = 0; r < 8; ++r) {
    codes[r] = Codes<kType>(rows[r], sub);
  }
  if constexpr (!RecipeOf(kType).wide) {
    StoreColumns(codes, octet, panel.codes + sub * 32 * kRows);
    return;
  }
  __m256i low[8];
  __m256i high[8];
  for (int r = 0; r < 8; ++r) {
    low[r] = _mm256_cvtepi8_epi16(_mm256_castsi256_si128(codes[r]));
    high[r] = _mm256_cvtepi8_epi16(_mm256_extracti128_si256(codes[r], 1));
    if constexpr (kType == TensorType::kIQ4_XS) {
      const __m256i scale = _mm256_set1_epi16(static_cast<int16_t>(Iq4XsScale(rows[r], sub)));
      low[r] = _mm256_mullo_epi16(low[r], scale);
      high[r] = _mm256_mullo_epi16(high[r], scale);
    }
  }
  uint8_t* const out = panel.codes + sub * 64 * kRows;
  StoreColumns(low, octet, out);
  StoreColumns(high, octet, out + 32 * kRows);
}

// Eight rows of eight small integers to [integer][row], each in both halves of its lane.
void StoreScales(__m256i (&scales)[8], int64_t octet, int32_t (*out)[kRows]) {
  Transpose8x8(scales);
  for (int i = 0; i < 8; ++i) {
    const __m256i low = _mm256_and_si256(scales[i], _mm256_set1_epi32(0xFFFF));
    Store256(out[i] + octet * 8, _mm256_or_si256(low, _mm256_slli_epi32(scales[i], 16)));
  }
}

void UnpackScalesAndMins(const std::byte* const* rows, int64_t octet, Panel& panel) {
  __m256i scales[8];
  __m256i mins[8];
  for (int r = 0; r < 8; ++r) {
    const __m128i both = ScalesAndMins(rows[r] + 4);
    scales[r] = _mm256_cvtepu8_epi32(both);
    mins[r] = _mm256_castsi128_si256(_mm_cvtepu8_epi16(_mm_unpackhi_epi64(both, both)));
  }
  StoreScales(scales, octet, panel.scales);
  Transpose8x8(mins);
  for (int i = 0; i < 4; ++i) {
    Store256(panel.mins[i] + octet * 8, mins[i]);
  }
}

template <TensorType kType>
void UnpackSixteenScales(const std::byte* const* rows, int64_t octet, Panel& panel) {
  __m256i first[8];
  __m256i second[8];
  __m256i mins[8];
  for (int r = 0; r < 8; ++r) {
    const __m128i scales = SixteenScales<kType>(rows[r]);
    first[r] = _mm256_cvtepi8_epi32(scales);
    second[r] = _mm256_cvtepi8_epi32(_mm_unpackhi_epi64(scales, scales));
    if constexpr (RecipeOf(kType).minimum) {
      const __m128i nibbles = _mm_srli_epi16(Load128(rows[r]), 4);
      mins[r] = _mm256_cvtepu8_epi16(_mm_and_si128(nibbles, _mm_set1_epi8(15)));
    } else {
      mins[r] = _mm256_mullo_epi16(_mm256_cvtepi8_epi16(scales),
                                   _mm256_set1_epi16(-RecipeOf(kType).offset));
    }
  }
  StoreScales(first, octet, panel.scales);
  StoreScales(second, octet, panel.scales + 8);
  Transpose8x8(mins);
  for (int i = 0; i < 8; ++i) {
    Store256(panel.mins[i] + octet * 8, mins[i]);
  }
}

template <TensorType kType>
void UnpackFloats(const std::byte* const* rows, int64_t block, int64_t octet, Panel& panel) {
  const int64_t at = block * static_cast<int64_t>(sizeof(Block<kType>));
  if constexpr (kType == TensorType::kMXFP4) {
    for (int r = 0; r < 8; ++r) {
      panel.d[block][octet * 8 + r] = Mxfp4Scale(rows[r][at]);
    }
  } else {
    _mm256_store_ps(panel.d[block] + octet * 8, LoadHalves(rows, at + kScaleOffset<kType>));
    if constexpr (kMinimumOffset<kType> >= 0) {
      _mm256_store_ps(panel.m[block] + octet * 8, LoadHalves(rows, at + kMinimumOffset<kType>));
    }
  }
}

// `subs` runs of 32 columns from each of 16 rows.
template <TensorType kType>
void Unpack(const std::byte* const* rows, int64_t subs, Panel& panel) {
  for (int64_t octet = 0; octet < 2; ++octet) {
    const std::byte* const* eight = rows + octet * 8;
    if constexpr (kType == TensorType::kQ4_K || kType == TensorType::kQ5_K) {
      UnpackScalesAndMins(eight, octet, panel);
    } else if constexpr (RecipeOf(kType).scale_columns == 16) {
      UnpackSixteenScales<kType>(eight, octet, panel);
    }
    if constexpr (kIs256<kType>) {
      UnpackFloats<kType>(eight, 0, octet, panel);
    }
    for (int64_t sub = 0; sub < subs; ++sub) {
      UnpackSub<kType>(eight, sub, octet, panel);
      if constexpr (!kIs256<kType>) {
        UnpackFloats<kType>(eight, sub, octet, panel);
      }
    }
  }
}

// The interleaved activations of a tile at the panel's first column; the group's first tokens are
// used.
struct TileInput {
  const int8_t* q;
  const int16_t* wide;
  const float* scales;  // [block][token]
  const float* scaled_sums;
  const int32_t* sums;
  const int16_t* sums16;  // [pair][token][2]
  const int16_t* sums32;
};

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
[[gnu::always_inline]] inline void DotBlock32(const Panel& panel, const TileInput& in,
                                              int64_t block, TileSums<kTokens>& dot) {
  constexpr Recipe kRecipe = RecipeOf(kType);
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
void Tile32(const Panel& panel, const TileInput& in, int64_t subs, float* sums) {
  constexpr Recipe kRecipe = RecipeOf(kType);
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
[[gnu::always_inline]] inline __m256i DotMins(const Panel& panel, const int16_t* sums, int half) {
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
[[gnu::always_inline]] inline void DotScaledBytes(const Panel& panel, const TileInput& in,
                                                  TileSums<kTokens>& dot) {
  constexpr Recipe kRecipe = RecipeOf(kType);
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
void Tile256(const Panel& panel, const TileInput& in, float* sums) {
  constexpr Recipe kRecipe = RecipeOf(kType);
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

template <TensorType kType, int kTokens>
void Tile(const Panel& panel, const TileInput& in, int64_t subs, float* sums) {
  if constexpr (kIs256<kType>) {
    Tile256<kType, kTokens>(panel, in, sums);
  } else {
    Tile32<kType, kTokens>(panel, in, subs, sums);
  }
}

// `token` begins a group, `column` a chunk.
template <TensorType kType>
TileInput InputAt(const Activations& x, int64_t token, int64_t column) {
  TileInput in = {};
  const int64_t value = token * x.columns + column * kTokenTile;
  if constexpr (kIs256<kType>) {
    in.q = x.blocks256.tile_q + value;
    in.wide = x.blocks256.tile_wide + value;
    in.scales = x.blocks256.tile_scales + value / 256;
    in.sums16 = x.blocks256.tile_sums16 + value / 16;
    in.sums32 = x.blocks256.tile_sums32 + value / 32;
  } else {
    in.q = x.blocks32.tile_q + value;
    in.wide = x.blocks32.tile_wide + value;
    in.scales = x.blocks32.tile_scales + value / 32;
    in.scaled_sums = x.blocks32.tile_scaled_sums + value / 32;
    in.sums = x.blocks32.tile_sums + value / 32;
  }
  return in;
}

template <TensorType kType>
void AddChunk(const Panel& panel, const Activations& x, RowRange tokens, int64_t column,
              float* sums) {
  const int64_t subs = Min(kChunk, x.columns - column) / 32;
  int64_t token = tokens.begin;
  for (; token + kTokenTile <= tokens.end; token += kTokenTile) {
    Tile<kType, kTokenTile>(panel, InputAt<kType>(x, token, column), subs,
                            sums + (token - tokens.begin) * kRows);
  }
  const TileInput in = InputAt<kType>(x, token, column);
  float* const rest = sums + (token - tokens.begin) * kRows;
  if (tokens.end - token == 3) {
    Tile<kType, 3>(panel, in, subs, rest);
  } else if (tokens.end - token == 2) {
    Tile<kType, 2>(panel, in, subs, rest);
  } else if (tokens.end - token == 1) {
    Tile<kType, 1>(panel, in, subs, rest);
  }
}

// Sixteen rows (the last ones of a matrix may be fewer) times some tokens.
template <TensorType kType>
void RowGroup(const Product& product, const Activations& x, RowRange rows, RowRange tokens) {
  const int64_t block_bytes = static_cast<int64_t>(sizeof(Block<kType>));
  const int64_t row_bytes = x.columns / (kIs256<kType> ? 256 : 32) * block_bytes;
  const std::byte* at[kRows];
  for (int64_t r = 0; r < kRows; ++r) {  // rows beyond the end repeat the last one and are dropped
    at[r] = product.weight.data + Min(rows.begin + r, rows.end - 1) * row_bytes;
  }
  Panel panel;
  alignas(64) float sums[kTokenBlock * kRows];
  for (int64_t i = 0; i < (tokens.end - tokens.begin) * kRows; ++i) {
    sums[i] = 0;
  }
  for (int64_t column = 0; column < x.columns; column += kChunk) {
    Unpack<kType>(at, Min(kChunk, x.columns - column) / 32, panel);
    AddChunk<kType>(panel, x, tokens, column, sums);
    for (const std::byte*& row : at) {
      row += block_bytes * (kIs256<kType> ? 1 : kChunk / 32);
    }
  }
  const int64_t row_count = rows.end - rows.begin;
  for (int64_t token = tokens.begin; token < tokens.end; ++token) {
    float* const out = product.out + token * product.out_stride + rows.begin;
    const float* const sum = sums + (token - tokens.begin) * kRows;
    for (int64_t r = 0; r < row_count; ++r) {
      out[r] = sum[r];
    }
  }
}

template <TensorType kType>
void AllRows(const Product& product, const Activations& x, RowRange rows) {
  for (int64_t token = 0; token < x.tokens; token += kTokenBlock) {
    for (int64_t row = rows.begin; row < rows.end; row += kRows) {
      RowGroup<kType>(product, x, {row, Min(row + kRows, rows.end)},
                      {token, Min(token + kTokenBlock, x.tokens)});
    }
  }
}

}  // namespace

bool IsWide(TensorType type) { return RecipeOf(type).wide; }

void PanelRows(const Product& product, const Activations& x, RowRange rows) {
  switch (product.weight.type) {
    case TensorType::kQ8_0:
      return AllRows<TensorType::kQ8_0>(product, x, rows);
    case TensorType::kQ4_0:
      return AllRows<TensorType::kQ4_0>(product, x, rows);
    case TensorType::kQ4_1:
      return AllRows<TensorType::kQ4_1>(product, x, rows);
    case TensorType::kQ5_0:
      return AllRows<TensorType::kQ5_0>(product, x, rows);
    case TensorType::kQ5_1:
      return AllRows<TensorType::kQ5_1>(product, x, rows);
    case TensorType::kIQ4_NL:
      return AllRows<TensorType::kIQ4_NL>(product, x, rows);
    case TensorType::kMXFP4:
      return AllRows<TensorType::kMXFP4>(product, x, rows);
    case TensorType::kQ2_K:
      return AllRows<TensorType::kQ2_K>(product, x, rows);
    case TensorType::kQ3_K:
      return AllRows<TensorType::kQ3_K>(product, x, rows);
    case TensorType::kQ4_K:
      return AllRows<TensorType::kQ4_K>(product, x, rows);
    case TensorType::kQ5_K:
      return AllRows<TensorType::kQ5_K>(product, x, rows);
    case TensorType::kQ6_K:
      return AllRows<TensorType::kQ6_K>(product, x, rows);
    case TensorType::kIQ4_XS:
      return AllRows<TensorType::kIQ4_XS>(product, x, rows);
    default:
      return;
  }
}

}  // namespace millrace::kernels::avx2
#endif
