// Writes GGUF version 3: metadata first, then tensor data as a stream, so that a file larger than
// memory can be made. Source: ggml `docs/gguf.md`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gguf/tensor_type.h"
#include "gguf/value.h"

namespace millrace::gguf {

// Declare metadata and tensors, Begin, Append the data of every tensor in the order of declaration,
// Finish.
//
//   Writer writer;
//   writer.SetString("general.architecture", "qwen3");
//   TRY(writer.AddTensor("output_norm.weight", TensorType::kF32, {64}));
//   TRY(writer.Begin(out));
//   TRY(writer.Append(std::as_bytes(std::span(norm))));
//   TRY(writer.Finish());
//
// Tensor data is aligned to 32 bytes. Not thread-safe.
class Writer {
 public:
  // Setting a key again replaces its value and keeps its place.
  void SetUint32(std::string_view key, uint32_t value);
  void SetInt32(std::string_view key, int32_t value);
  void SetUint64(std::string_view key, uint64_t value);
  void SetFloat32(std::string_view key, float value);
  void SetBool(std::string_view key, bool value);
  void SetString(std::string_view key, std::string_view value);
  void SetInt32Array(std::string_view key, std::span<const int32_t> values);
  void SetFloat32Array(std::string_view key, std::span<const float> values);
  void SetStringArray(std::string_view key, std::span<const std::string> values);

  // Copies an entry of a file as it is, width and all. Entries that describe the file itself and
  // not the model
  // (`general.alignment`, `split.*`) are left out.
  void Copy(const KeyValue& entry);

  // `dims` as in TensorInfo: the row length first. kInvalidArgument when the name is empty or
  // taken, or rows are not whole blocks.
  base::Status AddTensor(std::string_view name, TensorType type, std::span<const int64_t> dims);
  base::Status AddTensor(std::string_view name, TensorType type,
                         std::initializer_list<int64_t> dims) {
    return AddTensor(name, type, std::span(dims.begin(), dims.size()));
  }

  // Writes everything before the data. `out` is kept until Finish. Errors here and below: kIo.
  base::Status Begin(std::ostream& out);

  // The next bytes of the tensor that is due; a call must not reach beyond its end
  // (kInvalidArgument).
  base::Status Append(std::span<const std::byte> data);

  // kInvalidArgument when data is missing. Flushes, does not close.
  base::Status Finish();

  // Of all tensors declared so far, without padding.
  int64_t data_bytes() const;

 private:
  struct Entry {
    std::string key;
    std::string encoded;  // type number and value
  };
  struct Tensor {
    std::string name;
    TensorType type;
    std::vector<int64_t> dims;
    uint64_t bytes = 0;
  };

  void Set(std::string_view key, std::string encoded);
  base::Status Pad(uint64_t written);

  std::vector<Entry> entries_;
  std::vector<Tensor> tensors_;
  std::ostream* out_ = nullptr;
  size_t current_ = 0;          // tensor that is due
  uint64_t current_bytes_ = 0;  // of it, already written
};

}  // namespace millrace::gguf
