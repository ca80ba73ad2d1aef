#include "media/image_decoder.h"

#include <new>

#include "media/image_formats.h"

namespace millrace::media {
namespace {

base::Result<chat::Image> DecodeByMark(const DecodeJob& job) {
  const std::string_view bytes = job.bytes;
  if (bytes.starts_with("\x89PNG\r\n\x1A\n")) {
    return DecodePng(job);
  }
  if (bytes.starts_with("\xFF\xD8\xFF")) {
    return DecodeJpeg(job);
  }
  if (bytes.starts_with("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP") {
    return DecodeWebp(job);
  }
  if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) {
    return DecodeGif(job);
  }
  if (bytes.starts_with("BM")) {
    return DecodeBmp(job);
  }
  return base::CorruptData("not a PNG, JPEG, WebP, GIF or BMP picture");
}

}  // namespace

base::Status CheckSize(ImageSize size, const DecodeLimits& limits) {
  if (size.width < 1 || size.height < 1) {
    return base::CorruptData("a picture without pixels");
  }
  if (size.width > limits.side_max || size.height > limits.side_max ||
      size.width * size.height > limits.pixels_max) {
    return base::CorruptData("a picture with too many pixels");
  }
  return {};
}

chat::Image NewImage(ImageSize size) {
  chat::Image image{.width = static_cast<int32_t>(size.width),
                    .height = static_cast<int32_t>(size.height)};
  image.rgb.assign(static_cast<size_t>(size.width * size.height) * 3, 0xFF);
  return image;
}

base::Result<chat::Image> DecodeImage(std::string_view bytes, const DecodeLimits& limits,
                                      const std::function<bool()>& interrupted) {
  try {
    return DecodeByMark({.bytes = bytes, .limits = limits, .interrupted = interrupted});
  } catch (const std::bad_alloc&) {
    return base::Error{base::ErrorKind::kResourceExhausted, "no memory for a picture"};
  }
}

}  // namespace millrace::media
