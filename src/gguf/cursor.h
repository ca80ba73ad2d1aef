// Walks over the bytes of a GGUF file without ever leaving them.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::gguf {

// `text` between quotes, fit for a message: cut after 80 bytes, bytes that are not printable ASCII
// as \xNN.
std::string Quoted(std::string_view text);

// Reads little-endian values one after another. A read past the end is an error that names the
// file, the byte and what was wanted. Borrows the bytes and the label.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, std::string_view label) : bytes_(bytes), label_(label) {}

  size_t offset() const { return offset_; }
  size_t remaining() const { return bytes_.size() - offset_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  std::string_view label() const { return label_; }

  template <typename T>
  requires std::integral<T> || std::floating_point<T> base::Result<T> Read(std::string_view what) {
    static_assert(std::endian::native == std::endian::little);
    if (remaining() < sizeof(T)) {
      return Truncated(what, sizeof(T));
    }
    T value;
    std::memcpy(&value, bytes_.data() + offset_, sizeof(T));
    offset_ += sizeof(T);
    return value;
  }

  // u64 length, then that many bytes; at most `bytes_max`. The view lives as long as the bytes.
  base::Result<std::string_view> ReadString(std::string_view what, uint64_t bytes_max);

  // kCorruptData at the current byte: "label: at byte N: problem".
  base::Error Corrupt(std::string_view problem) const;
  // kUnsupported at the current byte.
  base::Error Unsupported(std::string_view problem) const;

 private:
  base::Error Truncated(std::string_view what, uint64_t wanted) const;

  std::span<const std::byte> bytes_;
  std::string_view label_;
  size_t offset_ = 0;
};

}  // namespace millrace::gguf
