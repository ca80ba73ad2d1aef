// GIF, the first frame. Source: GIF89a specification.
#include <cstddef>
#include <optional>

#include "media/byte_cursor.h"
#include "media/image_formats.h"
#include "media/lzw.h"

namespace millrace::media {
namespace {

constexpr size_t kHeadBytes = 6;
// A code of two bits at least makes 4096 pixels at most.
constexpr int64_t kPixelsPerByteMax = 4 * 4096;

struct Frame {
  int64_t left = 0;
  int64_t top = 0;
  int64_t width = 0;
  int64_t height = 0;
  bool interlaced = false;
  std::string_view colours = {};  // three bytes each
  std::optional<uint8_t> transparent = {};
  int literal_bits = 0;
};

std::string_view TakeColours(ByteCursor& cursor, uint8_t flags) {
  return (flags & 0x80) != 0 ? cursor.Take(size_t{3} << ((flags & 7) + 1)) : std::string_view();
}

void SkipSubBlocks(ByteCursor& cursor) {
  for (size_t size = cursor.U8(); size != 0; size = cursor.U8()) {
    cursor.Skip(size);
  }
}

// The transparent index of a graphic control extension; nothing of other extensions.
std::optional<uint8_t> ReadExtension(ByteCursor& cursor) {
  constexpr uint8_t kGraphicControl = 0xF9;
  std::optional<uint8_t> transparent;
  if (cursor.U8() == kGraphicControl) {
    ByteCursor control(cursor.Take(cursor.U8()));
    const bool is_used = (control.U8() & 1) != 0;
    control.Skip(2);  // delay
    const uint8_t index = control.U8();
    if (is_used && !control.failed()) {
      transparent = index;
    }
  }
  SkipSubBlocks(cursor);
  return transparent;
}

// Reads up to the first frame's pixels.
base::Result<Frame> ReadToPixels(ByteCursor& cursor, std::string_view shared_colours) {
  constexpr uint8_t kExtension = 0x21;
  constexpr uint8_t kFrame = 0x2C;
  Frame frame;
  uint8_t block = cursor.U8();
  for (; block == kExtension; block = cursor.U8()) {
    if (const auto transparent = ReadExtension(cursor)) {
      frame.transparent = transparent;
    }
  }
  if (block != kFrame) {
    return base::CorruptData("a GIF without a frame");
  }
  frame.left = cursor.U16();
  frame.top = cursor.U16();
  frame.width = cursor.U16();
  frame.height = cursor.U16();
  const uint8_t flags = cursor.U8();
  frame.interlaced = (flags & 0x40) != 0;
  const std::string_view own_colours = TakeColours(cursor, flags);
  frame.colours = own_colours.empty() ? shared_colours : own_colours;
  frame.literal_bits = cursor.U8();
  if (cursor.failed() || frame.width == 0 || frame.height == 0 || frame.colours.empty() ||
      frame.literal_bits < 1 || frame.literal_bits > 8) {
    return base::CorruptData("a broken GIF frame");
  }
  return frame;
}

// Takes a frame's indices in the order of the file and puts them where they belong.
class Canvas {
 public:
  Canvas(chat::Image& image, const Frame& frame) : image_(image), frame_(frame) {}

  bool full() const { return row_ >= frame_.height; }

  void Put(uint8_t index) {
    const size_t colour = size_t{index} * 3;
    if (index != frame_.transparent && colour < frame_.colours.size()) {
      const auto at =
          static_cast<size_t>((frame_.top + row_) * image_.width + frame_.left + column_);
      for (size_t channel = 0; channel < 3; ++channel) {
        image_.rgb[at * 3 + channel] = static_cast<uint8_t>(frame_.colours[colour + channel]);
      }
    }
    if (++column_ == frame_.width) {
      column_ = 0;
      NextRow();
    }
  }

 private:
  // Interlaced rows come in four passes: every 8th, every 8th from 4, every 4th from 2, the odd.
  void NextRow() {
    if (!frame_.interlaced) {
      ++row_;
      return;
    }
    row_ += pass_ == 0 ? 8 : 16 >> pass_;
    while (row_ >= frame_.height && pass_ < 3) {
      ++pass_;
      row_ = 8 >> pass_;
    }
  }

  chat::Image& image_;
  const Frame& frame_;
  int64_t column_ = 0;
  int64_t row_ = 0;
  int pass_ = 0;
};

base::Status DrawFrame(ByteCursor& cursor, const Frame& frame, chat::Image& image) {
  SubBlockBits bits(cursor);
  LzwDecoder decoder(bits, frame.literal_bits);
  Canvas canvas(image, frame);
  while (!canvas.full()) {
    const std::span<const uint8_t> indices = decoder.Next();
    if (indices.empty()) {
      return base::CorruptData("a GIF whose pixels end early");
    }
    for (const uint8_t index : indices) {
      if (canvas.full()) {
        break;
      }
      canvas.Put(index);
    }
  }
  return {};
}

}  // namespace

base::Result<chat::Image> DecodeGif(const DecodeJob& job) {
  ByteCursor cursor(job.bytes);
  cursor.Skip(kHeadBytes);
  ImageSize size;
  size.width = cursor.U16();
  size.height = cursor.U16();
  const uint8_t flags = cursor.U8();
  cursor.Skip(2);  // background colour, which nobody draws, and shape of the pixels
  const std::string_view shared_colours = TakeColours(cursor, flags);
  const Frame frame = TRY(ReadToPixels(cursor, shared_colours));
  // A frame that reaches over the edge makes the picture larger.
  size.width = std::max(size.width, frame.left + frame.width);
  size.height = std::max(size.height, frame.top + frame.height);
  TRY(CheckSize(size, job.limits));
  if (frame.width * frame.height / kPixelsPerByteMax > static_cast<int64_t>(cursor.left().size())) {
    return base::CorruptData("a GIF too short for its pixels");
  }
  if (job.Interrupted()) {
    return Interrupted();
  }
  chat::Image image = NewImage(size);
  TRY(DrawFrame(cursor, frame, image));
  return image;
}

}  // namespace millrace::media
