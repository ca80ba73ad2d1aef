// The two formats that are decoded by own code, against files put together by hand.
#include <gtest/gtest.h>

#include <cmath>

#include "media/image_decoder.h"
#include "media/testing/image_files.h"

namespace millrace::media {
namespace {

constexpr Colour kWhite = {255, 255, 255};

chat::Image Decoded(std::string_view file) {
  auto image = DecodeImage(file);
  EXPECT_TRUE(image.has_value()) << image.error().message;
  return image.has_value() ? *std::move(image) : chat::Image();
}

bool IsRefused(std::string_view file) {
  const auto image = DecodeImage(file);
  return !image.has_value() && image.error().kind == base::ErrorKind::kCorruptData;
}

std::vector<Colour> Palette(size_t count) {
  std::vector<Colour> palette;
  for (size_t i = 0; i < count; ++i) {
    palette.push_back({static_cast<uint8_t>(i * 7), static_cast<uint8_t>(i * 31 + 5),
                       static_cast<uint8_t>(255 - i)});
  }
  return palette;
}

// Long runs and noise in one picture.
uint8_t Index(int x, int y, size_t colours) {
  const int noise = (x * 7919 + y * 104729 + x * y * 31) >> 3;
  return static_cast<uint8_t>((y % 5 == 0 ? 1 : noise) & static_cast<int>(colours - 1));
}

void ExpectPixels(const chat::Image& image, int width, int height,
                  const std::function<Colour(int x, int y)>& expected) {
  ASSERT_EQ(image.width, width);
  ASSERT_EQ(image.height, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      ASSERT_EQ(PixelAt(image, x, y), expected(x, y)) << x << "," << y;
    }
  }
}

class DecodeGifKind : public testing::TestWithParam<std::tuple<size_t, bool, bool>> {};

TEST_P(DecodeGifKind, GivesItsPixels) {
  const auto [colours, interlaced, local] = GetParam();
  const std::vector<Colour> palette = Palette(colours);
  // Large enough to fill the table of codes and to need several sub-blocks.
  for (const auto& [width, height] : {std::pair{150, 113}, {1, 1}, {3, 2}, {2, 9}}) {
    const std::string file =
        GifFile({.width = width,
                 .height = height,
                 .palette = palette,
                 .local_palette = local,
                 .interlaced = interlaced,
                 .index = [&](int x, int y) { return Index(x, y, palette.size()); }});
    ExpectPixels(Decoded(file), width, height,
                 [&](int x, int y) { return palette[Index(x, y, palette.size())]; });
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, DecodeGifKind,
                         testing::Combine(testing::Values(2, 4, 16, 256), testing::Bool(),
                                          testing::Bool()));

GifSpec SmallGif() {
  return {.palette = Palette(4), .index = [](int x, int y) { return Index(x, y, 4); }};
}

TEST(DecodeGif, ItsTransparentColourIsWhite) {
  GifSpec spec = SmallGif();
  spec.transparent = 2;
  ExpectPixels(Decoded(GifFile(spec)), 8, 8, [&](int x, int y) {
    return Index(x, y, 4) == 2 ? kWhite : spec.palette[Index(x, y, 4)];
  });
}

TEST(DecodeGif, AFrameLiesInItsPlaceOnTheScreen) {
  GifSpec spec = SmallGif();
  spec.left = 3;
  spec.top = 2;
  spec.screen_width = 20;
  spec.screen_height = 12;
  ExpectPixels(Decoded(GifFile(spec)), 20, 12, [&](int x, int y) {
    const bool inside = x >= 3 && x < 11 && y >= 2 && y < 10;
    return inside ? spec.palette[Index(x - 3, y - 2, 4)] : kWhite;
  });
}

TEST(DecodeGif, AFrameOverTheEdgeMakesThePictureLarger) {
  GifSpec spec = SmallGif();
  spec.left = 3;
  spec.screen_width = 5;
  spec.screen_height = 5;
  const chat::Image image = Decoded(GifFile(spec));
  EXPECT_EQ(image.width, 11);
  EXPECT_EQ(image.height, 8);
}

TEST(DecodeGif, OfAnAnimationTheFirstFrameCounts) {
  const std::string first = GifFile(SmallGif());
  GifSpec spec = SmallGif();
  spec.index = [](int, int) { return uint8_t{3}; };
  const std::string second = GifFile(spec);
  const size_t frame_at = 13 + 12;  // behind the head and four colours
  const std::string animation = first.substr(0, first.size() - 1) +
                                std::string("\x21\xFE\x05hello\0", 9) + second.substr(frame_at);
  EXPECT_EQ(Decoded(animation).rgb, Decoded(first).rgb);
}

TEST(DecodeGif, RefusesBrokenFrames) {
  const std::string file = GifFile(SmallGif());
  const size_t frame_at = 13 + 12;
  ASSERT_EQ(file[frame_at], ',');
  const auto with = [&file](size_t at, char byte) {
    std::string changed = file;
    changed[at] = byte;
    return changed;
  };
  EXPECT_TRUE(IsRefused(with(frame_at, '?')));
  EXPECT_TRUE(IsRefused(with(frame_at, ';')));
  EXPECT_TRUE(IsRefused(with(frame_at + 5, 0))) << "no width";
  EXPECT_TRUE(IsRefused(with(frame_at + 10, 0))) << "no bits";
  EXPECT_TRUE(IsRefused(with(frame_at + 10, 9))) << "too many bits";
  EXPECT_TRUE(IsRefused(with(frame_at + 12, '\xFF'))) << "the first code means nothing";
  EXPECT_TRUE(IsRefused(with(10, 0))) << "no palette";
}

// --- BMP -----------------------------------------------------------------------------------------

struct BmpSpec {
  uint32_t head_bytes = 40;
  int width = 0;
  int height = 0;  // below zero: top down
  int bits = 24;
  uint32_t compression = 0;
  std::vector<uint32_t> masks = {};
  std::vector<Colour> palette = {};
  std::string pixels = {};
};

std::string Signed32(int value) { return Little32(static_cast<uint32_t>(value)); }

std::string BmpFile(const BmpSpec& spec) {
  std::string head = Little32(spec.head_bytes);
  if (spec.head_bytes == 12) {
    head += Signed32(spec.width).substr(0, 2) + Signed32(spec.height).substr(0, 2);
  } else {
    head += Signed32(spec.width) + Signed32(spec.height);
  }
  head += Little16(1) + Little16(static_cast<uint32_t>(spec.bits));
  if (spec.head_bytes >= 40) {
    head += Little32(spec.compression) + Little32(0) + Little32(2835) + Little32(2835) +
            Little32(static_cast<uint32_t>(spec.palette.size())) + Little32(0);
  }
  for (const uint32_t mask : spec.masks) {
    head += Little32(mask);  // inside the head, or behind one of 40 bytes
  }
  head.resize(std::max<size_t>(head.size(), spec.head_bytes));
  for (const Colour& colour : spec.palette) {
    head +=
        {static_cast<char>(colour[2]), static_cast<char>(colour[1]), static_cast<char>(colour[0])};
    head += spec.head_bytes == 12 ? "" : std::string(1, '\0');
  }
  const auto pixels_at = static_cast<uint32_t>(14 + head.size());
  return "BM" + Little32(pixels_at + static_cast<uint32_t>(spec.pixels.size())) + Little32(0) +
         Little32(pixels_at) + head + spec.pixels;
}

// Rows of samples of 1 to 32 bits, the lowest row first unless `top_down`.
std::string BmpRows(int width, int height, int bits,
                    const std::function<uint32_t(int x, int y)>& sample, bool top_down = false) {
  std::string bytes;
  for (int i = 0; i < height; ++i) {
    const int y = top_down ? i : height - 1 - i;
    std::string row;
    uint32_t packed = 0;
    int count = 0;
    for (int x = 0; x < width; ++x) {
      if (bits >= 8) {
        row += Little32(sample(x, y)).substr(0, static_cast<size_t>(bits / 8));
        continue;
      }
      packed = packed << bits | sample(x, y);
      count += bits;
      if (count == 8) {
        row += static_cast<char>(packed & 0xFF);
        count = 0;
      }
    }
    if (count > 0) {
      row += static_cast<char>(packed << (8 - count) & 0xFF);
    }
    row.resize((row.size() + 3) / 4 * 4);
    bytes += row;
  }
  return bytes;
}

class DecodeBmpKind : public testing::TestWithParam<std::tuple<uint32_t, int>> {};

TEST_P(DecodeBmpKind, GivesThePixelsOfAPalette) {
  const auto [head_bytes, bits] = GetParam();
  const std::vector<Colour> palette = Palette(size_t{1} << bits);
  const auto index = [&](int x, int y) { return Index(x, y, palette.size()); };
  for (const int width : {1, 7, 32, 33}) {
    ExpectPixels(Decoded(BmpFile({.head_bytes = head_bytes,
                                  .width = width,
                                  .height = 5,
                                  .bits = bits,
                                  .palette = palette,
                                  .pixels = BmpRows(width, 5, bits, index)})),
                 width, 5, [&](int x, int y) { return palette[index(x, y)]; });
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, DecodeBmpKind,
                         testing::Combine(testing::Values(12, 16, 40, 52, 56, 64, 108, 124),
                                          testing::Values(1, 2, 4, 8)));

Colour TrueColour(int x, int y) {
  return {static_cast<uint8_t>(x * 30), static_cast<uint8_t>(y * 40),
          static_cast<uint8_t>(x * y * 3)};
}
uint32_t Packed(int x, int y) {
  const Colour colour = TrueColour(x, y);
  return uint32_t{colour[0]} << 16 | uint32_t{colour[1]} << 8 | colour[2];
}

TEST(DecodeBmp, GivesThePixelsOf24And32Bits) {
  for (const int bits : {24, 32}) {
    for (const bool top_down : {false, true}) {
      const std::string file = BmpFile({.width = 7,
                                        .height = top_down ? -5 : 5,
                                        .bits = bits,
                                        .pixels = BmpRows(7, 5, bits, Packed, top_down)});
      ExpectPixels(Decoded(file), 7, 5, TrueColour);
    }
  }
}

TEST(DecodeBmp, ScalesFieldsOfAnyWidth) {
  struct Case {
    int bits;
    std::vector<uint32_t> masks;
  };
  for (const Case& fields :
       {Case{16, {0xF800, 0x07E0, 0x001F}}, Case{16, {0x0F00, 0x00F0, 0x000F}},
        Case{32, {0xFF0000, 0xFF00, 0xFF}}, Case{32, {0x3FF00000, 0xFFC00, 0x3FF}},
        Case{32, {0x000000FF, 0x0000FF00, 0x00FF0000}}}) {
    const auto max = [&](size_t i) {
      return fields.masks[i] / (fields.masks[i] & -fields.masks[i]);
    };
    const auto value = [&](int x, int y, size_t i) {
      return static_cast<uint32_t>(x + 3 * y + static_cast<int>(i)) * (max(i) / 31 + 1) %
             (max(i) + 1);
    };
    const auto sample = [&](int x, int y) {
      uint32_t pixel = 0;
      for (size_t i = 0; i < 3; ++i) {
        pixel |= value(x, y, i) * (fields.masks[i] & -fields.masks[i]);
      }
      return pixel;
    };
    const std::string file = BmpFile({.width = 5,
                                      .height = 4,
                                      .bits = fields.bits,
                                      .compression = 3,
                                      .masks = fields.masks,
                                      .pixels = BmpRows(5, 4, fields.bits, sample)});
    ExpectPixels(Decoded(file), 5, 4, [&](int x, int y) {
      Colour colour;
      for (size_t i = 0; i < 3; ++i) {
        colour[i] = static_cast<uint8_t>(std::lround(255.0 * value(x, y, i) / max(i)));
      }
      return colour;
    });
  }
}

TEST(DecodeBmp, SixteenBitsWithoutFieldsAreFiveEach) {
  const std::string file = BmpFile(
      {.width = 1, .height = 1, .bits = 16, .pixels = Little16(31U << 10 | 16U << 5 | 0) + "  "});
  EXPECT_EQ(PixelAt(Decoded(file), 0, 0), (Colour{255, 132, 0}));
}

BmpSpec WithAlpha(const std::string& pixels) {
  return {.head_bytes = 124,
          .width = 2,
          .height = 1,
          .bits = 32,
          .compression = 3,
          .masks = {0xFF0000, 0xFF00, 0xFF, 0xFF000000},
          .pixels = pixels};
}

TEST(DecodeBmp, LaysTransparentPixelsOverWhite) {
  const chat::Image image =
      Decoded(BmpFile(WithAlpha(Little32(0x80204060) + Little32(0x00204060))));
  EXPECT_EQ(PixelAt(image, 0, 0), (Colour{143, 159, 175}));
  EXPECT_EQ(PixelAt(image, 1, 0), kWhite);
}

TEST(DecodeBmp, AnAlphaFieldThatIsNeverSetMeansOpaque) {
  const chat::Image image =
      Decoded(BmpFile(WithAlpha(Little32(0x00204060) + Little32(0x00102030))));
  EXPECT_EQ(PixelAt(image, 0, 0), (Colour{0x20, 0x40, 0x60}));
  EXPECT_EQ(PixelAt(image, 1, 0), (Colour{0x10, 0x20, 0x30}));
}

std::string Indices(const chat::Image& image, const std::vector<Colour>& palette) {
  std::string text;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      for (size_t i = 0; i < palette.size(); ++i) {
        if (palette[i] == PixelAt(image, x, y)) {
          text += static_cast<char>(i < 10 ? '0' + i : 'a' + i - 10);
        }
      }
    }
    text += '/';
  }
  return text;
}

BmpSpec RunLengths(int bits, std::string_view codes) {
  return {.width = 6,
          .height = 3,
          .bits = bits,
          .compression = bits == 8 ? 1U : 2U,
          .palette = Palette(16),
          .pixels = std::string(codes)};
}

std::string Drawn(int bits, std::string_view codes) {
  return Indices(Decoded(BmpFile(RunLengths(bits, codes))), Palette(16));
}

TEST(DecodeBmp, ReadsRunLengthsOfEightBits) {
  using namespace std::string_view_literals;
  // The lowest row first: a run and three literals with their padding; a move; the rest.
  EXPECT_EQ(Drawn(8, "\x02\x05\x00\x03\x01\x02\x03\x00\x00\x00\x00\x02\x03\x01\x02\x07\x00\x01"sv),
            "000770/000000/551230/");
  // Pixels right of the picture are dropped.
  EXPECT_EQ(Drawn(8, "\x09\x05\x00\x00\x06\x01\x00\x00\x06\x02\x00\x01"sv),
            "222222/111111/555555/");
  // Rows are full without an end mark.
  EXPECT_EQ(Drawn(8, "\x06\x05\x00\x00\x06\x01\x00\x00\x06\x02\x00\x00"sv),
            "222222/111111/555555/");
}

TEST(DecodeBmp, ReadsRunLengthsOfFourBits) {
  using namespace std::string_view_literals;
  EXPECT_EQ(Drawn(4, "\x05\x5A\x00\x00\x00\x05\x12\x34\x50\x00\x00\x00\x06\x77\x00\x01"sv),
            "777777/123450/5a5a50/");
}

TEST(DecodeBmp, RefusesRunLengthsThatEndEarlyOrGoDown) {
  using namespace std::string_view_literals;
  for (const std::string_view codes :
       {""sv, "\x06"sv, "\x06\x05"sv, "\x06\x05\x00"sv, "\x00\x02\x01"sv, "\x00\x06\x01\x02"sv}) {
    EXPECT_TRUE(IsRefused(BmpFile(RunLengths(8, codes)))) << codes.size();
  }
  BmpSpec spec = RunLengths(8, "\x06\x05\x00\x01"sv);
  spec.height = -3;
  EXPECT_TRUE(IsRefused(BmpFile(spec)));
}

TEST(DecodeBmp, RefusesKindsThatItDoesNotRead) {
  const auto refused = [](BmpSpec spec) {
    spec.width = spec.width == 0 ? 2 : spec.width;
    spec.height = spec.height == 0 ? 2 : spec.height;
    spec.pixels = std::string(64, 'x');
    return IsRefused(BmpFile(spec));
  };
  EXPECT_FALSE(refused({}));
  EXPECT_TRUE(refused({.compression = 4})) << "a JPEG inside";
  EXPECT_TRUE(refused({.compression = 5})) << "a PNG inside";
  EXPECT_TRUE(refused({.head_bytes = 64, .bits = 1, .compression = 3})) << "OS/2's Huffman";
  EXPECT_TRUE(refused({.head_bytes = 64, .compression = 4})) << "OS/2's runs of 24 bits";
  EXPECT_TRUE(refused({.head_bytes = 41}));
  EXPECT_TRUE(refused({.bits = 5}));
  EXPECT_TRUE(refused({.bits = 0}));
  EXPECT_TRUE(refused({.bits = 24, .compression = 1}));
  EXPECT_TRUE(refused({.bits = 32, .compression = 3, .masks = {0xF0F, 0xF0, 0xF000}}));
  EXPECT_TRUE(refused({.width = -2}));
  EXPECT_TRUE(refused({.height = std::numeric_limits<int>::min()}));
}

}  // namespace
}  // namespace millrace::media
