// Reads GGUF v2 and v3, one file or split, by memory mapping. Every count, offset, alignment and
// type is checked before anything trusts it: a truncated, lying or hostile file is a clear error.
// Source: ggml `docs/gguf.md`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gguf/tensor_type.h"
#include "gguf/value.h"

namespace millrace::gguf {

// Bounds on what a file may claim. Real models stay far below: the largest published ones have
// 60,000 tensors and vocabularies of 300,000 entries.
inline constexpr uint64_t kMetadataKeysMax = uint64_t{1} << 16;
inline constexpr uint64_t kTensorsMax = uint64_t{1} << 20;
inline constexpr uint64_t kArrayElementsMax = uint64_t{1}
                                              << 24;  // of all arrays of one file together
inline constexpr uint64_t kKeyBytesMax = 65535;
inline constexpr uint64_t kTensorNameBytesMax = 1024;  // the format says 64, some tools write more
inline constexpr uint64_t kAlignmentMax = uint64_t{1} << 20;
inline constexpr int64_t kSplitPartsMax = 1024;

struct TensorInfo {
  std::string name;
  TensorType type = TensorType::kF32;
  std::vector<int64_t> dims;        // fastest axis first: dims[0] is the row length
  std::span<const std::byte> data;  // inside the mapping

  int64_t row_length() const { return dims.empty() ? 1 : dims[0]; }
  int64_t row_count() const;  // product of the other axes
  int64_t element_count() const;
};

// An open file. Immutable; views stay valid as long as the File lives.
class File {
 public:
  // Opens `path`; when it is part 1 of a split model the other parts are opened too.
  // Errors: kNotFound, kIo, kCorruptData, kUnsupported. Messages name the file, the place and what
  // was expected.
  static base::Result<std::shared_ptr<const File>> Open(const std::string& path);

  // Parses bytes already in memory (tests, fuzzing); `bytes` must outlive the File and, for tensor
  // data to be as aligned as the format promises, start at an address aligned to 64. A split model
  // cannot be read this way.
  static base::Result<std::shared_ptr<const File>> Parse(std::span<const std::byte> bytes);

  virtual ~File() = default;

  // The path given to Open, "memory" after Parse: for messages.
  virtual std::string_view path() const = 0;
  virtual uint32_t version() const = 0;
  // Metadata in file order.
  virtual std::span<const KeyValue> metadata() const = 0;
  // nullptr when the key is absent.
  virtual const Value* Find(std::string_view key) const = 0;
  virtual std::span<const TensorInfo> tensors() const = 0;
  virtual const TensorInfo* FindTensor(std::string_view name) const = 0;

  // Typed access: an error names the key when it is missing or of another type. Any integer type is
  // accepted for an integer when the value fits.
  base::Result<int64_t> Integer(std::string_view key) const;
  base::Result<double> Number(std::string_view key) const;
  base::Result<std::string_view> String(std::string_view key) const;
  base::Result<bool> Bool(std::string_view key) const;
  // The same with a default for a missing key; a wrong type is still an error.
  base::Result<int64_t> IntegerOr(std::string_view key, int64_t fallback) const;
  base::Result<double> NumberOr(std::string_view key, double fallback) const;
  base::Result<std::string_view> StringOr(std::string_view key, std::string_view fallback) const;
  base::Result<bool> BoolOr(std::string_view key, bool fallback) const;
};

}  // namespace millrace::gguf
