// The head of a BMP file: sizes, palette, where and how the pixels are.
//
// Read: headers of 12 (OS/2 1), 16 and 64 (OS/2 2), 40, 52, 56, 108 and 124 bytes; 1, 2, 4, 8, 16,
// 24 and 32 bits a pixel; run lengths of 4 and 8 bits; bit fields. Not read: BMPs that wrap a JPEG
// or PNG, OS/2's Huffman and 24-bit run lengths. Source: Microsoft, "Bitmap Storage",
// "BITMAPV5HEADER".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "media/image_formats.h"

namespace millrace::media {

enum class BmpCoding { kPlain, kRunLength8, kRunLength4 };

// One channel of a 16 or 32-bit pixel.
struct BmpField {
  uint32_t mask = 0;
  int shift = 0;
  uint32_t max = 0;  // the mask's bits in their lowest place; 0 for a channel that is missing

  // 0 to 255.
  uint8_t Of(uint32_t pixel) const {
    return max == 0
               ? uint8_t{0}
               : static_cast<uint8_t>((uint64_t{(pixel & mask) >> shift} * 255 + max / 2) / max);
  }
};

struct BmpHead {
  ImageSize size = {};
  bool top_down = false;
  int bits = 0;  // a pixel
  BmpCoding coding = BmpCoding::kPlain;
  // Of pixels up to 8 bits; indices behind the file's palette are black.
  std::array<std::array<uint8_t, 3>, 256> palette = {};
  std::array<BmpField, 4> fields = {};  // of 16 and 32 bits: red, green, blue, alpha
  std::string_view pixels = {};         // from the first one to the end of the file
};

// Errors (kCorruptData): broken, or of a kind that is not read. Sizes are not checked.
base::Result<BmpHead> ReadBmpHead(std::string_view file);

}  // namespace millrace::media
