// The AVX2 matrix product, in three ways that give the same bits; matmul_avx2.cc chooses.
#pragma once

#include "kernels/kernel_table.h"

namespace millrace::kernels::avx2 {

void Quantise32(const float* values, int64_t columns, const QuantisedRow& out);
void Quantise256(const float* values, int64_t columns, const QuantisedRow& out);

TileForm TileFormOf(gguf::TensorType type, int64_t tokens);
void MatMulRows(const Product& product, const Activations& x, RowRange rows);

// Whether a type's codes go to the panel in 16 bits.
bool IsWide(gguf::TensorType type);

// F32, F16, BF16.
void FloatRows(const Product& product, const Activations& x, RowRange rows);

// Any quantised type, any number of tokens: rows are unpacked sixteen at a time to a panel of small
// integers that all tokens then use.
void PanelRows(const Product& product, const Activations& x, RowRange rows);

// One token, any quantised type: rows are read once, eight at a time, and nothing is stored in
// between.
void DecodeRows(const Product& product, const Activations& x, RowRange rows);

void AttendSegment(const SegmentTask& task, const PartialRows& out);
void MergeSegment(int32_t row_count, int32_t value_size, const PartialRows& next,
                  const PartialRows& total);

}  // namespace millrace::kernels::avx2
