#include "kernels/matmul_avx512.h"

#include "kernels/block_unpack.h"
#include "kernels/matmul_avx2.h"

namespace millrace::kernels {

#if defined(__x86_64__)

namespace avx512 {

TileForm TileFormOf(gguf::TensorType /*type*/, int64_t tokens) {
  return tokens == 1 ? TileForm::kNone : TileForm::kBytes;
}

void MatMulRows(const Product& product, const Activations& x, RowRange rows) {
  if (ProductKindOf(product.weight.type) == ProductKind::kFloat) {
    avx2::FloatRows(product, x, rows);
  } else if (x.tokens == 1) {
    avx2::DecodeRows(product, x, rows);
  } else {
    PanelRows(product, x, rows);
  }
}

}  // namespace avx512

const KernelTable* Avx512Kernels() {
  static const KernelTable table = [] {
    KernelTable made = *Avx2Kernels();
    made.level = Level::kAvx512;
    made.tile_form = avx512::TileFormOf;
    made.matmul = avx512::MatMulRows;
    return made;
  }();
  return &table;
}

#else

const KernelTable* Avx512Kernels() { return nullptr; }

#endif

}  // namespace millrace::kernels
