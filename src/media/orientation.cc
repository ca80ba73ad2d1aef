#include "media/orientation.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "media/byte_cursor.h"

namespace millrace::media {
namespace {

constexpr uint16_t kOrientationTag = 0x0112;
constexpr uint16_t kShort = 3;
// Pictures are turned tile by tile, so that both sides stay in the cache.
constexpr size_t kTile = 32;

struct TiffCursor {
  ByteCursor cursor;
  bool big_endian;

  uint16_t U16() { return big_endian ? cursor.BigU16() : cursor.U16(); }
  uint32_t U32() { return big_endian ? cursor.BigU32() : cursor.U32(); }
};

void CopyPixel(const uint8_t* from, uint8_t* to) { std::copy_n(from, 3, to); }

void Mirror(chat::Image& image) {
  const size_t stride = static_cast<size_t>(image.width) * 3;
  for (size_t row = 0; row < static_cast<size_t>(image.height); ++row) {
    uint8_t* left = image.rgb.data() + row * stride;
    uint8_t* right = left + stride - 3;
    for (; left < right; left += 3, right -= 3) {
      std::swap_ranges(left, left + 3, right);
    }
  }
}

void Flip(chat::Image& image) {
  const size_t stride = static_cast<size_t>(image.width) * 3;
  uint8_t* top = image.rgb.data();
  uint8_t* bottom = top + stride * (static_cast<size_t>(image.height) - 1);
  for (; top < bottom; top += stride, bottom -= stride) {
    std::swap_ranges(top, top + stride, bottom);
  }
}

// Rows become columns.
void Transpose(chat::Image& image) {
  const auto width = static_cast<size_t>(image.width);
  const auto height = static_cast<size_t>(image.height);
  std::vector<uint8_t> turned(image.rgb.size());
  for (size_t top = 0; top < height; top += kTile) {
    for (size_t left = 0; left < width; left += kTile) {
      for (size_t y = top; y < std::min(height, top + kTile); ++y) {
        for (size_t x = left; x < std::min(width, left + kTile); ++x) {
          CopyPixel(&image.rgb[(y * width + x) * 3], &turned[(x * height + y) * 3]);
        }
      }
    }
  }
  image.rgb = std::move(turned);
  std::swap(image.width, image.height);
}

}  // namespace

int OrientationFromExif(std::string_view exif) {
  constexpr std::string_view kMark("Exif\0\0", 6);
  if (exif.starts_with(kMark)) {
    exif.remove_prefix(kMark.size());
  }
  const bool big_endian = exif.starts_with("MM");
  if (!big_endian && !exif.starts_with("II")) {
    return kUpright;
  }
  TiffCursor head{ByteCursor(exif), big_endian};
  head.U16();
  if (head.U16() != 42) {
    return kUpright;
  }
  const uint32_t offset = head.U32();
  TiffCursor directory{ByteCursor(exif.substr(std::min<size_t>(offset, exif.size()))), big_endian};
  const uint16_t entries = directory.U16();
  for (uint16_t i = 0; i < entries && !directory.cursor.failed(); ++i) {
    const uint16_t tag = directory.U16();
    const uint16_t type = directory.U16();
    const uint32_t count = directory.U32();
    const uint16_t value = directory.U16();
    directory.U16();
    if (tag == kOrientationTag) {
      const bool valid =
          !directory.cursor.failed() && type == kShort && count == 1 && value >= 1 && value <= 8;
      return valid ? value : kUpright;
    }
  }
  return kUpright;
}

int JpegOrientation(std::string_view file) {
  ByteCursor cursor(file);
  cursor.Skip(2);
  while (!cursor.failed()) {
    uint8_t mark = cursor.U8();
    if (mark != 0xFF) {
      return kUpright;
    }
    while (mark == 0xFF && !cursor.failed()) {
      mark = cursor.U8();
    }
    if (mark == 0xDA || mark == 0xD9) {
      return kUpright;  // the picture begins
    }
    if (mark == 0x01 || (mark >= 0xD0 && mark <= 0xD7)) {
      continue;  // marks without a length
    }
    const uint16_t length = cursor.BigU16();
    const std::string_view body = cursor.Take(length < 2 ? 0 : length - size_t{2});
    if (mark == 0xE1 && body.starts_with(std::string_view("Exif\0\0", 6))) {
      return OrientationFromExif(body);
    }
  }
  return kUpright;
}

int PngOrientation(std::string_view file) {
  ByteCursor cursor(file);
  cursor.Skip(8);
  while (!cursor.left().empty()) {
    const uint32_t length = cursor.BigU32();
    const std::string_view type = cursor.Take(4);
    const std::string_view body = cursor.Take(length);
    cursor.Skip(4);  // checksum
    if (type == "eXIf") {
      return OrientationFromExif(body);
    }
  }
  return kUpright;
}

int WebpOrientation(std::string_view file) {
  ByteCursor cursor(file);
  cursor.Skip(12);
  while (!cursor.left().empty()) {
    const std::string_view type = cursor.Take(4);
    const uint32_t length = cursor.U32();
    if (type == "EXIF") {
      return OrientationFromExif(cursor.Take(length));
    }
    cursor.Skip(size_t{length} + length % 2);
  }
  return kUpright;
}

void TurnUpright(chat::Image& image, int orientation) {
  if (orientation >= 5) {
    Transpose(image);
  }
  // After the transposition each of the eight is a mirroring, a flip, both or neither.
  const bool mirrors = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const bool flips = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  if (mirrors) {
    Mirror(image);
  }
  if (flips) {
    Flip(image);
  }
}

}  // namespace millrace::media
