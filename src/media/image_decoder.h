// Pictures from bytes: PNG, JPEG, WebP, GIF and BMP.
//
// The format is found from the bytes. The result is 8-bit RGB, upright (the orientation that EXIF
// names is applied in PNG, JPEG and WebP), and opaque: transparent parts are laid over white, as
// the preprocessing of the vision models here (Qwen-VL's `to_rgb`) does. Samples of 16 bits are
// rounded to 8. Colour profiles and gamma are not applied. Of an animation the first frame counts.
//
// A file that ends before its last pixel is refused; a missing end mark alone is not.
//
// Cost of one decode within the default limits, at worst:
//   memory  the picture (192 MB) plus 512 MB (coefficients of a progressive CMYK JPEG, or the
//           lossless decoder's and the alpha buffer of a WebP); a turned picture needs twice the
//           picture for a moment. Typical files take the picture alone.
//   time    proportional to pixels, for progressive JPEG to pixels times scans, which are bounded
//           together.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/result.h"
#include "chat/image.h"

namespace millrace::media {

struct DecodeLimits {
  int64_t pixels_max = 64'000'000;
  int32_t side_max = 16'384;  // pixels
  int32_t jpeg_scans_max = 100;
  // Pixels times scans of a JPEG: 24 scans of the largest picture. The usual progressive files have
  // 10, those in CMYK 18.
  int64_t jpeg_scan_pixels_max = 1'536'000'000;
};

// Sizes are checked before anything is allocated for pixels. Pure: any thread may call it.
// `interrupted`, when given, is asked now and then and ends the decode.
//
// Errors: kCorruptData, not a supported picture or over a limit (the message is for logs);
// kCancelled; kResourceExhausted, no memory.
base::Result<chat::Image> DecodeImage(std::string_view bytes, const DecodeLimits& limits = {},
                                      const std::function<bool()>& interrupted = {});

}  // namespace millrace::media
