#include "media/image_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "media/testing/image_files.h"

namespace millrace::media {
namespace {

chat::Image Decoded(std::string_view file) {
  auto image = DecodeImage(file);
  EXPECT_TRUE(image.has_value()) << image.error().message;
  return image.has_value() ? *std::move(image) : chat::Image();
}

// The largest difference of a sample; 256 for pictures of another size.
int Difference(const chat::Image& a, const chat::Image& b) {
  if (a.width != b.width || a.height != b.height || a.rgb.size() != b.rgb.size()) {
    return 256;
  }
  int largest = 0;
  for (size_t i = 0; i < a.rgb.size(); ++i) {
    largest = std::max(largest, std::abs(a.rgb[i] - b.rgb[i]));
  }
  return largest;
}

// A picture whose pixels the test computes.
chat::Image Painted(int width, int height, const std::function<Colour(int x, int y)>& colour) {
  chat::Image image{.width = width, .height = height};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const Colour pixel = colour(x, y);
      image.rgb.insert(image.rgb.end(), pixel.begin(), pixel.end());
    }
  }
  return image;
}

uint8_t OverWhite(double sample, double alpha) {
  return static_cast<uint8_t>(std::lround(255 * (sample * alpha + 1 - alpha)));
}

struct PngKind {
  int colour_type;
  int depth;
};

class DecodePngKind : public testing::TestWithParam<std::tuple<PngKind, bool>> {
 protected:
  static constexpr int kWidth = 13;
  static constexpr int kHeight = 11;

  PngKind kind() const { return std::get<0>(GetParam()); }
  int max() const { return (1 << kind().depth) - 1; }
  int channels() const {
    constexpr int kChannels[] = {1, 0, 3, 1, 2, 0, 4};
    return kChannels[kind().colour_type];
  }
  uint16_t Sample(int x, int y, int channel) const {
    return static_cast<uint16_t>((x * 40503 + y * 9973 + channel * 22277 + 77) & max());
  }
  double Part(int x, int y, int channel) const {
    return static_cast<double>(Sample(x, y, channel)) / max();
  }
  PngSpec Spec() const {
    return {.width = kWidth,
            .height = kHeight,
            .colour_type = kind().colour_type,
            .depth = kind().depth,
            .interlaced = std::get<1>(GetParam()),
            .sample = [this](int x, int y, int channel) { return Sample(x, y, channel); }};
  }
  Colour Expected(int x, int y) const {
    const bool has_alpha = kind().colour_type >= 4;
    const double alpha = has_alpha ? Part(x, y, channels() - 1) : 1;
    Colour colour;
    for (int channel = 0; channel < 3; ++channel) {
      const int from = channels() >= 3 ? channel : 0;
      colour[static_cast<size_t>(channel)] = OverWhite(Part(x, y, from), alpha);
    }
    return colour;
  }
};

TEST_P(DecodePngKind, GivesItsPixels) {
  PngSpec spec = Spec();
  if (kind().colour_type == 3) {
    for (int i = 0; i <= max(); ++i) {
      spec.palette.push_back({static_cast<uint8_t>(i), static_cast<uint8_t>(255 - i), 7});
    }
    const chat::Image expected =
        Painted(kWidth, kHeight, [&](int x, int y) { return spec.palette[Sample(x, y, 0)]; });
    EXPECT_EQ(Difference(Decoded(PngFile(spec)), expected), 0);
    return;
  }
  const chat::Image expected =
      Painted(kWidth, kHeight, [this](int x, int y) { return Expected(x, y); });
  // Rounding to 8 bits and laying over white may each be off by one.
  EXPECT_LE(Difference(Decoded(PngFile(spec)), expected), kind().colour_type >= 4 ? 1 : 0);
}

TEST_P(DecodePngKind, ItsTransparentPixelsAreWhite) {
  PngSpec spec = Spec();
  const auto at = [this](int channel) { return Sample(3, 2, channel); };
  if (kind().colour_type >= 4) {
    spec.sample = [this](int x, int y, int channel) {
      const bool is_alpha = channel == channels() - 1;
      return is_alpha && x == 3 && y == 2 ? uint16_t{0} : Sample(x, y, channel);
    };
  } else if (kind().colour_type == 3) {
    spec.palette.assign(static_cast<size_t>(max()) + 1, {10, 20, 30});
    spec.palette_alpha.assign(static_cast<size_t>(at(0)) + 1, 255);
    spec.palette_alpha.back() = 0;
  } else {
    spec.transparent = {at(0)};
    if (kind().colour_type == 2) {
      spec.transparent = {at(0), at(1), at(2)};
    }
  }
  const chat::Image image = Decoded(PngFile(spec));
  const Colour white = {255, 255, 255};
  EXPECT_EQ(PixelAt(image, 3, 2), white);
  const Colour opaque = kind().colour_type == 3 ? Colour{10, 20, 30} : Expected(4, 2);
  if (kind().colour_type < 4 && Sample(4, 2, 0) != Sample(3, 2, 0)) {
    EXPECT_EQ(PixelAt(image, 4, 2), opaque);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, DecodePngKind,
    testing::Combine(testing::Values(PngKind{0, 1}, PngKind{0, 2}, PngKind{0, 4}, PngKind{0, 8},
                                     PngKind{0, 16}, PngKind{2, 8}, PngKind{2, 16}, PngKind{3, 1},
                                     PngKind{3, 2}, PngKind{3, 4}, PngKind{3, 8}, PngKind{4, 8},
                                     PngKind{4, 16}, PngKind{6, 8}, PngKind{6, 16}),
                     testing::Bool()),
    [](const auto& kinds) {
      const PngKind kind = std::get<0>(kinds.param);
      return "Type" + std::to_string(kind.colour_type) + "Depth" + std::to_string(kind.depth) +
             (std::get<1>(kinds.param) ? "Interlaced" : "");
    });

TEST(DecodePng, LaysHalfTransparentPaletteEntriesOverWhite) {
  const std::string file = PngFile({.colour_type = 3,
                                    .palette = {{0, 100, 200}},
                                    .palette_alpha = {128},
                                    .sample = [](int, int, int) { return uint16_t{0}; }});
  EXPECT_THAT(PixelAt(Decoded(file), 0, 0),
              testing::ElementsAre(OverWhite(0, 128 / 255.0), OverWhite(100 / 255.0, 128 / 255.0),
                                   OverWhite(200 / 255.0, 128 / 255.0)));
}

TEST(DecodePng, IgnoresGammaAndTexts) {
  const chat::Image image = Gradient(9, 9);
  std::string file = PngFile(image);
  const std::string chunks = PngChunk("gAMA", std::string("\0\0\x40\0", 4)) +
                             PngChunk("zTXt", std::string("k\0\0not zlib", 11)) +
                             PngChunk("iCCP", std::string("p\0\0not zlib", 11)) +
                             PngChunk("abCd", "private");
  file.insert(33, chunks);  // behind the head
  EXPECT_EQ(Difference(Decoded(file), image), 0);
}

struct JpegKind {
  const char* name;
  JpegSpec spec;
};

class DecodeJpegKind : public testing::TestWithParam<JpegKind> {};

TEST_P(DecodeJpegKind, GivesNearlyItsPixels) {
  const JpegSpec& spec = GetParam().spec;
  chat::Image image = Gradient(70, 45);
  const chat::Image decoded = Decoded(JpegFile(image, spec));
  if (spec.colour == JpegColour::kGrey) {
    image = Painted(70, 45, [&](int x, int y) {
      const uint8_t grey = PixelAt(image, x, y)[0];
      return Colour{grey, grey, grey};
    });
  }
  EXPECT_LE(Difference(decoded, image), 12);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, DecodeJpegKind,
    testing::Values(JpegKind{"Grey", {.colour = JpegColour::kGrey}}, JpegKind{"Ycc", {}},
                    JpegKind{"Rgb", {.colour = JpegColour::kRgb}},
                    JpegKind{"CmykOfAdobe", {.colour = JpegColour::kCmyk}},
                    JpegKind{"CmykOfOthers", {.colour = JpegColour::kCmyk, .adobe_mark = false}},
                    JpegKind{"Ycck", {.colour = JpegColour::kYcck}},
                    JpegKind{"Progressive", {.progressive = true}},
                    JpegKind{"ProgressiveGrey", {.colour = JpegColour::kGrey, .progressive = true}},
                    JpegKind{"ProgressiveYcck", {.colour = JpegColour::kYcck, .progressive = true}},
                    JpegKind{"Restarts", {.restart_interval = 2}},
                    JpegKind{"OneScanAChannel", {.one_scan_a_channel = true}},
                    JpegKind{"Arithmetic", {.arithmetic = true}}),
    [](const auto& kinds) { return kinds.param.name; });

TEST(DecodeWebp, GivesThePixelsOfALosslessOne) {
  const chat::Image image = Gradient(33, 20);
  EXPECT_EQ(Difference(Decoded(WebpFile(image)), image), 0);
}

TEST(DecodeWebp, GivesNearlyThePixelsOfALossyOne) {
  const chat::Image image = Gradient(64, 48);
  EXPECT_LE(Difference(Decoded(LossyWebpFile(image)), image), 24);
}

TEST(DecodeWebp, LaysTransparentPixelsOverWhite) {
  const chat::Image image = Gradient(16, 16);
  std::vector<uint8_t> alpha;
  for (int i = 0; i < 256; ++i) {
    alpha.push_back(static_cast<uint8_t>(i));
  }
  const chat::Image expected = Painted(16, 16, [&](int x, int y) {
    const Colour pixel = PixelAt(image, x, y);
    const double part = (y * 16 + x) / 255.0;
    return Colour{OverWhite(pixel[0] / 255.0, part), OverWhite(pixel[1] / 255.0, part),
                  OverWhite(pixel[2] / 255.0, part)};
  });
  EXPECT_LE(Difference(Decoded(WebpFile(image, alpha)), expected), 1);
}

std::string Little24(uint32_t value) { return Little32(value).substr(0, 3); }

std::string AnimatedWebp(int canvas_width, int canvas_height, int left, int top,
                         const chat::Image& frame) {
  const auto less_one = [](int side) { return Little24(static_cast<uint32_t>(side - 1)); };
  const std::string still(ChunksOf(WebpFile(frame)));
  const std::string body = Little24(static_cast<uint32_t>(left / 2)) +
                           Little24(static_cast<uint32_t>(top / 2)) + less_one(frame.width) +
                           less_one(frame.height) + std::string(4, '\0') + still;
  return Riff("WEBP", RiffChunk("VP8X", std::string("\x02\0\0\0", 4) + less_one(canvas_width) +
                                            less_one(canvas_height)) +
                          RiffChunk("ANIM", std::string(6, '\0')) + RiffChunk("ANMF", body) +
                          RiffChunk("ANMF", body));
}

TEST(DecodeWebp, OfAnAnimationTheFirstFrameCountsInItsPlace) {
  const chat::Image frame = Gradient(10, 8);
  const chat::Image image = Decoded(AnimatedWebp(20, 16, 4, 6, frame));
  ASSERT_EQ(image.width, 20);
  ASSERT_EQ(image.height, 16);
  const Colour white = {255, 255, 255};
  EXPECT_EQ(PixelAt(image, 3, 6), white);
  EXPECT_EQ(PixelAt(image, 4, 6), PixelAt(frame, 0, 0));
  EXPECT_EQ(PixelAt(image, 13, 13), PixelAt(frame, 9, 7));
  EXPECT_EQ(PixelAt(image, 14, 13), white);
}

TEST(DecodeWebp, RefusesAFrameOutsideItsCanvas) {
  EXPECT_FALSE(DecodeImage(AnimatedWebp(20, 16, 12, 6, Gradient(10, 8))).has_value());
}

TEST(DecodeImage, FindsTheFormatFromTheBytesAlone) {
  EXPECT_EQ(DecodeImage("").error().kind, base::ErrorKind::kCorruptData);
  for (const std::string_view text :
       {"hello", "%PDF-1.7", "<svg/>", "RIFF\x04\0\0\0WAVE", "II*", "ftypavif"}) {
    EXPECT_EQ(DecodeImage(text).error().kind, base::ErrorKind::kCorruptData) << text;
  }
}

TEST(DecodeImage, TakesASinglePixel) {
  const chat::Image pixel{.width = 1, .height = 1, .rgb = {255, 255, 255}};
  for (const std::string& file : {PngFile(pixel), JpegFile(pixel), WebpFile(pixel)}) {
    EXPECT_EQ(Difference(Decoded(file), pixel), 0);
  }
}

TEST(DecodeImage, CanBeInterrupted) {
  const chat::Image image = Gradient(100, 100);
  for (const std::string& file :
       {PngFile(image), JpegFile(image, {.progressive = true}), WebpFile(image)}) {
    EXPECT_EQ(DecodeImage(file, {}, [] { return true; }).error().kind, base::ErrorKind::kCancelled);
  }
}

// Two columns, three rows, named A to F, one letter a pixel.
constexpr std::string_view kUprightLetters = "AB/CD/EF";

Colour ColourOf(char letter) {
  const auto value = static_cast<uint8_t>((letter - 'A') * 40 + 20);
  return {value, static_cast<uint8_t>(255 - value), value};
}

// The letters of a picture of blocks of `block` pixels, row by row.
std::string LettersOf(const chat::Image& image, int block) {
  std::string letters;
  for (int y = block / 2; y < image.height; y += block) {
    for (int x = block / 2; x < image.width; x += block) {
      const Colour pixel = PixelAt(image, x, y);
      letters += static_cast<char>('A' + (pixel[0] - 20 + 20) / 40);
    }
    letters += '/';
  }
  letters.pop_back();
  return letters;
}

chat::Image LetterPicture(int block) {
  return Painted(2 * block, 3 * block, [block](int x, int y) {
    return ColourOf(kUprightLetters[static_cast<size_t>(y / block * 3 + x / block)]);
  });
}

class DecodeOriented : public testing::TestWithParam<std::pair<int, const char*>> {};

TEST_P(DecodeOriented, TurnsPicturesUpright) {
  const auto [orientation, letters] = GetParam();
  for (const bool big_endian : {false, true}) {
    const std::string exif = ExifBlock(orientation, big_endian);
    EXPECT_EQ(LettersOf(Decoded(PngFile(LetterPicture(1), exif)), 1), letters);
    // Tiles larger than the one that turning goes by.
    EXPECT_EQ(LettersOf(Decoded(PngFile(LetterPicture(37), exif)), 37), letters);
    EXPECT_EQ(LettersOf(Decoded(JpegFile(LetterPicture(16), {.exif = exif})), 16), letters);
    const chat::Image picture = LetterPicture(2);
    const std::string webp =
        Riff("WEBP", RiffChunk("VP8X", std::string("\x08\0\0\0\x03\0\0\x05\0\0", 10)) +
                         std::string(ChunksOf(WebpFile(picture))) + RiffChunk("EXIF", exif));
    EXPECT_EQ(LettersOf(Decoded(webp), 2), letters);
  }
}

INSTANTIATE_TEST_SUITE_P(Orientations, DecodeOriented,
                         testing::Values(std::pair{1, "AB/CD/EF"}, std::pair{2, "BA/DC/FE"},
                                         std::pair{3, "FE/DC/BA"}, std::pair{4, "EF/CD/AB"},
                                         std::pair{5, "ACE/BDF"}, std::pair{6, "ECA/FDB"},
                                         std::pair{7, "FDB/ECA"}, std::pair{8, "BDF/ACE"},
                                         std::pair{0, "AB/CD/EF"}, std::pair{9, "AB/CD/EF"}));

TEST(DecodeImage, ABrokenExifBlockMeansUpright) {
  const std::string whole = ExifBlock(6, false);
  for (size_t length = 0; length < 20; ++length) {
    EXPECT_EQ(
        LettersOf(Decoded(JpegFile(LetterPicture(16), {.exif = whole.substr(0, length)})), 16),
        kUprightLetters)
        << length;
  }
}

}  // namespace
}  // namespace millrace::media
