// Activations rounded to 8 bits, in the forms that matrix kernels read; memory is kept from batch
// to batch.
#pragma once

#include <cstdint>

#include "kernels/block_unpack.h"
#include "kernels/buffer.h"
#include "kernels/kernel_table.h"

namespace millrace::kernels {

// The forms of one kind of blocks. Thread-compatible; the work is spread over the pool it is given.
class QuantisedForms {
 public:
  // `kind` is kBlocks32 or kBlocks256.
  explicit QuantisedForms(ProductKind kind) : kind_(kind) {}

  // Forgets what was rounded.
  void Reset() { has_rows_ = has_tiles_ = has_bytes_ = has_wide_ = false; }

  // Makes the rows and the interleaved `form`, as far as they are missing.
  void Prepare(const KernelTable& kernels, const MatrixView& values, TileForm form,
               ThreadPool& pool);

  const Quantised& view() const { return view_; }

 private:
  void MakeRows(const KernelTable& kernels, const MatrixView& values, ThreadPool& pool);
  void MakeTiles(const MatrixView& values, ThreadPool& pool);
  void MakeBytes(const MatrixView& values, ThreadPool& pool);
  void MakeWide(const MatrixView& values, ThreadPool& pool);
  int64_t Blocks(const MatrixView& values) const {
    return values.columns / (kind_ == ProductKind::kBlocks32 ? 32 : 256);
  }

  ProductKind kind_;
  Quantised view_;
  bool has_rows_ = false;
  bool has_tiles_ = false;
  bool has_bytes_ = false;
  bool has_wide_ = false;

  Buffer<int8_t> q_;
  Buffer<float> scales_;
  Buffer<int32_t> sums_;
  Buffer<float> scaled_sums_;
  Buffer<int16_t> sums16_;
  Buffer<int16_t> sums32_;
  Buffer<int8_t> tile_q_;
  Buffer<int16_t> tile_wide_;
  Buffer<float> tile_scales_;
  Buffer<int32_t> tile_sums_;
  Buffer<float> tile_scaled_sums_;
  Buffer<int16_t> tile_sums16_;
  Buffer<int16_t> tile_sums32_;
};

}  // namespace millrace::kernels
