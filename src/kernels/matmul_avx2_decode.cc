#include "kernels/matmul_avx2.h"
namespace millrace::kernels::avx2 {
bool HasDecodeRows(gguf::TensorType) { return false; }
void DecodeRows(const Product&, const Activations&, RowRange) {}
}  // namespace millrace::kernels::avx2
