// Any bytes: a picture within the limits or an error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "media/image_decoder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Small, so that time goes into parsing rather than into filling memory.
  constexpr millrace::media::DecodeLimits kLimits = {.pixels_max = 250'000,
                                                     .jpeg_scan_pixels_max = 4'000'000};
  const auto image = millrace::media::DecodeImage(
      std::string_view(reinterpret_cast<const char*>(data), size), kLimits);
  if (image.has_value()) {
    const int64_t pixels = int64_t{image->width} * image->height;
    MILLRACE_CHECK(image->width >= 1 && image->height >= 1 && pixels <= kLimits.pixels_max);
    MILLRACE_CHECK(image->rgb.size() == static_cast<size_t>(pixels) * 3);
  } else {
    MILLRACE_CHECK(image.error().kind == millrace::base::ErrorKind::kCorruptData);
  }
  return 0;
}
