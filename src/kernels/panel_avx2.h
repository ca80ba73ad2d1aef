// What the panel kernels of both vector levels share: rows of a matrix unpacked to a panel of small
// integers, and the loops that hand panels and tokens to a tile kernel. Include it after
// avx2_support.h, under the target pragma.
//
// A panel holds `kRows` rows x up to 256 columns, [column / 4][row][4] in bytes, or [column /
// 2][row][2] in 16 bits. In a register of codes a lane is a row, so sums need no shuffling.
#pragma once

#include "kernels/codes_avx2.h"
#include "kernels/kernel_table.h"

namespace millrace::kernels {
namespace {

constexpr int64_t kChunk = 256;       // columns of a panel
constexpr int64_t kTokenBlock = 128;  // tokens whose sums wait in the cache

template <int64_t kRows>
struct alignas(64) Panel {
  uint8_t codes[kChunk * kRows * 2];
  int32_t scales[16][kRows];  // K formats: of 16 or 32 columns
  int32_t mins[8][kRows];     // K formats: minima or offsets, in pairs, to multiply sums of q with
  float d[8][kRows];
  float m[8][kRows];
};

// What differs between formats, besides where the bits lie.
struct Recipe {
  bool wide;          // 16-bit codes
  int depth;          // steps of four columns that a 16-bit sum of vpmaddubsw holds
  int offset;         // what the codes are too large by: 0 or a power of two
  bool minimum;       // has a float minimum
  int scale_columns;  // K formats: columns of one integer scale, 0 when it is folded into the codes
};

// Byte codes are unsigned in the first operand of both vpmaddubsw and vpdpbusd. vpdpbusd adds up in
// 32 bits, so with it signed codes become unsigned by adding 128, while vpmaddubsw would overflow
// and 16-bit codes take its place.
constexpr Recipe RecipeOf(TensorType type, bool has_vnni) {
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
      return {.wide = !has_vnni,
              .depth = 0,
              .offset = has_vnni ? 128 : 0,
              .minimum = false,
              .scale_columns = has_vnni && type == TensorType::kIQ4_XS ? 32 : 0};
  }
}

template <typename Isa>
void StoreColumns(__m256i (&rows)[8], int64_t octet, uint8_t* out) {
  Transpose8x8(rows);
  for (int i = 0; i < 8; ++i) {
    Store256(out + i * Isa::kRows * 4 + octet * 32, rows[i]);
  }
}

template <typename Isa, TensorType kType>
void UnpackSub(const std::byte* const* rows, int64_t sub, int64_t octet, Panel<Isa::kRows>& panel) {
  __m256i codes[8];
  for (int r = 0; r < 8; ++r) {
    codes[r] = Codes<kType>(rows[r], sub);
    if constexpr (RecipeOf(kType, Isa::kHasVnni).offset == 128) {
      codes[r] = _mm256_xor_si256(codes[r], _mm256_set1_epi8(-128));
    }
  }
  if constexpr (!RecipeOf(kType, Isa::kHasVnni).wide) {
    StoreColumns<Isa>(codes, octet, panel.codes + sub * 32 * Isa::kRows);
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
  uint8_t* const out = panel.codes + sub * 64 * Isa::kRows;
  StoreColumns<Isa>(low, octet, out);
  StoreColumns<Isa>(high, octet, out + 32 * Isa::kRows);
}

// Eight rows of eight small integers to [integer][row]; for vpmaddwd in both halves of the lane.
template <typename Isa>
void StoreScales(__m256i (&scales)[8], int64_t octet, int32_t (*out)[Isa::kRows]) {
  Transpose8x8(scales);
  for (int i = 0; i < 8; ++i) {
    if constexpr (!Isa::kHasVnni) {
      const __m256i low = _mm256_and_si256(scales[i], _mm256_set1_epi32(0xFFFF));
      scales[i] = _mm256_or_si256(low, _mm256_slli_epi32(scales[i], 16));
    }
    Store256(out[i] + octet * 8, scales[i]);
  }
}

// Q4_K, Q5_K, IQ4_XS: scales of 32 columns.
template <typename Isa, TensorType kType>
void UnpackEightScales(const std::byte* const* rows, int64_t octet, Panel<Isa::kRows>& panel) {
  __m256i scales[8];
  __m256i mins[8];
  for (int r = 0; r < 8; ++r) {
    if constexpr (kType == TensorType::kIQ4_XS) {
      alignas(32) int32_t small[8];
      for (int sub = 0; sub < 8; ++sub) {
        small[sub] = Iq4XsScale(rows[r], sub);
      }
      scales[r] = Load256(small);
      const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(scales[r]),
                                            _mm256_extracti128_si256(scales[r], 1));
      mins[r] = _mm256_castsi128_si256(_mm_mullo_epi16(words, _mm_set1_epi16(-128)));
    } else {
      const __m128i both = ScalesAndMins(rows[r] + 4);
      scales[r] = _mm256_cvtepu8_epi32(both);
      mins[r] = _mm256_castsi128_si256(_mm_cvtepu8_epi16(_mm_unpackhi_epi64(both, both)));
    }
  }
  StoreScales<Isa>(scales, octet, panel.scales);
  Transpose8x8(mins);
  for (int i = 0; i < 4; ++i) {
    Store256(panel.mins[i] + octet * 8, mins[i]);
  }
}

template <typename Isa, TensorType kType>
void UnpackSixteenScales(const std::byte* const* rows, int64_t octet, Panel<Isa::kRows>& panel) {
  __m256i first[8];
  __m256i second[8];
  __m256i mins[8];
  for (int r = 0; r < 8; ++r) {
    const __m128i scales = SixteenScales<kType>(rows[r]);
    first[r] = _mm256_cvtepi8_epi32(scales);
    second[r] = _mm256_cvtepi8_epi32(_mm_unpackhi_epi64(scales, scales));
    if constexpr (RecipeOf(kType, Isa::kHasVnni).minimum) {
      const __m128i nibbles = _mm_srli_epi16(Load128(rows[r]), 4);
      mins[r] = _mm256_cvtepu8_epi16(_mm_and_si128(nibbles, _mm_set1_epi8(15)));
    } else {
      mins[r] = _mm256_mullo_epi16(_mm256_cvtepi8_epi16(scales),
                                   _mm256_set1_epi16(-RecipeOf(kType, Isa::kHasVnni).offset));
    }
  }
  StoreScales<Isa>(first, octet, panel.scales);
  StoreScales<Isa>(second, octet, panel.scales + 8);
  Transpose8x8(mins);
  for (int i = 0; i < 8; ++i) {
    Store256(panel.mins[i] + octet * 8, mins[i]);
  }
}

template <typename Isa, TensorType kType>
void UnpackFloats(const std::byte* const* rows, int64_t block, int64_t octet,
                  Panel<Isa::kRows>& panel) {
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

// `subs` runs of 32 columns from each row.
template <typename Isa, TensorType kType>
void Unpack(const std::byte* const* rows, int64_t subs, Panel<Isa::kRows>& panel) {
  for (int64_t octet = 0; octet < Isa::kRows / 8; ++octet) {
    const std::byte* const* eight = rows + octet * 8;
    if constexpr (RecipeOf(kType, Isa::kHasVnni).scale_columns == 32) {
      UnpackEightScales<Isa, kType>(eight, octet, panel);
    } else if constexpr (RecipeOf(kType, Isa::kHasVnni).scale_columns == 16) {
      UnpackSixteenScales<Isa, kType>(eight, octet, panel);
    }
    if constexpr (kIs256<kType>) {
      UnpackFloats<Isa, kType>(eight, 0, octet, panel);
    }
    for (int64_t sub = 0; sub < subs; ++sub) {
      UnpackSub<Isa, kType>(eight, sub, octet, panel);
      if constexpr (!kIs256<kType>) {
        UnpackFloats<Isa, kType>(eight, sub, octet, panel);
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

// Tokens `tokens` of one chunk: as many full tiles as there are, then smaller ones.
template <typename Isa, TensorType kType>
void AddChunk(const Panel<Isa::kRows>& panel, const Activations& x, RowRange tokens, int64_t column,
              float* sums) {
  const int64_t subs = Min(kChunk, x.columns - column) / 32;
  int64_t token = tokens.begin;
  const auto sums_of = [&](int64_t t) { return sums + (t - tokens.begin) * Isa::kRows; };
  if constexpr (Isa::kTileTokens == 2 * kTokenTile) {
    for (; token + 2 * kTokenTile <= tokens.end; token += 2 * kTokenTile) {
      const TileInput in[] = {InputAt<kType>(x, token, column),
                              InputAt<kType>(x, token + kTokenTile, column)};
      Isa::template Tile<kType, 2 * kTokenTile>(panel, in, subs, sums_of(token));
    }
  }
  for (; token + kTokenTile <= tokens.end; token += kTokenTile) {
    const TileInput in = InputAt<kType>(x, token, column);
    Isa::template Tile<kType, kTokenTile>(panel, &in, subs, sums_of(token));
  }
  const TileInput in = InputAt<kType>(x, token, column);
  if (tokens.end - token == 3) {
    Isa::template Tile<kType, 3>(panel, &in, subs, sums_of(token));
  } else if (tokens.end - token == 2) {
    Isa::template Tile<kType, 2>(panel, &in, subs, sums_of(token));
  } else if (tokens.end - token == 1) {
    Isa::template Tile<kType, 1>(panel, &in, subs, sums_of(token));
  }
}

// The rows of one panel (the last ones of a matrix may be fewer) times some tokens.
template <typename Isa, TensorType kType>
void RowGroup(const Product& product, const Activations& x, RowRange rows, RowRange tokens) {
  constexpr int64_t kRows = Isa::kRows;
  constexpr auto kBlockBytes = static_cast<int64_t>(sizeof(Block<kType>));
  const int64_t row_bytes = x.columns / (kIs256<kType> ? 256 : 32) * kBlockBytes;
  const std::byte* at[kRows];
  for (int64_t r = 0; r < kRows; ++r) {  // rows beyond the end repeat the last one and are dropped
    at[r] = product.weight.data + Min(rows.begin + r, rows.end - 1) * row_bytes;
  }
  Panel<kRows> panel;
  alignas(64) float sums[kTokenBlock * kRows];
  for (int64_t i = 0; i < (tokens.end - tokens.begin) * kRows; ++i) {
    sums[i] = 0;
  }
  for (int64_t column = 0; column < x.columns; column += kChunk) {
    Unpack<Isa, kType>(at, Min(kChunk, x.columns - column) / 32, panel);
    AddChunk<Isa, kType>(panel, x, tokens, column, sums);
    for (const std::byte*& row : at) {
      row += kBlockBytes * (kIs256<kType> ? 1 : kChunk / 32);
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

template <typename Isa, TensorType kType>
void AllRows(const Product& product, const Activations& x, RowRange rows) {
  for (int64_t token = 0; token < x.tokens; token += kTokenBlock) {
    for (int64_t row = rows.begin; row < rows.end; row += Isa::kRows) {
      RowGroup<Isa, kType>(product, x, {row, Min(row + Isa::kRows, rows.end)},
                           {token, Min(token + kTokenBlock, x.tokens)});
    }
  }
}

template <typename Isa>
void AllRowsOfAnyType(const Product& product, const Activations& x, RowRange rows) {
  switch (product.weight.type) {
    case TensorType::kQ8_0:
      return AllRows<Isa, TensorType::kQ8_0>(product, x, rows);
    case TensorType::kQ4_0:
      return AllRows<Isa, TensorType::kQ4_0>(product, x, rows);
    case TensorType::kQ4_1:
      return AllRows<Isa, TensorType::kQ4_1>(product, x, rows);
    case TensorType::kQ5_0:
      return AllRows<Isa, TensorType::kQ5_0>(product, x, rows);
    case TensorType::kQ5_1:
      return AllRows<Isa, TensorType::kQ5_1>(product, x, rows);
    case TensorType::kIQ4_NL:
      return AllRows<Isa, TensorType::kIQ4_NL>(product, x, rows);
    case TensorType::kMXFP4:
      return AllRows<Isa, TensorType::kMXFP4>(product, x, rows);
    case TensorType::kQ2_K:
      return AllRows<Isa, TensorType::kQ2_K>(product, x, rows);
    case TensorType::kQ3_K:
      return AllRows<Isa, TensorType::kQ3_K>(product, x, rows);
    case TensorType::kQ4_K:
      return AllRows<Isa, TensorType::kQ4_K>(product, x, rows);
    case TensorType::kQ5_K:
      return AllRows<Isa, TensorType::kQ5_K>(product, x, rows);
    case TensorType::kQ6_K:
      return AllRows<Isa, TensorType::kQ6_K>(product, x, rows);
    case TensorType::kIQ4_XS:
      return AllRows<Isa, TensorType::kIQ4_XS>(product, x, rows);
    default:
      return;
  }
}

}  // namespace
}  // namespace millrace::kernels
