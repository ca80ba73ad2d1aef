// One file of a model, parsed: header, metadata and tensor table. A split model has several.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gguf/reader.h"
#include "gguf/value.h"

namespace millrace::gguf {

struct Part {
  uint32_t version = 0;
  std::vector<KeyValue> metadata;
  std::vector<TensorInfo> tensors;
};

// Views in the result point into `bytes`. `label` names the file in messages.
base::Result<Part> ParsePart(std::span<const std::byte> bytes, std::string_view label);

}  // namespace millrace::gguf
