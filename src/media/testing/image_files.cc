#include "media/testing/image_files.h"

#include <png.h>
#include <webp/encode.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/check.h"

namespace millrace::media {
namespace {

std::string Big32(uint32_t value) {
  std::string bytes = Little32(value);
  std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

int ChannelsOf(int colour_type) {
  switch (colour_type) {
    case PNG_COLOR_TYPE_RGB:
      return 3;
    case PNG_COLOR_TYPE_GRAY_ALPHA:
      return 2;
    case PNG_COLOR_TYPE_RGB_ALPHA:
      return 4;
    default:
      return 1;
  }
}

// Samples of any depth, highest bits first.
std::string PackRow(const PngSpec& spec, int y) {
  std::string row;
  uint32_t bits = 0;
  int count = 0;
  for (int x = 0; x < spec.width; ++x) {
    for (int channel = 0; channel < ChannelsOf(spec.colour_type); ++channel) {
      bits = bits << spec.depth | spec.sample(x, y, channel);
      for (count += spec.depth; count >= 8; count -= 8) {
        row.push_back(static_cast<char>(bits >> (count - 8) & 0xFF));
      }
    }
  }
  if (count > 0) {
    row.push_back(static_cast<char>(bits << (8 - count) & 0xFF));
  }
  return row;
}

void WriteTransparency(const PngSpec& spec, png_structp png, png_infop info) {
  if (!spec.palette_alpha.empty()) {
    png_set_tRNS(png, info, spec.palette_alpha.data(), static_cast<int>(spec.palette_alpha.size()),
                 nullptr);
  } else if (!spec.transparent.empty()) {
    png_color_16 colour = {};
    colour.gray = spec.transparent.front();
    if (spec.transparent.size() == 3) {
      colour.red = spec.transparent[0];
      colour.green = spec.transparent[1];
      colour.blue = spec.transparent[2];
    }
    png_set_tRNS(png, info, nullptr, 0, &colour);
  }
}

void Append(png_structp png, png_bytep bytes, size_t count) {
  static_cast<std::string*>(png_get_io_ptr(png))
      ->append(reinterpret_cast<const char*>(bytes), count);
}

std::string TakeWebp(uint8_t* bytes, size_t size) {
  MILLRACE_CHECK(size > 0);
  std::string file(reinterpret_cast<const char*>(bytes), size);
  WebPFree(bytes);
  return file;
}

// The codes of GIF's LZW, lowest bits first.
class LzwWriter {
 public:
  explicit LzwWriter(int literal_bits) : clear_(1 << literal_bits), literal_bits_(literal_bits) {
    Begin();
  }

  void Put(uint8_t index) {
    std::string longer = text_ + static_cast<char>(index);
    if (codes_.contains(longer)) {
      text_ = std::move(longer);
      return;
    }
    Emit(codes_.at(text_));
    if (next_ == 4096) {
      Begin();
    } else {
      codes_[longer] = next_++;
      if (next_ > 1 << width_ && width_ < 12) {
        ++width_;
      }
    }
    text_ = static_cast<char>(index);
  }

  std::string Finish() {
    if (!text_.empty()) {
      Emit(codes_.at(text_));
      // The reader has learnt one more entry by now.
      if (next_ == 1 << width_ && width_ < 12) {
        ++width_;
      }
    }
    Emit(clear_ + 1);
    if (bit_count_ > 0) {
      bytes_.push_back(static_cast<char>(bits_));
    }
    return bytes_;
  }

 private:
  void Begin() {
    if (width_ > 0) {
      Emit(clear_);
    } else {
      width_ = literal_bits_ + 1;
      Emit(clear_);
    }
    width_ = literal_bits_ + 1;
    next_ = clear_ + 2;
    codes_.clear();
    codes_[""] = 0;
    for (int i = 0; i < clear_; ++i) {
      codes_[std::string(1, static_cast<char>(i))] = i;
    }
  }
  void Emit(int code) {
    bits_ |= static_cast<uint32_t>(code) << bit_count_;
    for (bit_count_ += width_; bit_count_ >= 8; bit_count_ -= 8) {
      bytes_.push_back(static_cast<char>(bits_ & 0xFF));
      bits_ >>= 8;
    }
  }

  const int clear_;
  const int literal_bits_;
  int width_ = 0;
  int next_ = 0;
  std::map<std::string, int> codes_;
  std::string text_;
  std::string bytes_;
  uint32_t bits_ = 0;
  int bit_count_ = 0;
};

std::vector<int> RowOrder(const GifSpec& spec) {
  std::vector<int> rows;
  constexpr int kStarts[] = {0, 4, 2, 1};
  constexpr int kSteps[] = {8, 8, 4, 2};
  for (int pass = 0; pass < (spec.interlaced ? 4 : 1); ++pass) {
    const int step = spec.interlaced ? kSteps[pass] : 1;
    for (int row = spec.interlaced ? kStarts[pass] : 0; row < spec.height; row += step) {
      rows.push_back(row);
    }
  }
  return rows;
}

}  // namespace

std::string Little16(uint32_t value) {
  return {static_cast<char>(value & 0xFF), static_cast<char>(value >> 8 & 0xFF)};
}
std::string Little32(uint32_t value) { return Little16(value & 0xFFFF) + Little16(value >> 16); }

Colour PixelAt(const chat::Image& image, int x, int y) {
  const uint8_t* at = &image.rgb.at(static_cast<size_t>(y * image.width + x) * 3);
  return {at[0], at[1], at[2]};
}

chat::Image Gradient(int width, int height) {
  chat::Image image{.width = width, .height = height};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int scale = std::max({width, height, 2}) - 1;
      image.rgb.push_back(static_cast<uint8_t>(x * 255 / scale));
      image.rgb.push_back(static_cast<uint8_t>(y * 255 / scale));
      image.rgb.push_back(static_cast<uint8_t>(128 + (x - y) * 60 / scale));
    }
  }
  return image;
}

std::string PngFile(const PngSpec& spec) {
  std::string file;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &file, Append, [](png_structp) {});
  png_set_IHDR(png, info, static_cast<png_uint_32>(spec.width),
               static_cast<png_uint_32>(spec.height), spec.depth, spec.colour_type,
               spec.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  std::vector<png_color> palette;
  for (const Colour& colour : spec.palette) {
    palette.push_back({colour[0], colour[1], colour[2]});
  }
  if (!palette.empty()) {
    png_set_PLTE(png, info, palette.data(), static_cast<int>(palette.size()));
  }
  WriteTransparency(spec, png, info);
  png_write_info(png, info);
  if (!spec.exif.empty()) {
    file += PngChunk("eXIf", spec.exif);
  }
  std::vector<std::string> rows;
  std::vector<png_bytep> pointers;
  for (int y = 0; y < spec.height; ++y) {
    rows.push_back(PackRow(spec, y));
  }
  for (std::string& row : rows) {
    pointers.push_back(reinterpret_cast<png_bytep>(row.data()));
  }
  png_write_image(png, pointers.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return file;
}

std::string PngFile(const chat::Image& image, std::string exif) {
  return PngFile({.width = image.width,
                  .height = image.height,
                  .exif = std::move(exif),
                  .sample = [&image](int x, int y, int channel) -> uint16_t {
                    return PixelAt(image, x, y)[static_cast<size_t>(channel)];
                  }});
}

std::string PngChunk(std::string_view type, std::string_view body) {
  std::string checked = std::string(type) + std::string(body);
  const uLong checksum =
      crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size()));
  return Big32(static_cast<uint32_t>(body.size())) + checked +
         Big32(static_cast<uint32_t>(checksum));
}

std::string WebpFile(const chat::Image& image) {
  uint8_t* bytes = nullptr;
  const size_t size =
      WebPEncodeLosslessRGB(image.rgb.data(), image.width, image.height, image.width * 3, &bytes);
  return TakeWebp(bytes, size);
}

std::string LossyWebpFile(const chat::Image& image) {
  uint8_t* bytes = nullptr;
  const size_t size =
      WebPEncodeRGB(image.rgb.data(), image.width, image.height, image.width * 3, 95, &bytes);
  return TakeWebp(bytes, size);
}

std::string WebpFile(const chat::Image& image, const std::vector<uint8_t>& alpha) {
  std::vector<uint8_t> rgba;
  for (size_t i = 0; i < alpha.size(); ++i) {
    rgba.insert(rgba.end(), &image.rgb[i * 3], &image.rgb[i * 3] + 3);
    rgba.push_back(alpha[i]);
  }
  uint8_t* bytes = nullptr;
  const size_t size =
      WebPEncodeLosslessRGBA(rgba.data(), image.width, image.height, image.width * 4, &bytes);
  return TakeWebp(bytes, size);
}

std::string RiffChunk(std::string_view type, std::string_view body) {
  return std::string(type) + Little32(static_cast<uint32_t>(body.size())) + std::string(body) +
         std::string(body.size() % 2, '\0');
}

std::string Riff(std::string_view form, std::string_view chunks) {
  return RiffChunk("RIFF", std::string(form) + std::string(chunks));
}

std::string_view ChunksOf(std::string_view riff) { return riff.substr(12); }

std::string GifFile(const GifSpec& spec) {
  int palette_bits = 1;
  while (size_t{1} << palette_bits < spec.palette.size()) {
    ++palette_bits;
  }
  std::string colours;
  for (const Colour& colour : spec.palette) {
    colours.append(reinterpret_cast<const char*>(colour.data()), 3);
  }
  const int flags = 0x80 | (palette_bits - 1);
  const auto side = [](int screen, int frame) {
    return Little16(static_cast<uint32_t>(screen == 0 ? frame : screen));
  };
  std::string file =
      "GIF89a" + side(spec.screen_width, spec.width) + side(spec.screen_height, spec.height);
  file += static_cast<char>(spec.local_palette ? 0 : flags);
  file += std::string(2, '\0') + (spec.local_palette ? "" : colours);
  if (spec.transparent >= 0) {
    file += std::string("\x21\xF9\x04\x01\0\0", 6) + static_cast<char>(spec.transparent) + '\0';
  }
  file += ',' + Little16(static_cast<uint32_t>(spec.left)) +
          Little16(static_cast<uint32_t>(spec.top)) + Little16(static_cast<uint32_t>(spec.width)) +
          Little16(static_cast<uint32_t>(spec.height));
  file += static_cast<char>((spec.local_palette ? flags : 0) | (spec.interlaced ? 0x40 : 0));
  file += spec.local_palette ? colours : "";
  const int literal_bits = std::max(2, palette_bits);
  file += static_cast<char>(literal_bits);
  LzwWriter writer(literal_bits);
  for (const int row : RowOrder(spec)) {
    for (int x = 0; x < spec.width; ++x) {
      writer.Put(spec.index(x, row));
    }
  }
  const std::string codes = writer.Finish();
  for (size_t start = 0; start < codes.size(); start += 255) {
    const std::string block = codes.substr(start, 255);
    file += static_cast<char>(block.size()) + block;
  }
  return file + std::string("\0;", 2);
}

std::string ExifBlock(int orientation, bool big_endian) {
  const auto value = static_cast<char>(orientation);
  if (big_endian) {
    return std::string("MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", 19) + value +
           std::string(6, '\0');
  }
  return std::string("II\x2A\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", 18) + value +
         std::string(7, '\0');
}

}  // namespace millrace::media
