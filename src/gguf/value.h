// One metadata value of a GGUF file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace millrace::gguf {

// Strings are views into the mapped file. Arrays are flattened by element class: signed and
// unsigned integers of any width become int64 (uint64 above the int64 range is refused), floats
// become double.
using Value = std::variant<int64_t, double, bool, std::string_view, std::vector<int64_t>,
                           std::vector<double>, std::vector<bool>, std::vector<std::string_view>>;

struct KeyValue {
  std::string_view key;
  Value value;
  // The value as it stands in the file, its type number first: lets a writer copy it without
  // changing its width.
  std::span<const std::byte> encoded = {};
};

}  // namespace millrace::gguf
