// Shapes. Scores: 16 positions (two registers; keys lie transposed) x up to 6 query rows, one
// multiply-add a component, so no lane is ever shuffled. Values: 16 components x up to 6 rows. Few
// rows (decoding) take more positions or components at once to keep both multiplier pipes busy.
// Many rows first turn a group of 16 keys or values to floats, once for all of them. Bound by
// memory for few rows, by the multipliers for many.

#include "kernels/matmul_avx2.h"

#if defined(__x86_64__)
#pragma GCC target("avx2,fma,f16c")
#include "kernels/avx2_support.h"
#include "kernels/cache_access.h"

namespace millrace::kernels::avx2 {
namespace {

constexpr int kGroup = 16;   // positions
constexpr int kTileMax = 6;  // rows of a register tile
constexpr int64_t kScoreStride = kSegmentSize;
constexpr int64_t kValueStride = kHeadSizeMax;

// The working memory of one segment.
struct alignas(64) Work {
  float scores[kTileRows * kScoreStride];  // later the weights
  float values[kTileRows * kValueStride];
  float
      floats[kHeadSizeMax * kGroup];  // one group of keys [key_size][16] or values [16][value_size]
};

// One group as the kernels read it: from the cache as halves, or converted.
struct Rows16 {
  const uint16_t* halves;  // nullptr: read `floats`
  const float* floats;
  int64_t stride;  // from component to component (keys) or position to position (values)
};

template <bool kHalves>
inline __m256 LoadEight(const Rows16& rows, int64_t at) {
  if constexpr (kHalves) {
    return _mm256_cvtph_ps(Load128(rows.halves + at));
  } else {
    return _mm256_loadu_ps(rows.floats + at);
  }
}

inline float HalfToFloat(uint16_t half) {
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(half)));
}

void ConvertKeys(const SegmentTask& task, int32_t first, float* out) {
  const int64_t key_size = task.shape->key_size;
  if (task.shape->block_size % kGroup == 0) {
    const HeadColumn key = KeyAt(task, task.first_position + first);
    for (int64_t d = 0; d < key_size; ++d) {
      const uint16_t* from = key.data + d * key.stride;
      _mm256_storeu_ps(out + d * kGroup, _mm256_cvtph_ps(Load128(from)));
      _mm256_storeu_ps(out + d * kGroup + 8, _mm256_cvtph_ps(Load128(from + 8)));
    }
    return;
  }
  for (int32_t i = 0; i < kGroup; ++i) {
    const bool exists = first + i < task.position_count;
    const HeadColumn key = KeyAt(task, task.first_position + (exists ? first + i : first));
    for (int64_t d = 0; d < key_size; ++d) {
      out[d * kGroup + i] = HalfToFloat(key.data[d * key.stride]);
    }
  }
}

// kRowCount rows times kGroups groups of keys.
template <int kRowCount, int kGroups, bool kHalves>
void ScoreTile(const float* queries, int64_t key_size, const Rows16* keys, float* scores) {
  __m256 sums[kGroups][kRowCount][2];
  for (int g = 0; g < kGroups; ++g) {
    for (int r = 0; r < kRowCount; ++r) {
      sums[g][r][0] = _mm256_setzero_ps();
      sums[g][r][1] = _mm256_setzero_ps();
    }
  }
  for (int64_t d = 0; d < key_size; ++d) {
#pragma GCC unroll 4
    for (int g = 0; g < kGroups; ++g) {
      const __m256 low = LoadEight<kHalves>(keys[g], d * keys[g].stride);
      const __m256 high = LoadEight<kHalves>(keys[g], d * keys[g].stride + 8);
#pragma GCC unroll 6
      for (int r = 0; r < kRowCount; ++r) {
        const __m256 q = _mm256_broadcast_ss(queries + r * key_size + d);
        sums[g][r][0] = _mm256_fmadd_ps(q, low, sums[g][r][0]);
        sums[g][r][1] = _mm256_fmadd_ps(q, high, sums[g][r][1]);
      }
    }
  }
  for (int g = 0; g < kGroups; ++g) {
    for (int r = 0; r < kRowCount; ++r) {
      _mm256_storeu_ps(scores + r * kScoreStride + g * kGroup, sums[g][r][0]);
      _mm256_storeu_ps(scores + r * kScoreStride + g * kGroup + 8, sums[g][r][1]);
    }
  }
}

template <int kGroups, bool kHalves>
void ScoreRows(const float* queries, int32_t row_count, int64_t key_size, const Rows16* keys,
               float* scores) {
  switch (row_count) {
    case 1:
      return ScoreTile<1, kGroups, kHalves>(queries, key_size, keys, scores);
    case 2:
      return ScoreTile<2, kGroups, kHalves>(queries, key_size, keys, scores);
    case 3:
      return ScoreTile<3, 1, kHalves>(queries, key_size, keys, scores);
    case 4:
      return ScoreTile<4, 1, kHalves>(queries, key_size, keys, scores);
    case 5:
      return ScoreTile<5, 1, kHalves>(queries, key_size, keys, scores);
    default:
      return ScoreTile<6, 1, kHalves>(queries, key_size, keys, scores);
  }
}

// One or two rows and keys that can be read in place: three groups at a time.
int32_t ScoreFewRows(const SegmentTask& task, Work& work) {
  constexpr int kGroups = 3;
  const int64_t key_size = task.shape->key_size;
  int32_t first = 0;
  for (; first + kGroups * kGroup <= task.position_count; first += kGroups * kGroup) {
    Rows16 keys[kGroups];
    for (int g = 0; g < kGroups; ++g) {
      const HeadColumn key = KeyAt(task, task.first_position + first + g * kGroup);
      keys[g] = {key.data, nullptr, key.stride};
    }
    ScoreRows<kGroups, true>(task.queries, task.row_count, key_size, keys, work.scores + first);
  }
  return first;
}

void ComputeScores(const SegmentTask& task, Work& work) {
  const int64_t key_size = task.shape->key_size;
  const bool in_place = task.shape->block_size % kGroup == 0 && task.row_count <= kTileMax;
  int32_t first = in_place && task.row_count <= 2 ? ScoreFewRows(task, work) : 0;
  for (; first < task.position_count; first += kGroup) {
    if (in_place) {
      const HeadColumn key = KeyAt(task, task.first_position + first);
      const Rows16 keys = {key.data, nullptr, key.stride};
      ScoreRows<1, true>(task.queries, task.row_count, key_size, &keys, work.scores + first);
      continue;
    }
    ConvertKeys(task, first, work.floats);
    const Rows16 keys = {nullptr, work.floats, kGroup};
    for (int32_t row = 0; row < task.row_count; row += kTileMax) {
      const auto rows = static_cast<int32_t>(Min(kTileMax, task.row_count - row));
      ScoreRows<1, false>(task.queries + row * key_size, rows, key_size, &keys,
                          work.scores + row * kScoreStride + first);
    }
  }
}

// Turns the scores of one row to weights. What the row may not see gets weight 0.
void Weigh(const SegmentTask& task, int32_t row, float* scores, const PartialRows& out) {
  const int32_t visible = task.visible[row];
  const int32_t padded = (task.position_count + kGroup - 1) / kGroup * kGroup;
  const __m256 nothing = _mm256_set1_ps(-__builtin_inff());
  __m256 largest = nothing;
  for (int32_t i = 0; i < padded; i += 8) {
    if (i + 8 > visible) {
      const __m256 mask = _mm256_castsi256_ps(TailMask(visible - i));
      _mm256_store_ps(scores + i, _mm256_blendv_ps(nothing, _mm256_load_ps(scores + i), mask));
    }
    largest = _mm256_max_ps(_mm256_load_ps(scores + i), largest);
  }
  out.maximum[row] = MaxLane(largest);
  // For a row that sees nothing any finite number gives weights of 0.
  const __m256 shift = _mm256_set1_ps(visible == 0 ? 0.0F : out.maximum[row]);
  __m256 low = _mm256_setzero_ps();
  __m256 high = _mm256_setzero_ps();
  for (int32_t i = 0; i < padded; i += kGroup) {
    const __m256 a = Exp(_mm256_sub_ps(_mm256_load_ps(scores + i), shift));
    const __m256 b = Exp(_mm256_sub_ps(_mm256_load_ps(scores + i + 8), shift));
    _mm256_store_ps(scores + i, a);
    _mm256_store_ps(scores + i + 8, b);
    low = _mm256_add_ps(low, a);
    high = _mm256_add_ps(high, b);
  }
  out.sum[row] = SumLanes(low, high);
}

// Positions beyond the last visible one become zeros: what is there may be anything.
void ConvertValues(const SegmentTask& task, int32_t first, int64_t padded_size, float* out) {
  const int64_t value_size = task.shape->value_size;
  for (int32_t i = 0; i < kGroup; ++i) {
    float* row = out + i * padded_size;
    int64_t d = 0;
    if (first + i < task.position_count) {
      const uint16_t* value = ValueAt(task, task.first_position + first + i);
      for (; d + 8 <= value_size; d += 8) {
        _mm256_storeu_ps(row + d, _mm256_cvtph_ps(Load128(value + d)));
      }
      for (; d < value_size; ++d) {
        row[d] = HalfToFloat(value[d]);
      }
    }
    for (; d < padded_size; ++d) {
      row[d] = 0;
    }
  }
}

// kRowCount rows x 8 kVectors components += weights x 16 values.
template <int kRowCount, int kVectors, bool kHalves>
void ValueTile(const float* weights, const Rows16& values, int64_t component, float* out) {
  __m256 sums[kRowCount][kVectors];
#pragma GCC unroll 6
  for (int r = 0; r < kRowCount; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      sums[r][v] = _mm256_load_ps(out + r * kValueStride + component + v * 8);
    }
  }
  for (int64_t i = 0; i < kGroup; ++i) {
    __m256 value[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      value[v] = LoadEight<kHalves>(values, i * values.stride + component + v * 8);
    }
#pragma GCC unroll 6
    for (int r = 0; r < kRowCount; ++r) {
      const __m256 weight = _mm256_broadcast_ss(weights + r * kScoreStride + i);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        sums[r][v] = _mm256_fmadd_ps(weight, value[v], sums[r][v]);
      }
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < kRowCount; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      _mm256_store_ps(out + r * kValueStride + component + v * 8, sums[r][v]);
    }
  }
}

template <int kRowCount, bool kHalves>
void ValueTiles(const float* weights, const Rows16& values, int64_t padded_size, float* out) {
  constexpr int kVectors = kRowCount == 1 ? 8 : kRowCount <= 3 ? 4 : 2;
  int64_t component = 0;
  for (; component + kVectors * 8 <= padded_size; component += kVectors * 8) {
    ValueTile<kRowCount, kVectors, kHalves>(weights, values, component, out);
  }
  for (; component < padded_size; component += 16) {
    ValueTile<kRowCount, 2, kHalves>(weights, values, component, out);
  }
}

template <bool kHalves>
void ValueRows(const float* weights, int32_t row_count, const Rows16& values, int64_t padded_size,
               float* out) {
  switch (row_count) {
    case 1:
      return ValueTiles<1, kHalves>(weights, values, padded_size, out);
    case 2:
      return ValueTiles<2, kHalves>(weights, values, padded_size, out);
    case 3:
      return ValueTiles<3, kHalves>(weights, values, padded_size, out);
    case 4:
      return ValueTiles<4, kHalves>(weights, values, padded_size, out);
    case 5:
      return ValueTiles<5, kHalves>(weights, values, padded_size, out);
    default:
      return ValueTiles<6, kHalves>(weights, values, padded_size, out);
  }
}

void AddValues(const SegmentTask& task, int64_t padded_size, Work& work) {
  const bool in_place = task.shape->block_size % kGroup == 0 &&
                        task.shape->value_size % kGroup == 0 && task.row_count <= kTileMax;
  for (int32_t first = 0; first < task.position_count; first += kGroup) {
    if (in_place && first + kGroup <= task.position_count) {
      const Rows16 values = {ValueAt(task, task.first_position + first), nullptr, padded_size};
      ValueRows<true>(work.scores + first, task.row_count, values, padded_size, work.values);
      continue;
    }
    ConvertValues(task, first, padded_size, work.floats);
    const Rows16 values = {nullptr, work.floats, padded_size};
    for (int32_t row = 0; row < task.row_count; row += kTileMax) {
      const auto rows = static_cast<int32_t>(Min(kTileMax, task.row_count - row));
      ValueRows<false>(work.scores + row * kScoreStride + first, rows, values, padded_size,
                       work.values + row * kValueStride);
    }
  }
}

}  // namespace

void AttendSegment(const SegmentTask& task, const PartialRows& out) {
  const int64_t value_size = task.shape->value_size;
  const int64_t padded_size = (value_size + 15) / 16 * 16;
  Work work;
  ComputeScores(task, work);
  for (int32_t row = 0; row < task.row_count; ++row) {
    Weigh(task, row, work.scores + row * kScoreStride, out);
    for (int64_t d = 0; d < padded_size; d += 8) {
      _mm256_store_ps(work.values + row * kValueStride + d, _mm256_setzero_ps());
    }
  }
  AddValues(task, padded_size, work);
  for (int32_t row = 0; row < task.row_count; ++row) {
    for (int64_t d = 0; d < value_size; d += 8) {
      StoreUpTo8(out.values + row * value_size + d,
                 _mm256_load_ps(work.values + row * kValueStride + d), value_size - d);
    }
  }
}

void MergeSegment(int32_t row_count, int32_t value_size, const PartialRows& next,
                  const PartialRows& total) {
  for (int32_t row = 0; row < row_count; ++row) {
    if (next.sum[row] == 0) {
      continue;
    }
    const float maximum =
        total.maximum[row] > next.maximum[row] ? total.maximum[row] : next.maximum[row];
    const float keep = total.sum[row] == 0
                           ? 0.0F
                           : _mm256_cvtss_f32(Exp(_mm256_set1_ps(total.maximum[row] - maximum)));
    const float take = _mm256_cvtss_f32(Exp(_mm256_set1_ps(next.maximum[row] - maximum)));
    total.sum[row] = __builtin_fmaf(next.sum[row], take, total.sum[row] * keep);
    total.maximum[row] = maximum;
    const float* from = next.values + row * value_size;
    float* to = total.values + row * value_size;
    for (int64_t d = 0; d < value_size; d += 8) {
      const int64_t left = value_size - d;
      const __m256 kept = _mm256_mul_ps(LoadUpTo8(to + d, left), _mm256_set1_ps(keep));
      StoreUpTo8(to + d, _mm256_fmadd_ps(LoadUpTo8(from + d, left), _mm256_set1_ps(take), kept),
                 left);
    }
  }
}

}  // namespace millrace::kernels::avx2
#endif
