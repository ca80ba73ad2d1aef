#include "kernels/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "gguf/half.h"
#include "kernels/testing/random_weights.h"

namespace millrace::kernels {
namespace {

using testing::RandomFloats;

// Keys and values of one sequence in a cache of its own, blocks in mixed-up order, unused positions
// full of NaN.
class Cache {
 public:
  Cache(const AttentionShape& shape, int32_t positions, uint64_t seed)
      : shape_(shape),
        positions_(positions),
        keys_(RandomFloats(int64_t{positions} * shape.kv_head_count * shape.key_size, seed)),
        values_(
            RandomFloats(int64_t{positions} * shape.kv_head_count * shape.value_size, seed + 1)) {
    const size_t blocks =
        static_cast<size_t>((positions + shape.block_size - 1) / shape.block_size);
    const auto per_block = static_cast<size_t>(shape.kv_head_count * shape.block_size);
    key_memory_.assign(blocks * per_block * static_cast<size_t>(shape.key_size), 0x7E00);
    value_memory_.assign(blocks * per_block * static_cast<size_t>(shape.value_size), 0x7E00);
    for (size_t i = 0; i < blocks; ++i) {
      const size_t at = blocks - 1 - i;
      key_blocks_.push_back(key_memory_.data() +
                            at * per_block * static_cast<size_t>(shape.key_size));
      value_blocks_.push_back(value_memory_.data() +
                              at * per_block * static_cast<size_t>(shape.value_size));
    }
  }

  // Writes the positions below `end` that are not there yet.
  void Fill(int32_t end, const KernelTable& kernels) {
    for (; filled_ < end; ++filled_) {
      const auto block = static_cast<size_t>(filled_ / shape_.block_size);
      StoreKeyValue(shape_, keys_.data() + filled_ * shape_.kv_head_count * shape_.key_size,
                    values_.data() + filled_ * shape_.kv_head_count * shape_.value_size,
                    {key_blocks_[block], value_blocks_[block], filled_ % shape_.block_size},
                    kernels);
    }
  }

  AttentionSequence Sequence(int32_t first, int32_t count) const {
    AttentionSequence sequence;
    const auto blocks =
        static_cast<size_t>((first + count + shape_.block_size - 1) / shape_.block_size);
    sequence.key_blocks = {key_pointers().data(), blocks};
    sequence.value_blocks = {value_pointers().data(), blocks};
    sequence.first_position = first;
    sequence.token_count = count;
    return sequence;
  }

  float Key(int32_t position, int32_t head, int32_t d) const {
    return Rounded(
        keys_[static_cast<size_t>((position * shape_.kv_head_count + head) * shape_.key_size + d)]);
  }
  float Value(int32_t position, int32_t head, int32_t d) const {
    return Rounded(values_[static_cast<size_t>(
        (position * shape_.kv_head_count + head) * shape_.value_size + d)]);
  }

 private:
  static float Rounded(float value) { return gguf::HalfToFloat(gguf::FloatToHalf(value)); }
  std::span<const uint16_t* const> key_pointers() const {
    return {const_cast<const uint16_t* const*>(key_blocks_.data()), key_blocks_.size()};
  }
  std::span<const uint16_t* const> value_pointers() const {
    return {const_cast<const uint16_t* const*>(value_blocks_.data()), value_blocks_.size()};
  }

  AttentionShape shape_;
  int32_t positions_;
  int32_t filled_ = 0;
  std::vector<float> keys_;
  std::vector<float> values_;
  std::vector<uint16_t> key_memory_;
  std::vector<uint16_t> value_memory_;
  std::vector<uint16_t*> key_blocks_;
  std::vector<uint16_t*> value_blocks_;
};

struct Case {
  AttentionShape shape;
  int32_t positions;
};

std::vector<Case> Cases() {
  return {
      {{.head_count = 2,
        .kv_head_count = 1,
        .key_size = 64,
        .value_size = 64,
        .block_size = 16,
        .scale = 0.125F},
       40},
      {{.head_count = 4,
        .kv_head_count = 2,
        .key_size = 128,
        .value_size = 128,
        .block_size = 16,
        .scale = 0.09F},
       310},
      {{.head_count = 8,
        .kv_head_count = 1,
        .key_size = 128,
        .value_size = 128,
        .block_size = 32,
        .scale = 0.09F},
       270},
      {{.head_count = 3,
        .kv_head_count = 3,
        .key_size = 32,
        .value_size = 48,
        .block_size = 4,
        .scale = 0.2F},
       300},
      {{.head_count = 6,
        .kv_head_count = 2,
        .key_size = 20,
        .value_size = 12,
        .block_size = 5,
        .scale = 0.2F},
       70},
      {{.head_count = 40,
        .kv_head_count = 1,
        .key_size = 80,
        .value_size = 256,
        .block_size = 16,
        .scale = 0.1F},
       33},
      {{.head_count = 2,
        .kv_head_count = 2,
        .key_size = 256,
        .value_size = 96,
        .block_size = 64,
        .scale = 0.06F},
       290},
  };
}

std::string Describe(const Case& c, const KernelTable& kernels) {
  return std::to_string(c.shape.head_count) + "/" + std::to_string(c.shape.kv_head_count) +
         " heads of " + std::to_string(c.shape.key_size) + "/" +
         std::to_string(c.shape.value_size) + ", blocks of " + std::to_string(c.shape.block_size) +
         ", " + std::string(LevelName(LevelOf(kernels)));
}

// Attention of all positions, the text given in chunks of the lengths `chunk`, over and over.
std::vector<float> AttendInChunks(const Case& c, const std::vector<float>& queries, int32_t chunk,
                                  int32_t threads, const KernelTable& kernels) {
  const AttentionShape& shape = c.shape;
  Cache cache(shape, c.positions, 21);
  ThreadPool pool(threads);
  AttentionScratch scratch;
  const int64_t query_row = int64_t{shape.head_count} * shape.key_size;
  const int64_t out_row = int64_t{shape.head_count} * shape.value_size;
  std::vector<float> out(static_cast<size_t>(c.positions * out_row), -1.0F);
  for (int32_t first = 0; first < c.positions; first += chunk) {
    const int32_t count = std::min(chunk, c.positions - first);
    cache.Fill(first + count, kernels);
    AttentionSequence sequence = cache.Sequence(first, count);
    sequence.queries = queries.data() + first * query_row;
    sequence.query_stride = query_row;
    sequence.out = out.data() + first * out_row;
    sequence.out_stride = out_row;
    Attend(shape, {&sequence, 1}, scratch, pool, kernels);
  }
  return out;
}

std::vector<float> QueriesOf(const Case& c) {
  return RandomFloats(int64_t{c.positions} * c.shape.head_count * c.shape.key_size, 22);
}

// Softmax attention of one query as the textbook has it, in double.
std::vector<double> Textbook(const Case& c, const Cache& cache, const float* query, int32_t head,
                             int32_t position) {
  const int32_t kv_head = head / (c.shape.head_count / c.shape.kv_head_count);
  std::vector<double> weights;
  double largest = -std::numeric_limits<double>::infinity();
  for (int32_t p = 0; p <= position; ++p) {
    double score = 0;
    for (int32_t d = 0; d < c.shape.key_size; ++d) {
      score += static_cast<double>(query[d]) * cache.Key(p, kv_head, d);
    }
    weights.push_back(score * c.shape.scale);
    largest = std::max(largest, weights.back());
  }
  double sum = 0;
  for (double& weight : weights) {
    weight = std::exp(weight - largest);
    sum += weight;
  }
  std::vector<double> out(static_cast<size_t>(c.shape.value_size));
  for (int32_t p = 0; p <= position; ++p) {
    for (int32_t d = 0; d < c.shape.value_size; ++d) {
      out[static_cast<size_t>(d)] +=
          weights[static_cast<size_t>(p)] / sum * cache.Value(p, kv_head, d);
    }
  }
  return out;
}

TEST(Attention, EveryLevelAgreesWithTheTextbook) {
  for (const Case& c : Cases()) {
    const Cache cache(c.shape, c.positions, 21);
    const std::vector<float> queries = QueriesOf(c);
    for (const Level level : AvailableLevels()) {
      SCOPED_TRACE(Describe(c, *KernelsAt(level)));
      const auto out = AttendInChunks(c, queries, c.positions, 1, *KernelsAt(level));
      for (int32_t position = 0; position < c.positions; position += 13) {
        for (int32_t head = 0; head < c.shape.head_count; ++head) {
          const int32_t row = position * c.shape.head_count + head;
          const auto expected =
              Textbook(c, cache, queries.data() + row * c.shape.key_size, head, position);
          for (int32_t d = 0; d < c.shape.value_size; ++d) {
            ASSERT_NEAR(out[static_cast<size_t>(row * c.shape.value_size + d)],
                        expected[static_cast<size_t>(d)], 1e-4)
                << "position " << position << " head " << head << " component " << d;
          }
        }
      }
    }
  }
}

TEST(Attention, BytesDoNotDependOnChunksOrThreads) {
  for (const Case& c : Cases()) {
    const std::vector<float> queries = QueriesOf(c);
    for (const Level level : AvailableLevels()) {
      const KernelTable& kernels = *KernelsAt(level);
      SCOPED_TRACE(Describe(c, kernels));
      const auto whole = AttendInChunks(c, queries, c.positions, 1, kernels);
      for (const auto& [chunk, threads] :
           {std::pair{1, 1}, {1, 5}, {7, 2}, {16, 1}, {61, 3}, {c.positions, 5}}) {
        ASSERT_EQ(AttendInChunks(c, queries, chunk, threads, kernels), whole)
            << "chunks of " << chunk << ", " << threads << " threads";
      }
    }
  }
}

TEST(Attention, VectorLevelsAgreeBitForBit) {
  if (KernelsAt(Level::kAvx2) == nullptr || KernelsAt(Level::kAvx512) == nullptr) {
    GTEST_SKIP() << "this processor has only one vector level";
  }
  for (const Case& c : Cases()) {
    const std::vector<float> queries = QueriesOf(c);
    EXPECT_EQ(AttendInChunks(c, queries, 50, 1, *KernelsAt(Level::kAvx512)),
              AttendInChunks(c, queries, 50, 1, *KernelsAt(Level::kAvx2)))
        << Describe(c, *KernelsAt(Level::kAvx512));
  }
}

TEST(Attention, SequencesOfOneCallAreIndependent) {
  const Case c = Cases()[1];
  const AttentionShape& shape = c.shape;
  Cache first(shape, 100, 31);
  Cache second(shape, 300, 32);
  first.Fill(100, Kernels());
  second.Fill(300, Kernels());
  const int64_t query_row = int64_t{shape.head_count} * shape.key_size;
  const int64_t out_row = int64_t{shape.head_count} * shape.value_size;
  const std::vector<float> queries = RandomFloats(101 * query_row, 33);
  const auto sequence = [&](const Cache& cache, int32_t begin, int32_t count,
                            std::vector<float>& out) {
    AttentionSequence s = cache.Sequence(begin, count);
    out.resize(static_cast<size_t>(count * out_row));
    s.queries = queries.data();
    s.query_stride = query_row;
    s.out = out.data();
    s.out_stride = out_row;
    return s;
  };
  std::vector<float> alone_a;
  std::vector<float> alone_b;
  std::vector<float> together_a;
  std::vector<float> together_b;
  ThreadPool pool(2);
  AttentionScratch scratch;
  const AttentionSequence a = sequence(first, 0, 100, alone_a);
  const AttentionSequence b = sequence(second, 299, 1, alone_b);
  Attend(shape, {&a, 1}, scratch, pool);
  Attend(shape, {&b, 1}, scratch, pool);
  const AttentionSequence both[] = {sequence(first, 0, 100, together_a),
                                    sequence(second, 299, 1, together_b)};
  Attend(shape, both, scratch, pool);
  EXPECT_EQ(together_a, alone_a);
  EXPECT_EQ(together_b, alone_b);
}

TEST(Attention, StoredValuesAreFiniteHalves) {
  const AttentionShape shape = {.head_count = 1,
                                .kv_head_count = 1,
                                .key_size = 16,
                                .value_size = 16,
                                .block_size = 16,
                                .scale = 1};
  for (const Level level : AvailableLevels()) {
    std::vector<uint16_t> keys(256);
    std::vector<uint16_t> values(256);
    const std::vector<float> huge(16, 1e9F);
    StoreKeyValue(shape, huge.data(), huge.data(), {keys.data(), values.data(), 3},
                  *KernelsAt(level));
    EXPECT_EQ(gguf::HalfToFloat(keys[3]), 65504.0F);
    EXPECT_EQ(gguf::HalfToFloat(keys[16 + 3]), 65504.0F);
    EXPECT_EQ(gguf::HalfToFloat(values[3 * 16]), 65504.0F);
    EXPECT_EQ(keys[0], 0);
  }
}

}  // namespace
}  // namespace millrace::kernels
