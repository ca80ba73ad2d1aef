// JPEG by libjpeg-turbo. Source: ITU-T T.81; Adobe technical note 5116 for inverted CMYK.
#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <vector>

// These need the standard's headers above.
// clang-format off
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include "media/image_formats.h"
#include "media/orientation.h"

namespace millrace::media {
namespace {

// A last guard on what the library takes; the sizes that are checked before lead to less.
constexpr long kLibraryBytesMax = 640L << 20;
// A Huffman-coded file needs a bit for each block of 8x8 of its finest component at least, and no
// component is coarser than 4x4.
constexpr int64_t kPixelsPerByteMax = 8 * 64 * 16;

// libjpeg reports errors by jumping to `escape`, which each of the two functions below sets; they
// hold nothing that has a destructor.
struct Reader {
  explicit Reader(const DecodeJob& given) : job(given) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { jpeg_destroy_decompress(&info); }

  const DecodeJob& job;
  jpeg_decompress_struct info = {};
  jpeg_error_mgr errors = {};
  jpeg_source_mgr source = {};
  jpeg_progress_mgr progress = {};
  int64_t scans_max = 1;
  bool may_end = false;  // an end of the bytes may be the end of the picture
  bool out_of_memory = false;
  bool interrupted = false;
  bool pixels_missing = false;
  std::jmp_buf escape = {};
};

template <typename Struct>
Reader& ReaderOf(Struct* info) {
  return *static_cast<Reader*>(info->client_data);
}

[[noreturn]] void OnError(j_common_ptr info) {
  Reader& reader = ReaderOf(info);
  reader.out_of_memory = info->err->msg_code == JERR_OUT_OF_MEMORY;
  std::longjmp(reader.escape, 1);
}

// Damage that the library can hide is hidden, unless pixels had to be made up at the end of data.
void OnMessage(j_common_ptr info, int level) {
  if (level < 0 && info->err->msg_code == JWRN_HIT_MARKER) {
    ReaderOf(info).pixels_missing = true;
  }
}

void OutputNothing(j_common_ptr) {}

void OnSource(j_decompress_ptr) {}

// At the end of the bytes: acts as if the end mark stood there, where that may be.
boolean OnEmpty(j_decompress_ptr info) {
  static constexpr JOCTET kEndMark[] = {0xFF, JPEG_EOI};
  Reader& reader = ReaderOf(info);
  if (!reader.may_end) {
    info->err->msg_code = JERR_INPUT_EOF;
    OnError(reinterpret_cast<j_common_ptr>(info));
  }
  reader.source.next_input_byte = kEndMark;
  reader.source.bytes_in_buffer = sizeof(kEndMark);
  return TRUE;
}

void OnSkip(j_decompress_ptr info, long count) {
  Reader& reader = ReaderOf(info);
  if (count > 0 && static_cast<size_t>(count) > reader.source.bytes_in_buffer) {
    info->err->msg_code = JERR_INPUT_EOF;
    OnError(reinterpret_cast<j_common_ptr>(info));
  }
  if (count > 0) {
    reader.source.next_input_byte += count;
    reader.source.bytes_in_buffer -= static_cast<size_t>(count);
  }
}

void OnProgress(j_common_ptr info) {
  Reader& reader = ReaderOf(info);
  if (reader.info.input_scan_number > reader.scans_max) {
    info->err->msg_code = JERR_TOO_LITTLE_DATA;
    OnError(info);
  }
  if (reader.job.Interrupted()) {
    reader.interrupted = true;
    OnError(info);
  }
}

void Connect(Reader& reader) {
  reader.info.client_data = &reader;
  reader.info.err = jpeg_std_error(&reader.errors);
  reader.errors.error_exit = OnError;
  reader.errors.emit_message = OnMessage;
  reader.errors.output_message = OutputNothing;
  reader.source = {.next_input_byte = reinterpret_cast<const JOCTET*>(reader.job.bytes.data()),
                   .bytes_in_buffer = reader.job.bytes.size(),
                   .init_source = OnSource,
                   .fill_input_buffer = OnEmpty,
                   .skip_input_data = OnSkip,
                   .resync_to_restart = jpeg_resync_to_restart,
                   .term_source = OnSource};
  reader.progress.progress_monitor = OnProgress;
}

bool ReadHead(Reader& reader) {
  if (setjmp(reader.escape) != 0) {
    return false;
  }
  jpeg_create_decompress(&reader.info);
  reader.info.client_data = &reader;
  reader.info.src = &reader.source;
  reader.info.progress = &reader.progress;
  reader.info.mem->max_memory_to_use = kLibraryBytesMax;
  if (jpeg_read_header(&reader.info, TRUE) != JPEG_HEADER_OK) {
    return false;
  }
  const J_COLOR_SPACE stored = reader.info.jpeg_color_space;
  const bool is_cmyk = stored == JCS_CMYK || stored == JCS_YCCK;
  reader.info.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
  return true;
}

uint8_t Times(uint8_t a, uint8_t b) { return static_cast<uint8_t>((a * b + 127) / 255); }

// What is left of the light after ink: Adobe's files hold that, others hold the ink.
void CmykToRgb(const uint8_t* cmyk, bool holds_light, size_t count, uint8_t* rgb) {
  const auto flip = static_cast<uint8_t>(holds_light ? 0 : 0xFF);
  for (size_t i = 0; i < count; ++i, cmyk += 4, rgb += 3) {
    const auto black = static_cast<uint8_t>(cmyk[3] ^ flip);
    for (size_t channel = 0; channel < 3; ++channel) {
      rgb[channel] = Times(static_cast<uint8_t>(cmyk[channel] ^ flip), black);
    }
  }
}

bool ReadPixels(Reader& reader, uint8_t* rgb, uint8_t* cmyk_row) {
  if (setjmp(reader.escape) != 0) {
    return false;
  }
  // Of several scans the last ones could be missing, and of arithmetic coding the last blocks: the
  // library would not say so.
  reader.may_end = !jpeg_has_multiple_scans(&reader.info) && !reader.info.arith_code;
  jpeg_start_decompress(&reader.info);
  const size_t width = reader.info.output_width;
  while (reader.info.output_scanline < reader.info.output_height) {
    uint8_t* const out = rgb + reader.info.output_scanline * width * 3;
    JSAMPROW row = reader.info.out_color_space == JCS_CMYK ? cmyk_row : out;
    if (jpeg_read_scanlines(&reader.info, &row, 1) != 1) {
      return false;
    }
    if (row == cmyk_row) {
      CmykToRgb(cmyk_row, reader.info.saw_Adobe_marker != FALSE, width, out);
    }
  }
  return !reader.pixels_missing;
}

base::Error ErrorOf(const Reader& reader) {
  if (reader.interrupted) {
    return Interrupted();
  }
  if (reader.out_of_memory) {
    return {base::ErrorKind::kResourceExhausted, "no memory for a picture"};
  }
  return base::CorruptData("a broken JPEG");
}

}  // namespace

base::Result<chat::Image> DecodeJpeg(const DecodeJob& job) {
  Reader reader(job);
  Connect(reader);
  if (!ReadHead(reader)) {
    return ErrorOf(reader);
  }
  const ImageSize size = {reader.info.image_width, reader.info.image_height};
  TRY(CheckSize(size, job.limits));
  const int64_t pixels = size.width * size.height;
  if (reader.info.arith_code == FALSE &&
      pixels / kPixelsPerByteMax > static_cast<int64_t>(job.bytes.size())) {
    return base::CorruptData("a JPEG too short for its pixels");
  }
  reader.scans_max =
      std::clamp<int64_t>(job.limits.jpeg_scan_pixels_max / pixels, 1, job.limits.jpeg_scans_max);
  chat::Image image = NewImage(size);
  std::vector<uint8_t> cmyk_row(static_cast<size_t>(size.width) * 4);
  if (!ReadPixels(reader, image.rgb.data(), cmyk_row.data())) {
    return ErrorOf(reader);
  }
  jpeg_destroy_decompress(&reader.info);  // its memory, before the picture is turned
  TurnUpright(image, JpegOrientation(job.bytes));
  return image;
}

}  // namespace millrace::media
