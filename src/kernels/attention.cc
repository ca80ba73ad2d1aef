#include "kernels/attention.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "base/check.h"
#include "kernels/kernel_table.h"

namespace millrace::kernels {
namespace {

constexpr size_t kRows = kTileRows;

// Query rows that walk over the cache together: some tokens of one sequence, some heads of one kv
// head.
struct Tile {
  const AttentionSequence* sequence;
  int32_t kv_head;
  int32_t first_head;  // among the heads of the kv head
  int32_t head_count;
  int32_t first_token;
  int32_t token_count;

  int32_t row_count() const { return head_count * token_count; }
  // Positions that the tile's last token sees.
  int32_t position_count() const { return sequence->first_position + first_token + token_count; }
  int32_t segment_count() const { return (position_count() + kSegmentSize - 1) / kSegmentSize; }
};

// Row r of a tile is token r / head_count, head r % head_count.
struct PackedQueries {
  alignas(64) std::array<float, kRows * kHeadSizeMax> values;
};

void Pack(const AttentionShape& shape, const Tile& tile, PackedQueries& out) {
  const int32_t group = shape.head_count / shape.kv_head_count;
  for (int32_t row = 0; row < tile.row_count(); ++row) {
    const int32_t token = tile.first_token + row / tile.head_count;
    const int32_t head = tile.kv_head * group + tile.first_head + row % tile.head_count;
    const float* query = tile.sequence->queries + token * tile.sequence->query_stride +
                         int64_t{head} * shape.key_size;
    float* packed = out.values.data() + row * shape.key_size;
    for (int32_t d = 0; d < shape.key_size; ++d) {
      packed[d] = query[d] * shape.scale;
    }
  }
}

struct LocalRows {
  std::array<float, kRows> maximum;
  std::array<float, kRows> sum;
  alignas(64) std::array<float, kRows * kHeadSizeMax> values;

  PartialRows view() { return {maximum.data(), sum.data(), values.data()}; }
};

void SetToNothing(const PartialRows& rows, int32_t row_count, int32_t value_size) {
  std::fill_n(rows.maximum, row_count, -std::numeric_limits<float>::infinity());
  std::fill_n(rows.sum, row_count, 0.0F);
  std::fill_n(rows.values, row_count * value_size, 0.0F);
}

void AttendTileSegment(const KernelTable& kernels, const AttentionShape& shape, const Tile& tile,
                       const PackedQueries& queries, int32_t segment, const PartialRows& out) {
  std::array<int32_t, kRows> visible;
  const int32_t first_position = segment * kSegmentSize;
  for (int32_t row = 0; row < tile.row_count(); ++row) {
    const int32_t token = tile.first_token + row / tile.head_count;
    const int32_t positions = tile.sequence->first_position + token + 1 - first_position;
    visible[static_cast<size_t>(row)] = std::clamp(positions, 0, kSegmentSize);
  }
  const SegmentTask task = {
      .shape = &shape,
      .sequence = tile.sequence,
      .kv_head = tile.kv_head,
      .first_position = first_position,
      .position_count = visible[static_cast<size_t>(tile.row_count() - 1)],
      .row_count = tile.row_count(),
      .queries = queries.values.data(),
      .visible = visible.data(),
  };
  kernels.attend_segment(task, out);
}

// The sum of a row is never 0 here: every token sees at least itself. Adding +0 turns -0 into +0,
// so that masked positions, which add +0 in some tiles and are left out in others, leave no trace.
void WriteRows(const AttentionShape& shape, const Tile& tile, const PartialRows& rows) {
  const int32_t group = shape.head_count / shape.kv_head_count;
  for (int32_t row = 0; row < tile.row_count(); ++row) {
    const int32_t token = tile.first_token + row / tile.head_count;
    const int32_t head = tile.kv_head * group + tile.first_head + row % tile.head_count;
    float* out =
        tile.sequence->out + token * tile.sequence->out_stride + int64_t{head} * shape.value_size;
    const float factor = 1.0F / rows.sum[row];
    const float* values = rows.values + row * shape.value_size;
    for (int32_t d = 0; d < shape.value_size; ++d) {
      out[d] = values[d] * factor + 0.0F;
    }
  }
}

}  // namespace

struct AttentionScratch::State {
  std::vector<Tile> tiles;
  std::vector<int32_t> first_parts;  // [tile] where its parts begin
  std::vector<float> partials;
};

AttentionScratch::AttentionScratch() : state_(std::make_unique<State>()) {}
AttentionScratch::~AttentionScratch() = default;

// One call of Attend. A part is a whole tile; or, where there are too few tiles for the threads,
// one segment of a tile, whose result waits in scratch memory until a second region merges them.
// Both give the same bits.
class AttentionRun {
 public:
  AttentionRun(const AttentionShape& shape, AttentionScratch& scratch, const KernelTable& kernels)
      : shape_(shape), state_(*scratch.state_), kernels_(kernels) {}

  void Run(std::span<const AttentionSequence> sequences, ThreadPool& pool) {
    CutIntoTiles(sequences);
    constexpr int32_t kPartsPerThread = 4;
    const auto tile_count = static_cast<int32_t>(state_.tiles.size());
    if (pool.thread_count() > 1 && tile_count < kPartsPerThread * pool.thread_count()) {
      RunSplit(pool);
    } else {
      pool.Run(tile_count,
               [&](int32_t tile) { AttendTile(state_.tiles[static_cast<size_t>(tile)]); });
    }
  }

 private:
  void CutIntoTiles(std::span<const AttentionSequence> sequences) {
    state_.tiles.clear();
    const int32_t group = shape_.head_count / shape_.kv_head_count;
    const int32_t heads_max = std::min(group, kTileRows);
    const int32_t tokens_max = kTileRows / heads_max;
    for (const AttentionSequence& sequence : sequences) {
      for (int32_t kv_head = 0; kv_head < shape_.kv_head_count; ++kv_head) {
        // Last tokens first: they see the most positions, and a long part at the end leaves threads
        // idle.
        for (int32_t end = sequence.token_count; end > 0; end -= tokens_max) {
          const int32_t first = std::max(0, end - tokens_max);
          for (int32_t head = 0; head < group; head += heads_max) {
            state_.tiles.push_back(
                {&sequence, kv_head, head, std::min(heads_max, group - head), first, end - first});
          }
        }
      }
    }
  }

  void AttendTile(const Tile& tile) {
    PackedQueries queries;
    LocalRows next;
    LocalRows total;
    Pack(shape_, tile, queries);
    SetToNothing(total.view(), tile.row_count(), shape_.value_size);
    for (int32_t segment = 0; segment < tile.segment_count(); ++segment) {
      AttendTileSegment(kernels_, shape_, tile, queries, segment, next.view());
      kernels_.merge_segment(tile.row_count(), shape_.value_size, next.view(), total.view());
    }
    WriteRows(shape_, tile, total.view());
  }

  void RunSplit(ThreadPool& pool) {
    state_.first_parts.clear();
    int32_t parts = 0;
    for (const Tile& tile : state_.tiles) {
      state_.first_parts.push_back(parts);
      parts += tile.segment_count();
    }
    state_.partials.resize(static_cast<size_t>(parts * PartSize()));
    pool.Run(parts, [&](int32_t part) {
      const auto after =
          std::upper_bound(state_.first_parts.begin(), state_.first_parts.end(), part);
      const size_t tile = static_cast<size_t>(after - state_.first_parts.begin()) - 1;
      PackedQueries queries;
      Pack(shape_, state_.tiles[tile], queries);
      AttendTileSegment(kernels_, shape_, state_.tiles[tile], queries,
                        part - state_.first_parts[tile], PartialOf(part));
    });
    pool.Run(static_cast<int32_t>(state_.tiles.size()), [&](int32_t index) {
      const Tile& tile = state_.tiles[static_cast<size_t>(index)];
      LocalRows total;
      SetToNothing(total.view(), tile.row_count(), shape_.value_size);
      for (int32_t segment = 0; segment < tile.segment_count(); ++segment) {
        const int32_t part = state_.first_parts[static_cast<size_t>(index)] + segment;
        kernels_.merge_segment(tile.row_count(), shape_.value_size, PartialOf(part), total.view());
      }
      WriteRows(shape_, tile, total.view());
    });
  }

  int64_t PartSize() const { return int64_t{kTileRows} * (2 + shape_.value_size); }

  PartialRows PartialOf(int32_t part) {
    float* begin = state_.partials.data() + part * PartSize();
    return {begin, begin + kTileRows, begin + 2 * kTileRows};
  }

  const AttentionShape& shape_;
  AttentionScratch::State& state_;
  const KernelTable& kernels_;
};

void Attend(const AttentionShape& shape, std::span<const AttentionSequence> sequences,
            AttentionScratch& scratch, ThreadPool& pool, const KernelTable& kernels) {
  MILLRACE_CHECK(shape.kv_head_count > 0 && shape.head_count % shape.kv_head_count == 0);
  MILLRACE_CHECK(shape.key_size > 0 && shape.key_size <= kHeadSizeMax);
  MILLRACE_CHECK(shape.value_size > 0 && shape.value_size <= kHeadSizeMax);
  MILLRACE_CHECK(shape.block_size > 0);
  for (const AttentionSequence& sequence : sequences) {
    const auto positions = static_cast<int64_t>(sequence.key_blocks.size()) * shape.block_size;
    MILLRACE_CHECK(sequence.key_blocks.size() == sequence.value_blocks.size());
    MILLRACE_CHECK(positions >= int64_t{sequence.first_position} + sequence.token_count);
  }
  AttentionRun(shape, scratch, kernels).Run(sequences, pool);
}

void StoreKeyValue(const AttentionShape& shape, const float* keys, const float* values,
                   const CacheSlot& slot, const KernelTable& kernels) {
  MILLRACE_CHECK(shape.key_size <= kHeadSizeMax);
  const int64_t block_size = shape.block_size;
  std::array<uint16_t, kHeadSizeMax> halves;
  for (int64_t head = 0; head < shape.kv_head_count; ++head) {
    kernels.store_halves(keys + head * shape.key_size, shape.key_size, halves.data());
    uint16_t* key = slot.key_block + head * block_size * shape.key_size + slot.position_in_block;
    for (int64_t d = 0; d < shape.key_size; ++d) {
      key[d * block_size] = halves[static_cast<size_t>(d)];
    }
    kernels.store_halves(
        values + head * shape.value_size, shape.value_size,
        slot.value_block + (head * block_size + slot.position_in_block) * shape.value_size);
  }
}

}  // namespace millrace::kernels
