// libFuzzer: any bytes are a file or an error.
#include <cstddef>
#include <cstdint>
#include <span>

#include "gguf/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = millrace::gguf::File::Parse(std::as_bytes(std::span(data, size)));
  if (!file.has_value()) {
    return 0;
  }
  volatile uint8_t sink = 0;
  for (const auto& tensor : (*file)->tensors()) {
    if (!tensor.data.empty()) {
      sink = static_cast<uint8_t>(tensor.data.front());
      sink = static_cast<uint8_t>(tensor.data.back());
    }
  }
  (void)sink;
  return 0;
}
