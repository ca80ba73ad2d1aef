// What one instruction set implements. Only the files of this folder look inside.
//
// Every function is straight-line work on memory that its caller owns; none allocates, blocks or
// starts a thread.
#pragma once

#include <cstdint>

#include "kernels/attention.h"
#include "kernels/dispatch.h"
#include "kernels/matmul.h"

namespace millrace::kernels {

// Tokens whose activations lie interleaved, for kernels that take several tokens at once.
inline constexpr int64_t kTokenTile = 4;

// The activations of one scale per 32 columns (kBlocks32) or 256 columns (kBlocks256), in 8 bits:
// x is about scale * q. Rows of tokens one after another, and, where a kernel asks for it,
// interleaved in groups of kTokenTile tokens, so that one pointer walks over the group. The last
// group may be partly unused memory.
struct Quantised {
  const int8_t* q = nullptr;      // [token][columns]
  const float* scales = nullptr;  // [token][block]
  // kBlocks32: sums of q over each block and scale * sum.
  const int32_t* sums = nullptr;       // [token][block]
  const float* scaled_sums = nullptr;  // [token][block]
  // kBlocks256: sums of q over each 16 and each 32 columns.
  const int16_t* sums16 = nullptr;  // [token][columns / 16]
  const int16_t* sums32 = nullptr;  // [token][columns / 32]

  const int8_t* tile_q = nullptr;      // [group][column / 4][token][4]
  const int16_t* tile_wide = nullptr;  // [group][column / 2][token][2]
  const float* tile_scales = nullptr;  // [group][block][token]
  const int32_t* tile_sums = nullptr;
  const float* tile_scaled_sums = nullptr;
  const int16_t* tile_sums16 = nullptr;  // [group][column / 32][token][2]
  const int16_t* tile_sums32 = nullptr;  // [group][column / 64][token][2]
};

struct Activations {
  int64_t tokens = 0;
  int64_t columns = 0;
  MatrixView values;    // as given
  Quantised blocks32;   // filled for weights of the 32-value formats
  Quantised blocks256;  // filled for weights of the K formats
};

// What one token's row is rounded to. Pointers as in Quantised; those of the other kind are not
// used.
struct QuantisedRow {
  int8_t* q = nullptr;
  float* scales = nullptr;
  int32_t* sums = nullptr;
  float* scaled_sums = nullptr;
  int16_t* sums16 = nullptr;
  int16_t* sums32 = nullptr;
};

// Interleaved codes a kernel wants besides the rows.
enum class TileForm { kNone, kBytes, kWide };

struct RowRange {
  int64_t begin;
  int64_t end;
};

// Positions a softmax is taken over at once; see kernels/attention.h.
inline constexpr int32_t kSegmentSize = 256;
// Query rows (tokens times heads of a group) that share one pass over keys and values.
inline constexpr int32_t kTileRows = 32;

// One tile of query rows against one segment of positions of one kv head.
struct SegmentTask {
  const AttentionShape* shape;
  const AttentionSequence* sequence;
  int32_t kv_head;
  int32_t first_position;  // of the segment
  int32_t position_count;  // largest of `visible`, > 0
  int32_t row_count;       // at most kTileRows
  const float* queries;    // [row][key_size], already times shape->scale
  const int32_t* visible;  // [row] positions of the segment that the row may see, may be 0
};

// The softmax of rows over some positions: `maximum` of the scores, `sum` of exp(score - maximum)
// and, weighted with those, the `values` [row][value_size]. A row with sum 0 saw nothing.
struct PartialRows {
  float* maximum;
  float* sum;
  float* values;
};

struct KernelTable {
  Level level;

  // kernels/matmul.h. `values` has `columns` floats.
  void (*quantise32)(const float* values, int64_t columns, const QuantisedRow& out);
  void (*quantise256)(const float* values, int64_t columns, const QuantisedRow& out);
  TileForm (*tile_form)(gguf::TensorType type, int64_t tokens);
  // Rows of one product, all tokens of `x`. Ranges begin at multiples of kRowGroup.
  void (*matmul)(const Product& product, const Activations& x, RowRange rows);

  // kernels/attention.h
  void (*attend_segment)(const SegmentTask& task, const PartialRows& out);
  // total = total merged with next, for `row_count` rows.
  void (*merge_segment)(int32_t row_count, int32_t value_size, const PartialRows& next,
                        const PartialRows& total);

  // kernels/ops.h
  void (*rms_norm)(const float* x, const float* weight, int64_t size, float epsilon, float* out);
  void (*add_scaled)(const float* x, float factor, int64_t size, float* sum);
  void (*silu_mul)(const float* gate, const float* up, int64_t size, float* out);
  float (*max_of)(const float* x, int64_t size);
  float (*exp_and_sum)(const float* x, float shift, int64_t size, float* out);
  void (*store_halves)(const float* x, int64_t size, uint16_t* out);
  void (*rope_half_split)(float* heads, int64_t head_count, int64_t head_size, int64_t rotary_size,
                          const float* cos_sin);
};

// Rows that a matmul kernel takes together.
inline constexpr int64_t kRowGroup = 16;

// The levels of this build; nullptr where the compiler's target has none. One file each defines
// them.
const KernelTable* ScalarKernels();
const KernelTable* Avx2Kernels();
const KernelTable* Avx512Kernels();

}  // namespace millrace::kernels
