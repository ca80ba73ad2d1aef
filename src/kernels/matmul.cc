#include "kernels/matmul.h"

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "kernels/activations.h"
#include "kernels/block_unpack.h"
#include "kernels/kernel_table.h"

namespace millrace::kernels {
struct ActivationBatch::State {
  explicit State(const KernelTable& table) : kernels(table) {}

  const KernelTable& kernels;
  Activations x;
  QuantisedForms blocks32{ProductKind::kBlocks32};
  QuantisedForms blocks256{ProductKind::kBlocks256};
};

ActivationBatch::ActivationBatch(const KernelTable& kernels)
    : state_(std::make_unique<State>(kernels)) {}
ActivationBatch::~ActivationBatch() = default;

void ActivationBatch::Set(const MatrixView& values) {
  MILLRACE_CHECK(values.rows >= 0 && values.columns > 0);
  state_->x.tokens = values.rows;
  state_->x.columns = values.columns;
  state_->x.values = values;
  state_->blocks32.Reset();
  state_->blocks256.Reset();
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
    Activations& x = state_.x;
    for (const Product& product : products_) {
      MILLRACE_CHECK(product.weight.columns == x.columns);
      const ProductKind kind = ProductKindOf(product.weight.type);
      const TileForm form = state_.kernels.tile_form(product.weight.type, x.tokens);
      if (kind == ProductKind::kBlocks32) {
        state_.blocks32.Prepare(state_.kernels, x.values, form, pool_);
      } else if (kind == ProductKind::kBlocks256) {
        state_.blocks256.Prepare(state_.kernels, x.values, form, pool_);
      }
    }
    x.blocks32 = state_.blocks32.view();
    x.blocks256 = state_.blocks256.view();
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
