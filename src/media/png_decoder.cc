// PNG by libpng. Source: PNG specification, third edition.
#include <png.h>

#include <csetjmp>
#include <cstring>
#include <vector>

#include "media/image_formats.h"
#include "media/orientation.h"

namespace millrace::media {
namespace {

constexpr int kRowsBetweenQuestions = 64;
// Deflate makes at most 1032 bytes out of one.
constexpr uint64_t kInflateRatioMax = 1032;

// libpng reports errors by jumping to `escape`, which each of the two functions below sets; they
// hold nothing that has a destructor.
struct Reader {
  explicit Reader(const DecodeJob& given) : job(given), left(given.bytes) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }

  const DecodeJob& job;
  std::string_view left;
  png_structp png = nullptr;
  png_infop info = nullptr;
  ImageSize size = {};
  uint64_t stored_bytes = 0;  // of the pixels before compression
  bool has_alpha = false;
  bool interlaced = false;
  bool interrupted = false;
  std::jmp_buf escape = {};
};

[[noreturn]] void OnError(png_structp png, png_const_charp) {
  std::longjmp(static_cast<Reader*>(png_get_error_ptr(png))->escape, 1);
}

void OnWarning(png_structp, png_const_charp) {}

void OnRead(png_structp png, png_bytep out, size_t count) {
  auto& reader = *static_cast<Reader*>(png_get_io_ptr(png));
  if (count > reader.left.size()) {
    png_error(png, "cut");
  }
  std::memcpy(out, reader.left.data(), count);
  reader.left.remove_prefix(count);
}

void LimitLibrary(Reader& reader) {
  const auto side = static_cast<png_uint_32>(reader.job.limits.side_max);
  png_set_user_limits(reader.png, side, side);
  png_set_chunk_cache_max(reader.png, 16);
  png_set_chunk_malloc_max(reader.png, 1 << 20);
  // Texts, profiles and the like are skipped unread; transparency is not among them.
  png_set_keep_unknown_chunks(reader.png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
}

// Everything before the pixels.
bool ReadHead(Reader& reader) {
  if (setjmp(reader.escape) != 0) {
    return false;
  }
  LimitLibrary(reader);
  png_set_read_fn(reader.png, &reader, OnRead);
  png_read_info(reader.png, reader.info);
  reader.size = {png_get_image_width(reader.png, reader.info),
                 png_get_image_height(reader.png, reader.info)};
  reader.stored_bytes = static_cast<uint64_t>(png_get_rowbytes(reader.png, reader.info)) *
                        static_cast<uint64_t>(reader.size.height);
  const int type = png_get_color_type(reader.png, reader.info);
  reader.has_alpha = (type & PNG_COLOR_MASK_ALPHA) != 0 ||
                     png_get_valid(reader.png, reader.info, PNG_INFO_tRNS) != 0;
  reader.interlaced = png_get_interlace_type(reader.png, reader.info) != PNG_INTERLACE_NONE;
  return true;
}

// Makes rows of 8-bit RGB, or RGBA, out of whatever the file has.
void AskForRgb(Reader& reader) {
  png_set_expand(reader.png);
  png_set_scale_16(reader.png);
  png_set_gray_to_rgb(reader.png);
}

// Lays a row over white.
void LayOverWhite(const uint8_t* rgba, size_t count, uint8_t* rgb) {
  for (size_t i = 0; i < count; ++i, rgba += 4, rgb += 3) {
    const int alpha = rgba[3];
    for (size_t channel = 0; channel < 3; ++channel) {
      rgb[channel] =
          static_cast<uint8_t>((rgba[channel] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  }
}

// `scratch` has room for ScratchRows rows of RGBA.
bool ReadPixels(Reader& reader, uint8_t* rgb, uint8_t* scratch) {
  if (setjmp(reader.escape) != 0) {
    return false;
  }
  AskForRgb(reader);
  const int passes = png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  const auto width = static_cast<size_t>(reader.size.width);
  if (png_get_rowbytes(reader.png, reader.info) != width * (reader.has_alpha ? 4 : 3)) {
    return false;
  }
  for (int pass = 0; pass < passes; ++pass) {
    for (int64_t row = 0; row < reader.size.height; ++row) {
      if (row % kRowsBetweenQuestions == 0 && reader.job.Interrupted()) {
        reader.interrupted = true;
        return false;
      }
      uint8_t* const out = rgb + static_cast<size_t>(row) * width * 3;
      uint8_t* const in = scratch + (passes > 1 ? static_cast<size_t>(row) * width * 4 : 0);
      png_read_row(reader.png, reader.has_alpha ? in : out, nullptr);
      if (reader.has_alpha && pass == passes - 1) {
        LayOverWhite(in, width, out);
      }
    }
  }
  return true;
}

// Rows of an interlaced picture come in pieces, so all of them are kept until they are whole.
size_t ScratchRows(const Reader& reader) {
  if (!reader.has_alpha) {
    return 0;
  }
  return reader.interlaced ? static_cast<size_t>(reader.size.height) : 1;
}

}  // namespace

base::Result<chat::Image> DecodePng(const DecodeJob& job) {
  Reader reader(job);
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, OnError, OnWarning);
  reader.info = reader.png == nullptr ? nullptr : png_create_info_struct(reader.png);
  if (reader.info == nullptr) {
    return base::Error{base::ErrorKind::kResourceExhausted, "no memory for a picture"};
  }
  if (!ReadHead(reader)) {
    return base::CorruptData("a broken PNG head");
  }
  TRY(CheckSize(reader.size, job.limits));
  if (reader.stored_bytes > (job.bytes.size() + 1) * kInflateRatioMax) {
    return base::CorruptData("a PNG too short for its pixels");
  }
  chat::Image image = NewImage(reader.size);
  std::vector<uint8_t> scratch(ScratchRows(reader) * static_cast<size_t>(image.width) * 4);
  if (!ReadPixels(reader, image.rgb.data(), scratch.data())) {
    return reader.interrupted ? Interrupted() : base::CorruptData("broken PNG pixels");
  }
  scratch = {};
  TurnUpright(image, PngOrientation(job.bytes));
  return image;
}

}  // namespace millrace::media
