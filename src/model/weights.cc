#include "model/weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/check.h"
#include "base/utf8.h"
#include "kernels/block_format.h"

namespace millrace::model {
namespace {

std::string ShapeOf(const gguf::TensorInfo& tensor) {
  return fmt::format("[{}]", fmt::join(tensor.dims, ", "));
}

kernels::WeightMatrix ViewOf(const gguf::TensorInfo& tensor) {
  return {.type = tensor.type,
          .data = tensor.data.data(),
          .rows = tensor.row_count(),
          .columns = tensor.row_length()};
}

}  // namespace

base::Result<const gguf::TensorInfo*> WeightReader::Take(const std::string& name) {
  const gguf::TensorInfo* tensor = file_.FindTensor(name);
  if (tensor == nullptr) {
    return base::CorruptData(fmt::format("{}: the tensor \"{}\" is missing", file_.path(), name));
  }
  if (!kernels::IsWeightType(tensor->type)) {
    return base::Unsupported(
        fmt::format("{}: the tensor \"{}\" has element type {}, which holds no weights",
                    file_.path(), name, gguf::InfoOf(tensor->type).name));
  }
  if (taken_.insert(name).second) {
    parameter_count_ += tensor->element_count();
    weight_bytes_ += static_cast<int64_t>(tensor->data.size());
  }
  return tensor;
}

base::Result<kernels::WeightMatrix> WeightReader::Matrix(const std::string& name,
                                                         const MatrixShape& shape) {
  const gguf::TensorInfo* tensor = TRY(Take(name));
  if (tensor->dims.size() > 2 || tensor->row_length() != shape.columns ||
      tensor->row_count() != shape.rows) {
    return base::CorruptData(fmt::format("{}: the tensor \"{}\" has shape {}, expected [{}, {}]",
                                         file_.path(), name, ShapeOf(*tensor), shape.columns,
                                         shape.rows));
  }
  return ViewOf(*tensor);
}

base::Result<kernels::WeightMatrix> WeightReader::MatrixOfAnyHeight(const std::string& name,
                                                                    int64_t columns,
                                                                    int64_t rows_max) {
  const gguf::TensorInfo* tensor = TRY(Take(name));
  if (tensor->dims.size() != 2 || tensor->row_length() != columns ||
      tensor->row_count() > rows_max) {
    return base::CorruptData(
        fmt::format("{}: the tensor \"{}\" has shape {}, expected [{}, at most {}]", file_.path(),
                    name, ShapeOf(*tensor), columns, rows_max));
  }
  return ViewOf(*tensor);
}

base::Result<kernels::WeightMatrix> WeightReader::Stack(const std::string& name,
                                                        const MatrixShape& shape, int64_t count) {
  const gguf::TensorInfo* tensor = TRY(Take(name));
  const std::vector<int64_t> expected = {shape.columns, shape.rows, count};
  if (tensor->dims != expected) {
    return base::CorruptData(fmt::format("{}: the tensor \"{}\" has shape {}, expected [{}]",
                                         file_.path(), name, ShapeOf(*tensor),
                                         fmt::join(expected, ", ")));
  }
  return ViewOf(*tensor);
}

base::Result<std::vector<float>> WeightReader::Vector(const std::string& name, int64_t size) {
  const gguf::TensorInfo* tensor = TRY(Take(name));
  if (tensor->row_count() != 1 || tensor->row_length() != size) {
    return base::CorruptData(fmt::format("{}: the tensor \"{}\" has shape {}, expected [{}]",
                                         file_.path(), name, ShapeOf(*tensor), size));
  }
  std::vector<float> values(static_cast<size_t>(size));
  kernels::Dequantise(tensor->type, tensor->data.data(), size, values.data());
  return values;
}

void WeightReader::Skip(std::string_view prefix) {
  for (const gguf::TensorInfo& tensor : file_.tensors()) {
    if (tensor.name.starts_with(prefix)) {
      taken_.insert(tensor.name);
    }
  }
}

base::Status WeightReader::CheckAllTaken() const {
  for (const gguf::TensorInfo& tensor : file_.tensors()) {
    if (!taken_.contains(tensor.name)) {
      return base::Unsupported(fmt::format(
          "{}: the tensor \"{}\" is not part of this architecture as this build knows it",
          file_.path(), base::SanitizeUtf8(tensor.name)));
    }
  }
  return {};
}

kernels::WeightMatrix RowsOf(const kernels::WeightMatrix& matrix, int64_t first, int64_t count) {
  MILLRACE_CHECK(first >= 0 && count >= 0 && first + count <= matrix.rows);
  return {.type = matrix.type,
          .data = matrix.data + first * gguf::RowBytes(matrix.type, matrix.columns),
          .rows = count,
          .columns = matrix.columns};
}

}  // namespace millrace::model
