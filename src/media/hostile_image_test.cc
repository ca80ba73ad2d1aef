// Files that mean harm or come damaged: they cost little and never take the process with them.
#include <gtest/gtest.h>
#include <zlib.h>

#include <random>

#include "media/image_decoder.h"
#include "media/testing/image_files.h"

namespace millrace::media {
namespace {

std::string BigEndian32(uint32_t value) {
  const std::string little = Little32(value);
  return {little.rbegin(), little.rend()};
}

bool IsRefused(std::string_view file, const DecodeLimits& limits = {}) {
  const auto image = DecodeImage(file, limits);
  return !image.has_value() && image.error().kind == base::ErrorKind::kCorruptData;
}

GifSpec SmallGif(int width = 9, int height = 7) {
  return {.width = width,
          .height = height,
          .palette = {{1, 2, 3}, {200, 100, 50}, {9, 9, 9}, {255, 0, 255}},
          .interlaced = true,
          .index = [](int x, int y) { return static_cast<uint8_t>((x * y + x) & 3); }};
}

std::string SmallBmp() {
  std::string pixels;
  for (int i = 0; i < 4 * 8; ++i) {
    pixels += static_cast<char>(i * 7);
  }
  return "BM" + Little32(54 + 32) + Little32(0) + Little32(54) + Little32(40) + Little32(2) +
         Little32(4) + Little16(1) + Little16(24) + std::string(24, '\0') + pixels;
}

// One small file of each kind that has code of its own.
std::vector<std::pair<std::string, std::string>> SmallFiles() {
  const chat::Image picture = Gradient(19, 13);
  const std::string exif = ExifBlock(6, true);
  return {
      {"png", PngFile(picture, exif)},
      {"png interlaced",
       PngFile({.colour_type = 6,
                .interlaced = true,
                .sample = [](int x, int y, int c) { return static_cast<uint16_t>(x * y + c); }})},
      {"png palette",
       PngFile({.colour_type = 3,
                .depth = 2,
                .palette = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {10, 11, 12}},
                .palette_alpha = {9, 200},
                .sample = [](int x, int y, int) { return static_cast<uint16_t>((x ^ y) & 3); }})},
      {"jpeg", JpegFile(picture, {.exif = exif})},
      {"jpeg progressive", JpegFile(picture, {.progressive = true})},
      {"jpeg scans", JpegFile(picture, {.one_scan_a_channel = true})},
      {"jpeg restarts", JpegFile(picture, {.restart_interval = 1})},
      {"jpeg cmyk", JpegFile(picture, {.colour = JpegColour::kYcck})},
      {"jpeg arithmetic", JpegFile(picture, {.arithmetic = true})},
      {"webp lossless", WebpFile(picture)},
      {"webp lossy", LossyWebpFile(picture)},
      {"webp alpha", WebpFile(picture, std::vector<uint8_t>(19 * 13, 77))},
      {"gif", GifFile(SmallGif())},
      {"bmp", SmallBmp()},
  };
}

TEST(HostileImage, AFileThatIsCutGivesTheWholePictureOrNone) {
  for (const auto& [name, file] : SmallFiles()) {
    const auto whole = DecodeImage(file);
    ASSERT_TRUE(whole.has_value()) << name << ": " << whole.error().message;
    size_t accepted = 0;
    for (size_t length = 0; length < file.size(); ++length) {
      const auto cut = DecodeImage(std::string_view(file).substr(0, length));
      if (cut.has_value()) {
        ++accepted;
        EXPECT_EQ(cut->rgb, whole->rgb) << name << " cut to " << length;
      }
    }
    // End marks and checksums at most.
    EXPECT_LE(accepted, 24U) << name;
  }
}

TEST(HostileImage, DamageNeverCrashes) {
  std::mt19937 random(20240607);
  for (const auto& [name, file] : SmallFiles()) {
    for (int round = 0; round < 400; ++round) {
      std::string damaged = file;
      for (uint32_t changes = random() % 4 + 1; changes > 0; --changes) {
        damaged[random() % damaged.size()] = static_cast<char>(random());
      }
      const auto image = DecodeImage(damaged, {.pixels_max = 1'000'000});
      if (image.has_value()) {
        EXPECT_EQ(image->rgb.size(), size_t{3} * static_cast<size_t>(image->width) *
                                         static_cast<size_t>(image->height))
            << name;
      }
    }
  }
}

// Sets the size that each format's head names.
std::string PngOfSize(uint32_t width, uint32_t height, const std::string& pixels) {
  const std::string head =
      BigEndian32(width) + BigEndian32(height) + std::string("\x08\2\0\0\0", 5);
  return "\x89PNG\r\n\x1A\n" + PngChunk("IHDR", head) + PngChunk("IDAT", pixels) +
         PngChunk("IEND", "");
}

std::string JpegOfSize(uint32_t width, uint32_t height) {
  std::string file = JpegFile(Gradient(16, 16));
  const size_t frame = file.find("\xFF\xC0");
  const std::string sides = BigEndian32(height << 16 | width);
  return file.replace(frame + 5, 4, sides);
}

std::string GifOfSize(uint32_t width, uint32_t height) {
  std::string file = GifFile(SmallGif());
  const std::string sides = Little16(width) + Little16(height);
  return file.replace(6, 4, sides).replace(file.find(',') + 5, 4, sides);
}

std::string BmpOfSize(uint32_t width, uint32_t height) {
  return SmallBmp().replace(18, 8, Little32(width) + Little32(height));
}

std::string WebpOfSize(uint32_t width, uint32_t height) {
  const std::string canvas = Little32(width - 1).substr(0, 3) + Little32(height - 1).substr(0, 3);
  return Riff("WEBP", RiffChunk("VP8X", std::string(4, '\0') + canvas) +
                          std::string(ChunksOf(WebpFile(Gradient(8, 8)))));
}

TEST(HostileImage, ATinyFileThatClaimsAHugePictureIsRefused) {
  struct Sides {
    uint32_t width;
    uint32_t height;
  };
  for (const Sides sides : {Sides{65'535, 65'535},
                            {16'385, 1},
                            {1, 16'385},
                            {8'001, 8'000},
                            {16'384, 3'907},
                            {0, 5},
                            {5, 0}}) {
    const auto [width, height] = sides;
    EXPECT_TRUE(IsRefused(PngOfSize(width, height, "xx"))) << width << "x" << height;
    EXPECT_TRUE(IsRefused(JpegOfSize(width, height))) << width << "x" << height;
    EXPECT_TRUE(IsRefused(GifOfSize(width, height))) << width << "x" << height;
    EXPECT_TRUE(IsRefused(BmpOfSize(width, height))) << width << "x" << height;
    EXPECT_TRUE(IsRefused(WebpOfSize(width, height))) << width << "x" << height;
  }
  EXPECT_TRUE(IsRefused(PngOfSize(0x7FFFFFFF, 0x7FFFFFFF, "xx")));
  EXPECT_TRUE(IsRefused(BmpOfSize(0x7FFFFFFF, 0x80000000)));
}

TEST(HostileImage, WithinTheLimitsAFileTooShortForItsPixelsIsRefusedBeforeMemoryIsTaken) {
  for (const auto& [name, file] :
       {std::pair{"png", PngOfSize(8'000, 8'000, std::string(1'000, 'x'))},
        {"jpeg", JpegOfSize(8'000, 8'000)},
        {"gif", GifOfSize(8'000, 8'000)},
        {"bmp", BmpOfSize(8'000, 8'000)}}) {
    const auto image = DecodeImage(file);
    ASSERT_FALSE(image.has_value()) << name;
    EXPECT_TRUE(image.error().message.find("too short") != std::string::npos ||
                image.error().message.find("end early") != std::string::npos)
        << name << ": " << image.error().message;
  }
}

std::string Deflated(size_t zeros) {
  const std::string plain(zeros, '\0');
  uLongf size = compressBound(static_cast<uLong>(zeros));
  std::string packed(size, '\0');
  compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
            reinterpret_cast<const Bytef*>(plain.data()), static_cast<uLong>(zeros), 9);
  packed.resize(size);
  return packed;
}

TEST(HostileImage, PixelDataFarLargerThanThePictureIsNotUnpacked) {
  const auto image = DecodeImage(PngOfSize(2, 2, Deflated(size_t{64} << 20)));
  ASSERT_TRUE(image.has_value()) << "what is behind the pixels does not matter";
  EXPECT_EQ(image->rgb, std::vector<uint8_t>(12, 0));
}

TEST(HostileImage, CompressedTextAndProfilesAreNotUnpacked) {
  const std::string bomb = Deflated(size_t{64} << 20);
  std::string file = PngFile(Gradient(4, 4));
  file.insert(33, PngChunk("zTXt", std::string("k\0\0", 3) + bomb) +
                      PngChunk("iCCP", std::string("p\0\0", 3) + bomb) +
                      PngChunk("iTXt", std::string("k\0\1\0\0\0", 6) + bomb));
  const auto image = DecodeImage(file);
  ASSERT_TRUE(image.has_value());
  EXPECT_EQ(image->rgb, Gradient(4, 4).rgb);
}

// The first scan of a progressive file, again and again.
std::string JpegWithScans(const chat::Image& picture, int repeats) {
  std::string file = JpegFile(picture, {.progressive = true});
  const size_t first_scan = file.find("\xFF\xDA");
  const size_t its_end = file.find("\xFF\xC4", first_scan);
  const std::string scan = file.substr(first_scan, its_end - first_scan);
  std::string scans;
  for (int i = 0; i < repeats; ++i) {
    scans += scan;
  }
  return file.insert(its_end, scans);
}

TEST(HostileImage, AJpegWithThousandsOfScansIsRefused) {
  const chat::Image picture = Gradient(64, 64);
  EXPECT_TRUE(DecodeImage(JpegWithScans(picture, 20)).has_value());
  EXPECT_TRUE(IsRefused(JpegWithScans(picture, 5'000)));
}

TEST(HostileImage, LargerJpegsMayHaveFewerScans) {
  const chat::Image picture = Gradient(64, 64);
  const std::string file = JpegWithScans(picture, 20);
  EXPECT_TRUE(IsRefused(file, {.jpeg_scan_pixels_max = 64 * 64 * 20}));
  EXPECT_FALSE(IsRefused(file, {.jpeg_scan_pixels_max = 64 * 64 * 40}));
  // The 18 scans of the usual progressive CMYK file are within the default at the largest size.
  EXPECT_GE(DecodeLimits().jpeg_scan_pixels_max / DecodeLimits().pixels_max, 18);
}

TEST(HostileImage, GifCodesThatGoOnBehindThePictureAreNotRead) {
  // The head says 9x7, the codes are those of a picture a thousand times as large.
  std::string file = GifFile(SmallGif(300, 200));
  const std::string sides = Little16(9) + Little16(7);
  file.replace(6, 4, sides).replace(file.find(',') + 5, 4, sides);
  const auto image = DecodeImage(file);
  ASSERT_TRUE(image.has_value());
  EXPECT_EQ(image->width, 9);
  EXPECT_EQ(image->height, 7);
}

TEST(HostileImage, GifCodesThatOnlyClearEndWithTheFile) {
  // Clear codes of three bits, and nothing else: 0b100100100…
  std::string file = GifFile(SmallGif());
  const size_t codes = file.find(',') + 10 + 1;
  file.resize(codes);
  for (int block = 0; block < 2'000; ++block) {
    file += '\xFF';
    for (int i = 0; i < 85; ++i) {
      file += "\x24\x49\x92";
    }
  }
  EXPECT_TRUE(IsRefused(file));
}

}  // namespace
}  // namespace millrace::media
