#include "kernels/matmul_avx2.h"
namespace millrace::kernels::avx2 {
bool DecodeRows(const Product&, const Activations&, RowRange) { return false; }
}  // namespace millrace::kernels::avx2
