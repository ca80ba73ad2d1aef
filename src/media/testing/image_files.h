// Picture files for tests, made by the formats' own libraries or, where there is none, by hand.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/image.h"

namespace millrace::media {

using Colour = std::array<uint8_t, 3>;

Colour PixelAt(const chat::Image& image, int x, int y);
// Smooth, with another colour at every pixel up to about 256 a side.
chat::Image Gradient(int width, int height);

// A sample of a picture: column, row, channel.
using SampleAt = std::function<uint16_t(int x, int y, int channel)>;

struct PngSpec {
  int width = 8;
  int height = 8;
  int colour_type = 2;  // 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA
  int depth = 8;
  bool interlaced = false;
  std::vector<Colour> palette = {};
  std::vector<uint8_t> palette_alpha = {};
  std::vector<uint16_t> transparent = {};  // the grey or the RGB that means transparent
  std::string exif = {};
  SampleAt sample = {};
};
std::string PngFile(const PngSpec& spec);
std::string PngFile(const chat::Image& image, std::string exif = {});
// A chunk with its length and checksum.
std::string PngChunk(std::string_view type, std::string_view body);

enum class JpegColour { kGrey, kYcc, kRgb, kCmyk, kYcck };
struct JpegSpec {
  JpegColour colour = JpegColour::kYcc;
  bool progressive = false;
  bool arithmetic = false;
  bool one_scan_a_channel = false;
  bool adobe_mark = true;  // CMYK only: samples are inverted
  int restart_interval = 0;
  std::string exif = {};
};
// Samples come from `image`; CMYK as (255 - R, 255 - G, 255 - B, 0) or inverted.
std::string JpegFile(const chat::Image& image, const JpegSpec& spec = {});

std::string WebpFile(const chat::Image& image);  // lossless
std::string LossyWebpFile(const chat::Image& image);
// Lossless; `alpha` has a byte a pixel.
std::string WebpFile(const chat::Image& image, const std::vector<uint8_t>& alpha);
// RIFF with these chunks.
std::string Riff(std::string_view form, std::string_view chunks);
std::string RiffChunk(std::string_view type, std::string_view body);
// The chunks of a file made above.
std::string_view ChunksOf(std::string_view riff);

struct GifSpec {
  int width = 8;
  int height = 8;
  std::vector<Colour> palette = {};  // 2, 4, … 256 of them
  bool local_palette = false;
  bool interlaced = false;
  int transparent = -1;
  int left = 0;
  int top = 0;
  int screen_width = 0;  // 0: as wide as the frame
  int screen_height = 0;
  std::function<uint8_t(int x, int y)> index = {};
};
std::string GifFile(const GifSpec& spec);

std::string Little16(uint32_t value);
std::string Little32(uint32_t value);
std::string ExifBlock(int orientation, bool big_endian);

}  // namespace millrace::media
