#include "media/container.h"

#include <gtest/gtest.h>

#include <string>

#include "media/testing/image_files.h"

namespace millrace::media {
namespace {

TEST(IsAudio, KnowsWavAndMp3) {
  EXPECT_TRUE(IsAudio(Riff("WAVE", RiffChunk("fmt ", std::string(16, '\0')))));
  EXPECT_TRUE(IsAudio(std::string("ID3\x04\0\0", 6)));
  EXPECT_TRUE(IsAudio("\xFF\xFB\x90\x64 frame"));
  EXPECT_TRUE(IsAudio("\xFF\xE3\x18\xC4 MPEG 2.5"));
}

TEST(IsAudio, RefusesOtherBytes) {
  for (const std::string_view bytes :
       {"", "RIFF", "RIFFxxxxWEBP", "RIFFxxxxAVI ", "OggS", "fLaC", "\xFF\xFB",
        "\xFF\xF1\x50\x80 AAC in ADTS", "\xFF\xD8\xFF\xE0 JPEG", "\xFF\xFB\xF0\x64 bit rate",
        "\xFF\xFB\x9C\x64 sample rate", "\xFF\xEB\x90\x64 version"}) {
    EXPECT_FALSE(IsAudio(bytes)) << bytes;
  }
}

TEST(IsVideo, KnowsTheUsualContainers) {
  EXPECT_TRUE(IsVideo(std::string("\0\0\0\x18", 4) + "ftypmp42"));
  EXPECT_TRUE(IsVideo(std::string("\0\0\0\x14", 4) + "ftypqt  "));
  EXPECT_TRUE(IsVideo(std::string("\0\0\x10\0", 4) + "moov"));
  EXPECT_TRUE(IsVideo("\x1A\x45\xDF\xA3 webm"));
  EXPECT_TRUE(IsVideo(Riff("AVI ", "")));
}

TEST(IsVideo, RefusesOtherBytes) {
  for (const std::string_view bytes :
       {"", "ftyp", "    ftyq", "RIFFxxxxWAVE", "GIF89a", "\x1A\x45"}) {
    EXPECT_FALSE(IsVideo(bytes)) << bytes;
  }
}

}  // namespace
}  // namespace millrace::media
