#include "media/bmp_head.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "media/byte_cursor.h"

namespace millrace::media {
namespace {

constexpr uint32_t kCoreHeadBytes = 12;
constexpr uint32_t kInfoHeadBytes = 40;
constexpr uint32_t kOs2HeadBytes = 64;

// `biCompression`.
constexpr uint32_t kRgb = 0;
constexpr uint32_t kRle8 = 1;
constexpr uint32_t kRle4 = 2;
constexpr uint32_t kBitFields = 3;
constexpr uint32_t kAlphaBitFields = 6;

struct RawHead {
  uint32_t head_bytes = 0;
  int32_t width = 0;
  int32_t height = 0;
  uint16_t bits = 0;
  uint32_t compression = kRgb;
  uint32_t colours_used = 0;
  std::array<uint32_t, 4> masks = {};
};

RawHead ReadCore(ByteCursor& cursor) {
  RawHead raw;
  raw.width = cursor.U16();
  raw.height = cursor.U16();
  cursor.Skip(2);  // planes
  raw.bits = cursor.U16();
  return raw;
}

RawHead ReadInfo(ByteCursor& cursor) {
  RawHead raw;
  raw.width = static_cast<int32_t>(cursor.U32());
  raw.height = static_cast<int32_t>(cursor.U32());
  cursor.Skip(2);  // planes
  raw.bits = cursor.U16();
  if (cursor.left().empty()) {
    return raw;  // OS/2's short form
  }
  raw.compression = cursor.U32();
  cursor.Skip(12);  // size of the pixels, resolution
  raw.colours_used = cursor.U32();
  cursor.Skip(4);  // important colours
  return raw;
}

base::Result<RawHead> ReadRaw(ByteCursor& cursor) {
  const uint32_t head_bytes = cursor.U32();
  const bool is_known = head_bytes == kCoreHeadBytes || head_bytes == 16 ||
                        head_bytes == kInfoHeadBytes || head_bytes == 52 || head_bytes == 56 ||
                        head_bytes == kOs2HeadBytes || head_bytes == 108 || head_bytes == 124;
  if (!is_known) {
    return base::CorruptData("a BMP with an unknown head");
  }
  ByteCursor head(cursor.Take(head_bytes - 4));
  RawHead raw = head_bytes == kCoreHeadBytes ? ReadCore(head) : ReadInfo(head);
  raw.head_bytes = head_bytes;
  const bool has_fields = raw.compression == kBitFields || raw.compression == kAlphaBitFields;
  if (head_bytes == kOs2HeadBytes && (has_fields || raw.compression > kRle4)) {
    return base::CorruptData("a BMP in a coding of OS/2");
  }
  if (has_fields) {
    // Inside the head, or behind one that has no room for them.
    const bool is_outside = head_bytes == kInfoHeadBytes;
    ByteCursor& from = is_outside ? cursor : head;
    const bool has_alpha = is_outside ? raw.compression == kAlphaBitFields : head_bytes >= 56;
    for (size_t i = 0; i < (has_alpha ? 4U : 3U); ++i) {
      raw.masks[i] = from.U32();
    }
  } else if (raw.bits == 16) {
    raw.masks = {0x7C00, 0x03E0, 0x001F, 0};
  } else {
    raw.masks = {0xFF0000, 0x00FF00, 0x0000FF, 0};
  }
  if (cursor.failed() || head.failed()) {
    return base::CorruptData("a BMP with a cut head");
  }
  return raw;
}

base::Result<BmpField> FieldOf(uint32_t mask) {
  BmpField field{.mask = mask};
  if (mask != 0) {
    field.shift = std::countr_zero(mask);
    field.max = mask >> field.shift;
    if ((field.max & (field.max + 1)) != 0) {
      return base::CorruptData("a BMP with a field in pieces");
    }
  }
  return field;
}

base::Result<BmpCoding> CodingOf(const RawHead& raw) {
  const uint16_t bits = raw.bits;
  const bool is_wide = bits == 16 || bits == 32;
  if (raw.compression == kRgb &&
      (is_wide || bits == 24 || bits == 1 || bits == 2 || bits == 4 || bits == 8)) {
    return BmpCoding::kPlain;
  }
  if ((raw.compression == kBitFields || raw.compression == kAlphaBitFields) && is_wide) {
    return BmpCoding::kPlain;
  }
  // Run lengths can only be written from the bottom up.
  if (raw.compression == kRle8 && bits == 8 && raw.height > 0) {
    return BmpCoding::kRunLength8;
  }
  if (raw.compression == kRle4 && bits == 4 && raw.height > 0) {
    return BmpCoding::kRunLength4;
  }
  return base::CorruptData("a BMP in a coding that is not read");
}

// `space`: bytes between the head and the pixels; an entry that is not there stays black.
void ReadPalette(ByteCursor& cursor, const RawHead& raw, size_t space, BmpHead& head) {
  const size_t entry_bytes = raw.head_bytes == kCoreHeadBytes ? 3 : 4;
  size_t count = size_t{1} << raw.bits;
  if (raw.colours_used != 0) {
    count = std::min<size_t>(count, raw.colours_used);
  }
  count = std::min(count, space / entry_bytes);
  for (size_t i = 0; i < count; ++i) {
    const std::string_view entry = cursor.Take(entry_bytes);
    for (size_t channel = 0; channel < 3 && !entry.empty(); ++channel) {
      head.palette[i][channel] = static_cast<uint8_t>(entry[2 - channel]);
    }
  }
}

}  // namespace

base::Result<BmpHead> ReadBmpHead(std::string_view file) {
  ByteCursor cursor(file);
  cursor.Skip(10);  // mark, size, reserved
  const uint32_t pixels_at = cursor.U32();
  const RawHead raw = TRY(ReadRaw(cursor));
  BmpHead head;
  head.coding = TRY(CodingOf(raw));
  head.size = {raw.width, std::abs(int64_t{raw.height})};
  head.top_down = raw.height < 0;
  head.bits = raw.bits;
  for (size_t i = 0; i < head.fields.size(); ++i) {
    head.fields[i] = TRY(FieldOf(raw.masks[i]));
  }
  const size_t head_end = file.size() - cursor.left().size();
  if (pixels_at < head_end || pixels_at > file.size()) {
    return base::CorruptData("a BMP whose pixels are not in it");
  }
  if (raw.bits <= 8) {
    ReadPalette(cursor, raw, pixels_at - head_end, head);
  }
  head.pixels = file.substr(pixels_at);
  return head;
}

}  // namespace millrace::media
