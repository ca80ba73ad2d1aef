#include "kernels/matmul.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "base/check.h"
#include "kernels/block_unpack.h"
#include "kernels/kernel_table.h"

namespace millrace::kernels {
namespace {

// Grows and never shrinks; contents are not kept. Aligned to a cache line.
template <typename T>
class Buffer {
 public:
  T* Reserve(int64_t count) {
    const size_t lines = (static_cast<size_t>(count) * sizeof(T) + sizeof(Line) - 1) / sizeof(Line);
    if (lines > lines_.size()) {
      lines_.resize(lines);
    }
    return data();
  }
  T* data() { return reinterpret_cast<T*>(lines_.data()); }

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::vector<Line> lines_;
};

}  // namespace

struct ActivationBatch::State {
  explicit State(const KernelTable& table) : kernels(table) {}

  const KernelTable& kernels;
  Activations x;
  bool has32 = false;
  bool has256 = false;

  Buffer<int8_t> q32;
  Buffer<int16_t> wide32;
  Buffer<float> scales32;
  Buffer<int32_t> sums32;
  Buffer<float> scaled_sums32;

  Buffer<int8_t> q256;
  Buffer<int16_t> wide256;
  Buffer<float> scales256;
  Buffer<int16_t> sums256_16;
  Buffer<int16_t> sums256_32;

  void Quantise32(ThreadPool& pool);
  void Quantise256(ThreadPool& pool);
  void EachToken(ThreadPool& pool, const std::function<void(int64_t token)>& body) const;
};

// Rounding a row is quick: a part takes as many tokens as make it worth handing out.
void ActivationBatch::State::EachToken(ThreadPool& pool,
                                       const std::function<void(int64_t token)>& body) const {
  constexpr int64_t kValuesPerPart = 1 << 14;
  const int64_t tokens_per_part =
      std::max<int64_t>(1, kValuesPerPart / std::max<int64_t>(1, x.columns));
  const int64_t parts = (x.tokens + tokens_per_part - 1) / tokens_per_part;
  pool.Run(static_cast<int32_t>(parts), [&](int32_t part) {
    const int64_t begin = part * tokens_per_part;
    const int64_t end = std::min(x.tokens, begin + tokens_per_part);
    for (int64_t token = begin; token < end; ++token) {
      body(token);
    }
  });
}

void ActivationBatch::State::Quantise32(ThreadPool& pool) {
  const int64_t values = x.tokens * x.columns;
  const int64_t blocks = x.columns / 32;
  const Quantised32Row all = {q32.Reserve(values), wide32.Reserve(values),
                              scales32.Reserve(values / 32), sums32.Reserve(values / 32),
                              scaled_sums32.Reserve(values / 32)};
  EachToken(pool, [&](int64_t token) {
    const int64_t value = token * x.columns;
    const int64_t block = token * blocks;
    kernels.quantise32(x.values.data + token * x.values.stride, x.columns,
                       {all.q + value, all.wide + value, all.scales + block, all.sums + block,
                        all.scaled_sums + block});
  });
  x.q32 = {all.q, all.wide, all.scales, all.sums, all.scaled_sums};
  has32 = true;
}

void ActivationBatch::State::Quantise256(ThreadPool& pool) {
  const int64_t values = x.tokens * x.columns;
  const int64_t blocks = x.columns / 256;
  const Quantised256Row all = {q256.Reserve(values), wide256.Reserve(values),
                               scales256.Reserve(values / 256), sums256_16.Reserve(values / 16),
                               sums256_32.Reserve(values / 32)};
  EachToken(pool, [&](int64_t token) {
    const int64_t value = token * x.columns;
    const int64_t block = token * blocks;
    kernels.quantise256(x.values.data + token * x.values.stride, x.columns,
                        {all.q + value, all.wide + value, all.scales + block,
                         all.sums16 + block * 16, all.sums32 + block * 8});
  });
  x.q256 = {all.q, all.wide, all.scales, all.sums16, all.sums32};
  has256 = true;
}

ActivationBatch::ActivationBatch(const KernelTable& kernels)
    : state_(std::make_unique<State>(kernels)) {}
ActivationBatch::~ActivationBatch() = default;

void ActivationBatch::Set(const MatrixView& values) {
  MILLRACE_CHECK(values.rows >= 0 && values.columns > 0);
  state_->x.tokens = values.rows;
  state_->x.columns = values.columns;
  state_->x.values = values;
  state_->has32 = false;
  state_->has256 = false;
}

int64_t ActivationBatch::tokens() const { return state_->x.tokens; }
int64_t ActivationBatch::columns() const { return state_->x.columns; }

// One call of MatMul: makes what the products need and cuts their rows into parts.
class MatMulRun {
 public:
  MatMulRun(std::span<const Product> products, ActivationBatch& x, ThreadPool& pool)
      : products_(products), state_(*x.state_), pool_(pool) {}

  void Run() {
    if (state_.x.tokens == 0) {
      return;
    }
    Prepare();
    const int64_t rows_per_part = RowsPerPart();
    std::vector<Part> parts;
    for (const Product& product : products_) {
      for (int64_t row = 0; row < product.weight.rows; row += rows_per_part) {
        parts.push_back({&product, {row, std::min(product.weight.rows, row + rows_per_part)}});
      }
    }
    pool_.Run(static_cast<int32_t>(parts.size()), [&](int32_t index) {
      const Part& part = parts[static_cast<size_t>(index)];
      state_.kernels.matmul(*part.product, state_.x, part.rows);
    });
  }

 private:
  struct Part {
    const Product* product;
    RowRange rows;
  };

  void Prepare() {
    for (const Product& product : products_) {
      MILLRACE_CHECK(product.weight.columns == state_.x.columns);
      const ProductKind kind = ProductKindOf(product.weight.type);
      if (kind == ProductKind::kBlocks32 && !state_.has32) {
        state_.Quantise32(pool_);
      } else if (kind == ProductKind::kBlocks256 && !state_.has256) {
        state_.Quantise256(pool_);
      }
    }
  }

  // A few parts a thread, so that an interrupted thread delays the others little; long enough to be
  // read as one stream; with many tokens short enough for the unpacked rows to stay in the cache.
  int64_t RowsPerPart() const {
    constexpr int64_t kPartsPerThread = 4;
    constexpr int64_t kPrefillRows = 64;
    int64_t rows = 0;
    for (const Product& product : products_) {
      rows += product.weight.rows;
    }
    const int64_t parts = kPartsPerThread * pool_.thread_count();
    int64_t per_part = (rows + parts - 1) / parts;
    if (state_.x.tokens >= kRowGroup) {
      per_part = std::min(per_part, kPrefillRows);
    }
    return std::max<int64_t>(1, (per_part + kRowGroup - 1) / kRowGroup) * kRowGroup;
  }

  std::span<const Product> products_;
  ActivationBatch::State& state_;
  ThreadPool& pool_;
};

void MatMul(std::span<const Product> products, ActivationBatch& x, ThreadPool& pool) {
  MatMulRun(products, x, pool).Run();
}

}  // namespace millrace::kernels
