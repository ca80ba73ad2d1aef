// A decoded picture, as the domain hands it to a vision encoder.
#pragma once

#include <cstdint>
#include <vector>

namespace millrace::chat {

// 8-bit sRGB samples as the file has them (colour profiles are not applied), upright, opaque.
struct Image {
  int32_t width = 0;   // pixels, >= 1 once decoded
  int32_t height = 0;  // pixels, >= 1 once decoded
  // Rows from top to bottom without padding, three bytes R G B a pixel: width * height * 3 bytes.
  std::vector<uint8_t> rgb = {};
};

}  // namespace millrace::chat
