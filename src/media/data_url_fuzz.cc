// Any text: what it decodes to is within the limit, and whether it does depends on the limit alone.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "media/container.h"
#include "media/data_url.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace::media;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto whole = DecodeDataUrl(text, size);
  MILLRACE_CHECK(whole.has_value() || whole.error() == Base64Problem::kMalformed);
  if (whole.has_value()) {
    MILLRACE_CHECK(IsDataUrl(text) && whole->size() < size);
    MILLRACE_CHECK(DecodeDataUrl(text, whole->size()).has_value());
    MILLRACE_CHECK(whole->empty() ||
                   DecodeDataUrl(text, whole->size() - 1).error() == Base64Problem::kTooLarge);
    IsAudio(*whole);
    IsVideo(*whole);
  }
  return 0;
}
