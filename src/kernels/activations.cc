#include "kernels/activations.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace millrace::kernels {
namespace {

// Rounding and interleaving are quick: a part takes as many tokens as make it worth handing out.
void EachGroup(const MatrixView& values, ThreadPool& pool,
               const std::function<void(int64_t first, int64_t count)>& body) {
  constexpr int64_t kValuesPerPart = 1 << 14;
  const int64_t groups = (values.rows + kTokenTile - 1) / kTokenTile;
  const int64_t groups_per_part =
      std::max<int64_t>(1, kValuesPerPart / (values.columns * kTokenTile));
  const int64_t parts = (groups + groups_per_part - 1) / groups_per_part;
  pool.Run(static_cast<int32_t>(parts), [&](int32_t part) {
    const int64_t begin = part * groups_per_part;
    const int64_t end = std::min(groups, begin + groups_per_part);
    for (int64_t group = begin; group < end; ++group) {
      const int64_t first = group * kTokenTile;
      body(first, std::min(kTokenTile, values.rows - first));
    }
  });
}

int64_t GroupedRows(const MatrixView& values) {
  return (values.rows + kTokenTile - 1) / kTokenTile * kTokenTile;
}

// Interleaves 32-bit units of `row_bytes` bytes a token.
void InterleaveFours(const void* rows, int64_t row_bytes, int64_t first, int64_t count, void* out) {
  const auto* const from = static_cast<const std::byte*>(rows) + first * row_bytes;
  auto* const to = static_cast<std::byte*>(out) + first * row_bytes;
  const int64_t units = row_bytes / 4;
  for (int64_t token = 0; token < count; ++token) {
    for (int64_t i = 0; i < units; ++i) {
      std::memcpy(to + (i * kTokenTile + token) * 4, from + token * row_bytes + i * 4, 4);
    }
  }
}

}  // namespace

void QuantisedForms::Prepare(const KernelTable& kernels, const MatrixView& values, TileForm form,
                             ThreadPool& pool) {
  if (!has_rows_) {
    MakeRows(kernels, values, pool);
  }
  if (form == TileForm::kNone) {
    return;
  }
  if (!has_tiles_) {
    MakeTiles(values, pool);
  }
  if (form == TileForm::kBytes && !has_bytes_) {
    MakeBytes(values, pool);
  }
  if (form == TileForm::kWide && !has_wide_) {
    MakeWide(values, pool);
  }
}

void QuantisedForms::MakeRows(const KernelTable& kernels, const MatrixView& values,
                              ThreadPool& pool) {
  const int64_t count = values.rows * values.columns;
  const int64_t blocks = Blocks(values);
  QuantisedRow all;
  view_.q = all.q = q_.Reserve(count);
  view_.scales = all.scales = scales_.Reserve(values.rows * blocks);
  if (kind_ == ProductKind::kBlocks32) {
    view_.sums = all.sums = sums_.Reserve(values.rows * blocks);
    view_.scaled_sums = all.scaled_sums = scaled_sums_.Reserve(values.rows * blocks);
  } else {
    view_.sums16 = all.sums16 = sums16_.Reserve(count / 16);
    view_.sums32 = all.sums32 = sums32_.Reserve(count / 32);
  }
  EachGroup(values, pool, [&](int64_t first, int64_t token_count) {
    for (int64_t token = first; token < first + token_count; ++token) {
      const float* const row = values.data + token * values.stride;
      const int64_t column = token * values.columns;
      const int64_t block = token * blocks;
      if (kind_ == ProductKind::kBlocks32) {
        kernels.quantise32(row, values.columns,
                           {.q = all.q + column,
                            .scales = all.scales + block,
                            .sums = all.sums + block,
                            .scaled_sums = all.scaled_sums + block});
      } else {
        kernels.quantise256(row, values.columns,
                            {.q = all.q + column,
                             .scales = all.scales + block,
                             .sums16 = all.sums16 + column / 16,
                             .sums32 = all.sums32 + column / 32});
      }
    }
  });
  has_rows_ = true;
}

void QuantisedForms::MakeTiles(const MatrixView& values, ThreadPool& pool) {
  const int64_t rows = GroupedRows(values);
  const int64_t blocks = Blocks(values);
  const int64_t columns = values.columns;
  float* const scales = tile_scales_.Reserve(rows * blocks);
  view_.tile_scales = scales;
  if (kind_ == ProductKind::kBlocks32) {
    int32_t* const sums = tile_sums_.Reserve(rows * blocks);
    float* const scaled_sums = tile_scaled_sums_.Reserve(rows * blocks);
    view_.tile_sums = sums;
    view_.tile_scaled_sums = scaled_sums;
    EachGroup(values, pool, [&](int64_t first, int64_t count) {
      InterleaveFours(view_.scales, blocks * 4, first, count, scales);
      InterleaveFours(view_.sums, blocks * 4, first, count, sums);
      InterleaveFours(view_.scaled_sums, blocks * 4, first, count, scaled_sums);
    });
  } else {
    int16_t* const sums16 = tile_sums16_.Reserve(rows * columns / 16);
    int16_t* const sums32 = tile_sums32_.Reserve(rows * columns / 32);
    view_.tile_sums16 = sums16;
    view_.tile_sums32 = sums32;
    EachGroup(values, pool, [&](int64_t first, int64_t count) {
      InterleaveFours(view_.scales, blocks * 4, first, count, scales);
      InterleaveFours(view_.sums16, columns / 8, first, count, sums16);
      InterleaveFours(view_.sums32, columns / 16, first, count, sums32);
    });
  }
  has_tiles_ = true;
}

void QuantisedForms::MakeBytes(const MatrixView& values, ThreadPool& pool) {
  int8_t* const tile_q = tile_q_.Reserve(GroupedRows(values) * values.columns);
  EachGroup(values, pool, [&](int64_t first, int64_t count) {
    InterleaveFours(view_.q, values.columns, first, count, tile_q);
  });
  view_.tile_q = tile_q;
  has_bytes_ = true;
}

void QuantisedForms::MakeWide(const MatrixView& values, ThreadPool& pool) {
  const int64_t columns = values.columns;
  int16_t* const wide = tile_wide_.Reserve(GroupedRows(values) * columns);
  EachGroup(values, pool, [&](int64_t first, int64_t count) {
    for (int64_t token = 0; token < count; ++token) {
      const int8_t* const row = view_.q + (first + token) * columns;
      int16_t* const out = wide + first * columns + token * 2;
      for (int64_t pair = 0; pair < columns / 2; ++pair) {
        const int16_t two[2] = {row[pair * 2], row[pair * 2 + 1]};
        std::memcpy(out + pair * 2 * kTokenTile, two, sizeof(two));
      }
    }
  });
  view_.tile_wide = wide;
  has_wide_ = true;
}

}  // namespace millrace::kernels
