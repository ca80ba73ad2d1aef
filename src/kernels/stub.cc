#include "kernels/kernel_table.h"
namespace millrace::kernels {
const KernelTable* Avx512Kernels() { return nullptr; }
}  // namespace millrace::kernels
