#include <algorithm>
#include <cstddef>

#include "media/bmp_head.h"
#include "media/byte_cursor.h"
#include "media/image_formats.h"

namespace millrace::media {
namespace {

// Writes pixels to an image; rows count in the order of the file.
class Rows {
 public:
  Rows(chat::Image& image, const BmpHead& head) : image_(image), head_(head) {}

  uint8_t* Row(int64_t row) {
    const int64_t from_top = head_.top_down ? row : head_.size.height - 1 - row;
    return &image_.rgb[static_cast<size_t>(from_top * head_.size.width) * 3];
  }
  void PutIndex(int64_t row, int64_t column, uint32_t index) {
    std::copy_n(head_.palette[index].data(), 3, Row(row) + column * 3);
  }

 private:
  chat::Image& image_;
  const BmpHead& head_;
};

uint32_t WordAt(const char* bytes, int count) {
  uint32_t word = 0;
  for (int i = count; i > 0; --i) {
    word = word << 8 | static_cast<uint8_t>(bytes[i - 1]);
  }
  return word;
}

// Files often have an alpha field and nothing in it: those are opaque.
bool UsesAlpha(const BmpHead& head, size_t row_bytes) {
  const uint32_t mask = head.fields[3].mask;
  if (mask == 0) {
    return false;
  }
  const int pixel_bytes = head.bits / 8;
  for (int64_t row = 0; row < head.size.height; ++row) {
    const char* in = head.pixels.data() + static_cast<size_t>(row) * row_bytes;
    for (int64_t column = 0; column < head.size.width; ++column, in += pixel_bytes) {
      if ((WordAt(in, pixel_bytes) & mask) != 0) {
        return true;
      }
    }
  }
  return false;
}

void DrawIndexedRow(const BmpHead& head, const char* in, int64_t row, Rows& rows) {
  const int per_byte = 8 / head.bits;
  const uint32_t mask = (1U << head.bits) - 1;
  for (int64_t column = 0; column < head.size.width; ++column) {
    const auto byte = static_cast<uint8_t>(in[column / per_byte]);
    const auto shift = 8 - head.bits * (column % per_byte + 1);
    rows.PutIndex(row, column, byte >> shift & mask);
  }
}

void DrawFieldsRow(const BmpHead& head, const char* in, bool uses_alpha, uint8_t* out) {
  const int pixel_bytes = head.bits / 8;
  for (int64_t column = 0; column < head.size.width; ++column, in += pixel_bytes, out += 3) {
    const uint32_t pixel = WordAt(in, pixel_bytes);
    const int alpha = uses_alpha ? head.fields[3].Of(pixel) : 255;
    for (size_t channel = 0; channel < 3; ++channel) {
      const int value = head.fields[channel].Of(pixel);
      out[channel] = static_cast<uint8_t>((value * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  }
}

size_t RowBits(const BmpHead& head) {
  return static_cast<size_t>(head.size.width) * static_cast<size_t>(head.bits);
}
size_t RowBytes(const BmpHead& head) { return (RowBits(head) + 31) / 32 * 4; }

bool HoldsAllPixels(const BmpHead& head) {
  // The last row's padding may be missing.
  const auto whole_rows = static_cast<size_t>(head.size.height) - 1;
  return head.pixels.size() >= RowBytes(head) * whole_rows + (RowBits(head) + 7) / 8;
}

void DrawPlain(const BmpHead& head, Rows& rows) {
  const size_t row_bytes = RowBytes(head);
  const bool uses_alpha = head.bits > 8 && UsesAlpha(head, row_bytes);
  for (int64_t row = 0; row < head.size.height; ++row) {
    const char* in = head.pixels.data() + static_cast<size_t>(row) * row_bytes;
    uint8_t* const out = rows.Row(row);
    if (head.bits <= 8) {
      DrawIndexedRow(head, in, row, rows);
    } else if (head.bits == 24) {
      for (int64_t i = 0; i < head.size.width * 3; i += 3) {
        std::reverse_copy(in + i, in + i + 3, out + i);
      }
    } else {
      DrawFieldsRow(head, in, uses_alpha, out);
    }
  }
}

// The pen that run lengths move. Pixels right of the picture are dropped.
class RunLengthPen {
 public:
  RunLengthPen(const BmpHead& head, Rows& rows) : head_(head), rows_(rows) {}

  bool done() const { return row_ >= head_.size.height; }
  bool at_edge() const { return column_ >= head_.size.width; }
  void EndRow() {
    column_ = 0;
    ++row_;
  }
  void Move(int64_t right, int64_t up) {
    column_ += right;
    row_ += up;
  }
  void Put(uint32_t index) {
    rows_.PutIndex(row_, column_, index);
    ++column_;
  }

 private:
  const BmpHead& head_;
  Rows& rows_;
  int64_t column_ = 0;
  int64_t row_ = 0;
};

// The `i`-th index of a run's bytes: whole bytes, or halves with the high one first.
uint32_t IndexAt(std::string_view bytes, size_t i, bool halves) {
  if (!halves) {
    return static_cast<uint8_t>(bytes[i]);
  }
  const auto byte = static_cast<uint8_t>(bytes[i / 2]);
  return i % 2 == 0 ? byte >> 4 : byte & 0x0F;
}

base::Status DrawRunLengths(const BmpHead& head, Rows& rows) {
  const bool halves = head.coding == BmpCoding::kRunLength4;
  ByteCursor cursor(head.pixels);
  RunLengthPen pen(head, rows);
  while (!pen.done()) {
    const uint8_t count = cursor.U8();
    const std::string_view operand = cursor.Take(1);
    if (cursor.failed()) {
      return base::CorruptData("a BMP whose pixels end early");
    }
    const auto command = static_cast<uint8_t>(operand[0]);
    if (count > 0) {
      for (size_t i = 0; i < count && !pen.at_edge(); ++i) {
        pen.Put(IndexAt(operand, halves ? i % 2 : 0, halves));
      }
    } else if (command == 0) {
      pen.EndRow();
    } else if (command == 1) {
      break;  // the end of the picture
    } else if (command == 2) {
      const uint8_t right = cursor.U8();
      pen.Move(right, cursor.U8());
    } else {
      const size_t bytes = halves ? (size_t{command} + 1) / 2 : command;
      const std::string_view literals = cursor.Take(bytes);
      cursor.Skip(bytes % 2);
      const size_t literals_count = literals.empty() ? 0 : command;
      for (size_t i = 0; i < literals_count && !pen.at_edge(); ++i) {
        pen.Put(IndexAt(literals, i, halves));
      }
    }
  }
  return {};
}

}  // namespace

base::Result<chat::Image> DecodeBmp(const DecodeJob& job) {
  const BmpHead head = TRY(ReadBmpHead(job.bytes));
  TRY(CheckSize(head.size, job.limits));
  if (head.coding == BmpCoding::kPlain && !HoldsAllPixels(head)) {
    return base::CorruptData("a BMP whose pixels end early");
  }
  if (job.Interrupted()) {
    return Interrupted();
  }
  chat::Image image = NewImage(head.size);
  Rows rows(image, head);
  if (head.coding == BmpCoding::kPlain) {
    DrawPlain(head, rows);
    return image;
  }
  // Pixels that the runs leave out have the first colour.
  for (int64_t row = 0; row < head.size.height; ++row) {
    for (int64_t column = 0; column < head.size.width; ++column) {
      rows.PutIndex(row, column, 0);
    }
  }
  TRY(DrawRunLengths(head, rows));
  return image;
}

}  // namespace millrace::media
