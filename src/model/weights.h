// Takes the tensors of a model out of its file, checking shapes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "gguf/reader.h"
#include "kernels/matmul.h"

namespace millrace::model {

struct MatrixShape {
  int64_t rows = 0;     // outputs
  int64_t columns = 0;  // inputs
};

// Borrows the file; matrices point into its mapping. Errors name the file, the tensor, and the
// shape or type that was expected: kCorruptData for missing or misshapen tensors, kUnsupported for
// element types no kernel reads.
class WeightReader {
 public:
  explicit WeightReader(const gguf::File& file) : file_(file) {}

  bool Has(std::string_view name) const { return file_.FindTensor(name) != nullptr; }

  base::Result<kernels::WeightMatrix> Matrix(const std::string& name, const MatrixShape& shape);

  // As Matrix, with as many rows as the file has, up to `rows_max`.
  base::Result<kernels::WeightMatrix> MatrixOfAnyHeight(const std::string& name, int64_t columns,
                                                        int64_t rows_max);

  // `count` matrices of one shape stacked in one tensor, as experts are; the rows of all of them
  // one after another.
  base::Result<kernels::WeightMatrix> Stack(const std::string& name, const MatrixShape& shape,
                                            int64_t count);

  // A vector as floats, copied: norms are small and may be stored as halves.
  base::Result<std::vector<float>> Vector(const std::string& name, int64_t size);

  // Leaves out every tensor whose name begins with `prefix`, on purpose.
  void Skip(std::string_view prefix);

  // kUnsupported naming a tensor that was never taken nor skipped: a model with parts this build
  // does not compute must not run as if they were not there.
  base::Status CheckAllTaken() const;

  // Of the tensors taken so far.
  int64_t parameter_count() const { return parameter_count_; }
  int64_t weight_bytes() const { return weight_bytes_; }

 private:
  base::Result<const gguf::TensorInfo*> Take(const std::string& name);

  const gguf::File& file_;
  std::unordered_set<std::string> taken_;
  int64_t parameter_count_ = 0;
  int64_t weight_bytes_ = 0;
};

// `count` rows of a matrix from row `first` on.
kernels::WeightMatrix RowsOf(const kernels::WeightMatrix& matrix, int64_t first, int64_t count);

}  // namespace millrace::model
