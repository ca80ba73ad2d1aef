#include "gguf/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "base/check.h"
#include "gguf/cursor.h"

namespace millrace::gguf {
namespace {

constexpr uint64_t kAlignment = 32;

// Value type numbers of the format.
constexpr uint32_t kUint32Type = 4;
constexpr uint32_t kInt32Type = 5;
constexpr uint32_t kFloat32Type = 6;
constexpr uint32_t kBoolType = 7;
constexpr uint32_t kStringType = 8;
constexpr uint32_t kArrayType = 9;
constexpr uint32_t kUint64Type = 10;

template <typename T>
void Put(std::string& out, T value) {
  static_assert(std::endian::native == std::endian::little);
  const auto bytes = std::bit_cast<std::array<char, sizeof(T)>>(value);
  out.append(bytes.data(), bytes.size());
}

void PutString(std::string& out, std::string_view text) {
  Put(out, uint64_t{text.size()});
  out += text;
}

template <typename T>
std::string Encoded(uint32_t type, T value) {
  std::string out;
  Put(out, type);
  Put(out, value);
  return out;
}

std::string ArrayHead(uint32_t element_type, size_t count) {
  std::string out;
  Put(out, kArrayType);
  Put(out, element_type);
  Put(out, uint64_t{count});
  return out;
}

template <typename T>
std::string EncodedArray(uint32_t element_type, std::span<const T> values) {
  std::string out = ArrayHead(element_type, values.size());
  for (const T value : values) {
    Put(out, value);
  }
  return out;
}

uint64_t Aligned(uint64_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

void Writer::SetUint32(std::string_view key, uint32_t value) {
  Set(key, Encoded(kUint32Type, value));
}

void Writer::SetInt32(std::string_view key, int32_t value) { Set(key, Encoded(kInt32Type, value)); }

void Writer::SetUint64(std::string_view key, uint64_t value) {
  Set(key, Encoded(kUint64Type, value));
}

void Writer::SetFloat32(std::string_view key, float value) {
  Set(key, Encoded(kFloat32Type, value));
}

void Writer::SetBool(std::string_view key, bool value) {
  Set(key, Encoded(kBoolType, static_cast<uint8_t>(value ? 1 : 0)));
}

void Writer::SetString(std::string_view key, std::string_view value) {
  std::string encoded;
  Put(encoded, kStringType);
  PutString(encoded, value);
  Set(key, std::move(encoded));
}

void Writer::SetInt32Array(std::string_view key, std::span<const int32_t> values) {
  Set(key, EncodedArray(kInt32Type, values));
}

void Writer::SetFloat32Array(std::string_view key, std::span<const float> values) {
  Set(key, EncodedArray(kFloat32Type, values));
}

void Writer::SetStringArray(std::string_view key, std::span<const std::string> values) {
  std::string encoded = ArrayHead(kStringType, values.size());
  for (const std::string& value : values) {
    PutString(encoded, value);
  }
  Set(key, std::move(encoded));
}

void Writer::Copy(const KeyValue& entry) {
  if (entry.key == "general.alignment" || entry.key.starts_with("split.")) {
    return;
  }
  Set(entry.key,
      std::string(reinterpret_cast<const char*>(entry.encoded.data()), entry.encoded.size()));
}

void Writer::Set(std::string_view key, std::string encoded) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  if (found != entries_.end()) {
    found->encoded = std::move(encoded);
    return;
  }
  entries_.push_back({std::string(key), std::move(encoded)});
}

base::Status Writer::AddTensor(std::string_view name, TensorType type,
                               std::span<const int64_t> dims) {
  MILLRACE_CHECK(out_ == nullptr);
  const bool taken = std::any_of(tensors_.begin(), tensors_.end(),
                                 [&](const Tensor& t) { return t.name == name; });
  if (name.empty() || taken) {
    return base::InvalidArgument(fmt::format("the tensor name {} is empty or taken", Quoted(name)));
  }
  const bool positive =
      std::all_of(dims.begin(), dims.end(), [](int64_t size) { return size > 0; });
  if (dims.empty() || dims.size() > 4 || !positive) {
    return base::InvalidArgument(
        fmt::format("tensor {}: expected 1 to 4 dimensions above zero", Quoted(name)));
  }
  const TensorTypeInfo& info = InfoOf(type);
  if (dims[0] % info.block_values != 0) {
    return base::InvalidArgument(fmt::format("tensor {}: rows of {} values are not whole {} blocks",
                                             Quoted(name), dims[0], info.name));
  }
  int64_t bytes = RowBytes(type, dims[0]);
  for (const int64_t size : dims.subspan(1)) {
    if (__builtin_mul_overflow(bytes, size, &bytes)) {
      return base::InvalidArgument(fmt::format("tensor {}: its size overflows", Quoted(name)));
    }
  }
  tensors_.push_back(
      {std::string(name), type, {dims.begin(), dims.end()}, static_cast<uint64_t>(bytes)});
  return {};
}

base::Status Writer::Begin(std::ostream& out) {
  MILLRACE_CHECK(out_ == nullptr);
  out_ = &out;
  std::string head = "GGUF";
  Put(head, uint32_t{3});
  Put(head, uint64_t{tensors_.size()});
  Put(head, uint64_t{entries_.size()});
  for (const Entry& entry : entries_) {
    PutString(head, entry.key);
    head += entry.encoded;
  }
  uint64_t offset = 0;
  for (const Tensor& tensor : tensors_) {
    PutString(head, tensor.name);
    Put(head, static_cast<uint32_t>(tensor.dims.size()));
    for (const int64_t size : tensor.dims) {
      Put(head, static_cast<uint64_t>(size));
    }
    Put(head, static_cast<uint32_t>(tensor.type));
    Put(head, offset);
    offset = Aligned(offset + tensor.bytes);
  }
  head.resize(Aligned(head.size()), '\0');
  if (!out.write(head.data(), static_cast<std::streamsize>(head.size()))) {
    return base::IoError("cannot write the head of a GGUF file");
  }
  return {};
}

base::Status Writer::Append(std::span<const std::byte> data) {
  MILLRACE_CHECK(out_ != nullptr);
  if (current_ >= tensors_.size() || data.size() > tensors_[current_].bytes - current_bytes_) {
    return base::InvalidArgument("more data than the declared tensors have room for");
  }
  if (!out_->write(reinterpret_cast<const char*>(data.data()),
                   static_cast<std::streamsize>(data.size()))) {
    return base::IoError("cannot write tensor data of a GGUF file");
  }
  current_bytes_ += data.size();
  if (current_bytes_ == tensors_[current_].bytes) {
    TRY(Pad(current_bytes_));
    ++current_;
    current_bytes_ = 0;
  }
  return {};
}

base::Status Writer::Pad(uint64_t written) {
  const std::string zeros(Aligned(written) - written, '\0');
  if (!out_->write(zeros.data(), static_cast<std::streamsize>(zeros.size()))) {
    return base::IoError("cannot write tensor data of a GGUF file");
  }
  return {};
}

base::Status Writer::Finish() {
  MILLRACE_CHECK(out_ != nullptr);
  if (current_ != tensors_.size()) {
    return base::InvalidArgument(
        fmt::format("the data of tensor {} is missing", Quoted(tensors_[current_].name)));
  }
  if (!out_->flush()) {
    return base::IoError("cannot write the end of a GGUF file");
  }
  return {};
}

int64_t Writer::data_bytes() const {
  uint64_t bytes = 0;
  for (const Tensor& tensor : tensors_) {
    bytes += tensor.bytes;
  }
  return static_cast<int64_t>(bytes);
}

}  // namespace millrace::gguf
