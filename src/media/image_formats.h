// The decoders behind DecodeImage, one file a format. Each is given bytes that begin with its mark.
#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"
#include "chat/image.h"
#include "media/image_decoder.h"

namespace millrace::media {

struct DecodeJob {
  std::string_view bytes;
  const DecodeLimits& limits;
  const std::function<bool()>& interrupted;  // may be empty

  bool Interrupted() const { return interrupted && interrupted(); }
};

// Errors as of DecodeImage. They may throw std::bad_alloc.
base::Result<chat::Image> DecodePng(const DecodeJob& job);
base::Result<chat::Image> DecodeJpeg(const DecodeJob& job);
base::Result<chat::Image> DecodeWebp(const DecodeJob& job);
base::Result<chat::Image> DecodeGif(const DecodeJob& job);
base::Result<chat::Image> DecodeBmp(const DecodeJob& job);

struct ImageSize {
  int64_t width = 0;
  int64_t height = 0;
};
// Errors (kCorruptData): a side of zero or less, or a limit exceeded.
base::Status CheckSize(ImageSize size, const DecodeLimits& limits);
// A white picture of a size that CheckSize has passed.
chat::Image NewImage(ImageSize size);

inline base::Error Interrupted() {
  return {base::ErrorKind::kCancelled, "decoding was interrupted"};
}

}  // namespace millrace::media
