// Bytes written one value at a time, for files that a Writer would refuse to make.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace millrace::gguf::testing {

class RawBytes {
 public:
  template <typename T>
  RawBytes& Put(T value) {
    const auto bytes = std::bit_cast<std::array<char, sizeof(T)>>(value);
    text_.append(bytes.data(), bytes.size());
    return *this;
  }

  // u64 length and the bytes.
  RawBytes& String(std::string_view text) {
    Put(uint64_t{text.size()});
    text_ += text;
    return *this;
  }

  // Magic, version and counts.
  RawBytes& Header(uint32_t version, uint64_t tensor_count, uint64_t key_count) {
    text_ += "GGUF";
    return Put(version).Put(tensor_count).Put(key_count);
  }

  // A tensor entry of one dimension.
  RawBytes& Tensor(std::string_view name, uint64_t length, uint32_t type, uint64_t offset) {
    return String(name).Put(uint32_t{1}).Put(length).Put(type).Put(offset);
  }

  // Zeros up to the next multiple of `alignment`, then `count` more.
  RawBytes& Data(size_t alignment, size_t count) {
    text_.resize((text_.size() + alignment - 1) / alignment * alignment + count, '\0');
    return *this;
  }

  const std::string& text() const { return text_; }
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(text_)); }

 private:
  std::string text_;
};

}  // namespace millrace::gguf::testing
