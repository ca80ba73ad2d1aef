// WebP by libwebp. Source: WebP container specification.
#include <webp/decode.h>

#include <cstddef>
#include <optional>
#include <vector>

#include "media/byte_cursor.h"
#include "media/image_formats.h"
#include "media/orientation.h"

namespace millrace::media {
namespace {

const uint8_t* DataOf(std::string_view bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

// One still picture: a whole file, or the chunks inside a frame of an animation.
struct Still {
  std::string_view bytes;
  WebPBitstreamFeatures features = {};
  size_t left = 0;  // where it lies on the canvas
  size_t top = 0;
};

std::optional<WebPBitstreamFeatures> FeaturesOf(std::string_view bytes) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(DataOf(bytes), bytes.size(), &features) != VP8_STATUS_OK) {
    return std::nullopt;
  }
  return features;
}

// The first frame of an animation, its place from the frame's header.
base::Result<Still> FindFirstFrame(std::string_view file) {
  ByteCursor cursor(file);
  cursor.Skip(12);
  while (!cursor.left().empty()) {
    const std::string_view type = cursor.Take(4);
    const uint32_t length = cursor.U32();
    if (type != "ANMF") {
      cursor.Skip(size_t{length} + length % 2);
      continue;
    }
    ByteCursor frame(cursor.Take(length));
    Still still;
    still.left = size_t{frame.U24()} * 2;
    still.top = size_t{frame.U24()} * 2;
    const uint32_t width = frame.U24() + 1;
    const uint32_t height = frame.U24() + 1;
    frame.Skip(4);  // duration and how it is laid over the frame before
    still.bytes = frame.left();
    const auto features = FeaturesOf(still.bytes);
    if (!features || features->has_animation != 0 ||
        static_cast<uint32_t>(features->width) != width ||
        static_cast<uint32_t>(features->height) != height) {
      break;
    }
    still.features = *features;
    return still;
  }
  return base::CorruptData("an animated WebP without a first frame");
}

base::Status StatusOf(VP8StatusCode code) {
  if (code == VP8_STATUS_OUT_OF_MEMORY) {
    return base::Error{base::ErrorKind::kResourceExhausted, "no memory for a picture"};
  }
  return code == VP8_STATUS_OK ? base::Status() : base::CorruptData("broken WebP pixels");
}

base::Status DecodeInto(const Still& still, WEBP_CSP_MODE mode, uint8_t* out, size_t stride,
                        size_t size) {
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) {
    return base::Internal("libwebp is of another version than its headers");
  }
  config.output.colorspace = mode;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {.rgba = out, .stride = static_cast<int>(stride), .size = size};
  return StatusOf(WebPDecode(DataOf(still.bytes), still.bytes.size(), &config));
}

// Lays samples that are already multiplied by their alpha over white.
void LayOverWhite(const std::vector<uint8_t>& rgba, size_t row_pixels, uint8_t* out,
                  size_t out_stride) {
  for (size_t start = 0; start < rgba.size(); start += row_pixels * 4, out += out_stride) {
    const uint8_t* in = &rgba[start];
    for (size_t x = 0; x < row_pixels; ++x) {
      const int white = 255 - in[x * 4 + 3];
      for (size_t channel = 0; channel < 3; ++channel) {
        out[x * 3 + channel] = static_cast<uint8_t>(std::min(255, in[x * 4 + channel] + white));
      }
    }
  }
}

base::Status DrawStill(const Still& still, chat::Image& image) {
  const auto width = static_cast<size_t>(still.features.width);
  const auto height = static_cast<size_t>(still.features.height);
  if (still.left + width > static_cast<size_t>(image.width) ||
      still.top + height > static_cast<size_t>(image.height)) {
    return base::CorruptData("a WebP frame outside its canvas");
  }
  const size_t stride = static_cast<size_t>(image.width) * 3;
  const size_t start = still.top * stride + still.left * 3;
  uint8_t* const out = image.rgb.data() + start;
  if (still.features.has_alpha == 0) {
    return DecodeInto(still, MODE_RGB, out, stride, image.rgb.size() - start);
  }
  std::vector<uint8_t> rgba(width * height * 4);
  TRY(DecodeInto(still, MODE_rgbA, rgba.data(), width * 4, rgba.size()));
  LayOverWhite(rgba, width, out, stride);
  return {};
}

}  // namespace

base::Result<chat::Image> DecodeWebp(const DecodeJob& job) {
  const auto features = FeaturesOf(job.bytes);
  if (!features) {
    return base::CorruptData("a broken WebP head");
  }
  const ImageSize size = {features->width, features->height};
  TRY(CheckSize(size, job.limits));
  Still still{.bytes = job.bytes, .features = *features};
  if (features->has_animation != 0) {
    still = TRY(FindFirstFrame(job.bytes));
  }
  if (job.Interrupted()) {
    return Interrupted();
  }
  chat::Image image = NewImage(size);
  TRY(DrawStill(still, image));
  TurnUpright(image, WebpOrientation(job.bytes));
  return image;
}

}  // namespace millrace::media
