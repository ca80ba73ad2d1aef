#include <algorithm>
#include <cmath>
#include <limits>

#include "gguf/half.h"
#include "kernels/cache_access.h"
#include "kernels/scalar.h"

namespace millrace::kernels::scalar {
namespace {

void RowScores(const SegmentTask& task, int32_t row, float* scores) {
  const int32_t key_size = task.shape->key_size;
  const float* query = task.queries + row * key_size;
  for (int32_t i = 0; i < task.visible[row]; ++i) {
    const HeadColumn key = KeyAt(task, task.first_position + i);
    float score = 0;
    for (int32_t d = 0; d < key_size; ++d) {
      score = MulAdd(query[d], gguf::HalfToFloat(key.data[d * key.stride]), score);
    }
    scores[i] = score;
  }
}

}  // namespace

void AttendSegment(const SegmentTask& task, const PartialRows& out) {
  const int32_t value_size = task.shape->value_size;
  std::array<float, kSegmentSize> scores;
  for (int32_t row = 0; row < task.row_count; ++row) {
    const int32_t visible = task.visible[row];
    float* values = out.values + row * value_size;
    std::fill_n(values, value_size, 0.0F);
    RowScores(task, row, scores.data());
    float maximum = -std::numeric_limits<float>::infinity();
    for (int32_t i = 0; i < visible; ++i) {
      maximum = std::max(maximum, scores[static_cast<size_t>(i)]);
    }
    std::array<float, 16> lanes{};
    for (int32_t i = 0; i < visible; ++i) {
      float& score = scores[static_cast<size_t>(i)];
      score = Exp(score - maximum);
      lanes[static_cast<size_t>(i % 16)] += score;
      const uint16_t* value = ValueAt(task, task.first_position + i);
      for (int32_t d = 0; d < value_size; ++d) {
        values[d] = MulAdd(score, gguf::HalfToFloat(value[d]), values[d]);
      }
    }
    out.maximum[row] = maximum;
    out.sum[row] = SumLanes(lanes);
  }
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
