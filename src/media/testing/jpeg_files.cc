#include <cstddef>
#include <cstdio>
#include <cstdlib>

// Needs the standard's headers above.
// clang-format off
#include <jpeglib.h>
// clang-format on

#include "media/testing/image_files.h"

namespace millrace::media {
namespace {

J_COLOR_SPACE SourceOf(JpegColour colour) {
  switch (colour) {
    case JpegColour::kGrey:
      return JCS_GRAYSCALE;
    case JpegColour::kYcc:
    case JpegColour::kRgb:
      return JCS_RGB;
    case JpegColour::kCmyk:
    case JpegColour::kYcck:
      break;
  }
  return JCS_CMYK;
}

J_COLOR_SPACE StoredOf(JpegColour colour) {
  switch (colour) {
    case JpegColour::kGrey:
      return JCS_GRAYSCALE;
    case JpegColour::kYcc:
      return JCS_YCbCr;
    case JpegColour::kRgb:
      return JCS_RGB;
    case JpegColour::kCmyk:
      return JCS_CMYK;
    case JpegColour::kYcck:
      break;
  }
  return JCS_YCCK;
}

std::vector<uint8_t> RowOf(const chat::Image& image, int y, const JpegSpec& spec) {
  std::vector<uint8_t> row;
  for (int x = 0; x < image.width; ++x) {
    const Colour pixel = PixelAt(image, x, y);
    if (spec.colour == JpegColour::kGrey) {
      row.push_back(pixel[0]);
      continue;
    }
    const bool is_cmyk = SourceOf(spec.colour) == JCS_CMYK;
    const uint8_t flip = is_cmyk && !spec.adobe_mark ? 0xFF : 0;
    for (const uint8_t sample : pixel) {
      row.push_back(sample ^ flip);
    }
    if (is_cmyk) {
      row.push_back(0xFF ^ flip);
    }
  }
  return row;
}

}  // namespace

std::string JpegFile(const chat::Image& image, const JpegSpec& spec) {
  jpeg_compress_struct info = {};
  jpeg_error_mgr errors = {};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.in_color_space = SourceOf(spec.colour);
  info.input_components = info.in_color_space == JCS_GRAYSCALE ? 1
                          : info.in_color_space == JCS_RGB     ? 3
                                                               : 4;
  jpeg_set_defaults(&info);
  jpeg_set_colorspace(&info, StoredOf(spec.colour));
  info.write_Adobe_marker = info.write_Adobe_marker && spec.adobe_mark ? TRUE : FALSE;
  jpeg_set_quality(&info, 98, TRUE);
  info.restart_interval = static_cast<unsigned>(spec.restart_interval);
  info.arith_code = spec.arithmetic ? TRUE : FALSE;
  std::vector<jpeg_scan_info> scans;
  if (spec.progressive) {
    jpeg_simple_progression(&info);
  } else if (spec.one_scan_a_channel) {
    for (int channel = 0; channel < info.num_components; ++channel) {
      scans.push_back(
          {.comps_in_scan = 1, .component_index = {channel}, .Ss = 0, .Se = 63, .Ah = 0, .Al = 0});
    }
    info.scan_info = scans.data();
    info.num_scans = info.num_components;
  }
  jpeg_start_compress(&info, TRUE);
  if (!spec.exif.empty()) {
    const std::string block = std::string("Exif\0\0", 6) + spec.exif;
    jpeg_write_marker(&info, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(block.data()),
                      static_cast<unsigned>(block.size()));
  }
  for (int y = 0; y < image.height; ++y) {
    std::vector<uint8_t> row = RowOf(image, y, spec);
    JSAMPROW pointer = row.data();
    jpeg_write_scanlines(&info, &pointer, 1);
  }
  jpeg_finish_compress(&info);
  std::string file(reinterpret_cast<const char*>(bytes), size);
  jpeg_destroy_compress(&info);
  std::free(bytes);
  return file;
}

}  // namespace millrace::media
