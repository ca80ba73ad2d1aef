#include <algorithm>
#include <cmath>
#include <limits>

#include "gguf/half.h"
#include "kernels/cache_access.h"
#include "kernels/scalar.h"

namespace millrace::kernels::scalar {
namespace {

// Scores, then weights, of all rows of a tile.
using Scores = std::array<std::array<float, kSegmentSize>, kTileRows>;

void ComputeScores(const SegmentTask& task, Scores& scores) {
  const int32_t key_size = task.shape->key_size;
  std::array<float, kHeadSizeMax> floats;
  for (int32_t i = 0; i < task.position_count; ++i) {
    const HeadColumn key = KeyAt(task, task.first_position + i);
    for (int32_t d = 0; d < key_size; ++d) {
      floats[static_cast<size_t>(d)] = gguf::HalfToFloat(key.data[d * key.stride]);
    }
    for (int32_t row = 0; row < task.row_count; ++row) {
      const float* query = task.queries + row * key_size;
      float score = 0;
      for (int32_t d = 0; d < key_size; ++d) {
        score = MulAdd(query[d], floats[static_cast<size_t>(d)], score);
      }
      scores[static_cast<size_t>(row)][static_cast<size_t>(i)] = score;
    }
  }
}

void ScoresToWeights(const SegmentTask& task, Scores& scores, const PartialRows& out) {
  for (int32_t row = 0; row < task.row_count; ++row) {
    float* row_scores = scores[static_cast<size_t>(row)].data();
    float maximum = -std::numeric_limits<float>::infinity();
    for (int32_t i = 0; i < task.visible[row]; ++i) {
      maximum = std::max(maximum, row_scores[i]);
    }
    std::array<float, 16> lanes{};
    for (int32_t i = 0; i < task.visible[row]; ++i) {
      row_scores[i] = Exp(row_scores[i] - maximum);
      lanes[static_cast<size_t>(i % 16)] += row_scores[i];
    }
    out.maximum[row] = maximum;
    out.sum[row] = SumLanes(lanes);
  }
}

void AddValues(const SegmentTask& task, const Scores& weights, float* out) {
  const int32_t value_size = task.shape->value_size;
  std::array<float, kHeadSizeMax> floats;
  for (int32_t i = 0; i < task.position_count; ++i) {
    const uint16_t* value = ValueAt(task, task.first_position + i);
    for (int32_t d = 0; d < value_size; ++d) {
      floats[static_cast<size_t>(d)] = gguf::HalfToFloat(value[d]);
    }
    for (int32_t row = 0; row < task.row_count; ++row) {
      if (i >= task.visible[row]) {
        continue;
      }
      const float weight = weights[static_cast<size_t>(row)][static_cast<size_t>(i)];
      float* values = out + row * value_size;
      for (int32_t d = 0; d < value_size; ++d) {
        values[d] = MulAdd(weight, floats[static_cast<size_t>(d)], values[d]);
      }
    }
  }
}

}  // namespace

void AttendSegment(const SegmentTask& task, const PartialRows& out) {
  Scores scores;
  ComputeScores(task, scores);
  ScoresToWeights(task, scores, out);
  std::fill_n(out.values, task.row_count * task.shape->value_size, 0.0F);
  AddValues(task, scores, out.values);
}

void MergeSegment(int32_t row_count, int32_t value_size, const PartialRows& next,
                  const PartialRows& total) {
  for (int32_t row = 0; row < row_count; ++row) {
    if (next.sum[row] == 0) {
      continue;
    }
    const float maximum = std::max(total.maximum[row], next.maximum[row]);
    const float keep = total.sum[row] == 0 ? 0.0F : Exp(total.maximum[row] - maximum);
    const float take = Exp(next.maximum[row] - maximum);
    total.sum[row] = MulAdd(next.sum[row], take, total.sum[row] * keep);
    total.maximum[row] = maximum;
    const float* from = next.values + row * value_size;
    float* to = total.values + row * value_size;
    for (int32_t d = 0; d < value_size; ++d) {
      to[d] = MulAdd(from[d], take, to[d] * keep);
    }
  }
}

}  // namespace millrace::kernels::scalar
