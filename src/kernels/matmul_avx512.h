// The matrix product with 512-bit registers and vpdpbusd. Everything else of this level is AVX2
// code.
#pragma once

#include "kernels/kernel_table.h"

namespace millrace::kernels::avx512 {

TileForm TileFormOf(gguf::TensorType type, int64_t tokens);
void MatMulRows(const Product& product, const Activations& x, RowRange rows);

// Any quantised type, any number of tokens.
void PanelRows(const Product& product, const Activations& x, RowRange rows);

}  // namespace millrace::kernels::avx512
