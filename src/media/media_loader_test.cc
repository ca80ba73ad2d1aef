#include "media/media_loader.h"

#include <gtest/gtest.h>

#include "http/testing/canned_server.h"
#include "media/testing/image_files.h"

namespace millrace::media {
namespace {

std::string Base64(std::string_view bytes) {
  constexpr std::string_view kCharacters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  uint32_t bits = 0;
  int count = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<uint8_t>(byte);
    for (count += 8; count >= 6; count -= 6) {
      text += kCharacters[bits >> (count - 6) & 63];
    }
  }
  if (count > 0) {
    text += kCharacters[bits << (6 - count) & 63];
  }
  return text;
}

std::string DataUrl(std::string_view bytes, const std::string& type = "image/png") {
  return "data:" + type + ";base64," + Base64(bytes);
}

std::unique_ptr<MediaLoader> Make(MediaLoaderOptions options = {}) {
  auto loader = MediaLoader::Create(std::move(options));
  EXPECT_TRUE(loader.has_value());
  return *std::move(loader);
}

struct Outcome {
  std::expected<LoadedMedia, MediaFailure> loaded;
  MediaAllowance allowance;
};

Outcome Load(const MediaLoader& loader, const MediaSource& source) {
  MediaAllowance allowance = loader.NewAllowance();
  auto loaded = loader.Load(source, allowance);
  return {std::move(loaded), allowance};
}

std::string_view FailureOf(const Outcome& outcome) {
  return outcome.loaded.has_value() ? "none" : MediaFailureName(outcome.loaded.error());
}

const std::string& Picture() {
  static const std::string file = PngFile(Gradient(6, 4));
  return file;
}
std::string Wav() { return Riff("WAVE", RiffChunk("fmt ", std::string(16, '\0'))); }
std::string Mp4() { return std::string("\0\0\0\x18", 4) + "ftypmp42 and so on"; }

TEST(MediaLoader, DecodesAPictureWhateverItsDeclaredType) {
  const auto loader = Make();
  for (const std::string type : {"image/png", "image/jpeg", "", "text/plain"}) {
    const Outcome outcome = Load(*loader, {MediaKind::kImage, DataUrl(Picture(), type)});
    ASSERT_EQ(FailureOf(outcome), "none") << type;
    EXPECT_EQ(outcome.loaded->image->width, 6);
    EXPECT_EQ(outcome.loaded->image->rgb, Gradient(6, 4).rgb);
    EXPECT_EQ(outcome.loaded->bytes, "");
  }
}

TEST(MediaLoader, HandsAudioAndVideoOnAsTheyCome) {
  const auto loader = Make();
  const Outcome audio = Load(*loader, {MediaKind::kAudio, DataUrl(Wav())});
  ASSERT_EQ(FailureOf(audio), "none");
  EXPECT_EQ(audio.loaded->bytes, Wav());
  EXPECT_EQ(audio.loaded->image, nullptr);
  const Outcome video = Load(*loader, {MediaKind::kVideo, DataUrl(Mp4())});
  ASSERT_EQ(FailureOf(video), "none");
  EXPECT_EQ(video.loaded->bytes, Mp4());
}

TEST(MediaLoader, NamesWhatIsWrongWithAUrl) {
  const auto loader = Make();
  for (const std::string url :
       {"", "ftp://host/a.png", "file:///etc/passwd", "iVBORw0KGgo=", "javascript:x",
        "//host/a.png", "http:/host", "http://", "https://user@host/a.png",
        "http://127.0.0.1/a.png", "http://169.254.169.254/", "http://8.8.8.8:22/"}) {
    EXPECT_EQ(FailureOf(Load(*loader, {MediaKind::kImage, url})), "bad_url") << url;
  }
  for (const std::string url : {"data:image/png,abc", "data:image/png;base64,a", "data:", "data:,",
                                "data:image/png;base64,ab*d"}) {
    EXPECT_EQ(FailureOf(Load(*loader, {MediaKind::kImage, url})), "bad_base64") << url;
  }
}

TEST(MediaLoader, NamesBytesThatAreNotWhatTheyShouldBe) {
  const auto loader = Make();
  const auto failure = [&loader](MediaKind kind, std::string_view bytes) {
    return FailureOf(Load(*loader, {kind, DataUrl(bytes)}));
  };
  EXPECT_EQ(failure(MediaKind::kImage, "hello"), "not_an_image");
  EXPECT_EQ(failure(MediaKind::kImage, ""), "not_an_image");
  EXPECT_EQ(failure(MediaKind::kImage, "%PDF-1.7"), "not_an_image");
  EXPECT_EQ(failure(MediaKind::kImage, Wav()), "not_an_image");
  EXPECT_EQ(failure(MediaKind::kAudio, Picture()), "bad_audio");
  EXPECT_EQ(failure(MediaKind::kVideo, Picture()), "bad_video");
}

TEST(MediaLoader, RefusesPicturesOverThePixelLimits) {
  const auto loader = Make({.decode = {.pixels_max = 23}});
  EXPECT_EQ(FailureOf(Load(*loader, {MediaKind::kImage, DataUrl(Picture())})), "not_an_image");
  EXPECT_EQ(FailureOf(Load(*Make({.decode = {.pixels_max = 24}}),
                           {MediaKind::kImage, DataUrl(Picture())})),
            "none");
}

TEST(MediaLoader, RefusesRemoteMediaWhereTheyAreSwitchedOff) {
  const auto loader = Make({.fetch_remote_media = false});
  for (const std::string url : {"http://8.8.8.8/a.png", "HTTPS://host/a.png", "http://"}) {
    EXPECT_EQ(FailureOf(Load(*loader, {MediaKind::kImage, url})), "remote_disabled") << url;
    EXPECT_FALSE(loader->CheckUrl(url).has_value());
  }
  EXPECT_EQ(FailureOf(Load(*loader, {MediaKind::kImage, "ftp://host/"})), "bad_url");
  EXPECT_EQ(FailureOf(Load(*loader, {MediaKind::kImage, DataUrl(Picture())})), "none");
}

TEST(MediaLoader, HoldsTheBytesOfOneItemAndOfAll) {
  const size_t size = Picture().size();
  const MediaSource picture = {MediaKind::kImage, DataUrl(Picture())};
  EXPECT_EQ(FailureOf(Load(*Make({.item_bytes_max = size}), picture)), "none");
  EXPECT_EQ(FailureOf(Load(*Make({.item_bytes_max = size - 1}), picture)), "item_too_large");
  const auto loader = Make({.total_bytes_max = size * 2 + 1});
  MediaAllowance allowance = loader->NewAllowance();
  EXPECT_TRUE(loader->Load(picture, allowance).has_value());
  EXPECT_TRUE(loader->Load(picture, allowance).has_value());
  EXPECT_EQ(allowance.bytes_left, 1U);
  EXPECT_EQ(loader->Load(picture, allowance).error(), MediaFailure::kTotalTooLarge);
}

TEST(MediaLoader, HoldsTheDecodedPixelsOfARequest) {
  const MediaSource picture = {MediaKind::kImage, DataUrl(Picture())};
  const auto loader = Make({.total_pixels_max = 47});
  MediaAllowance allowance = loader->NewAllowance();
  EXPECT_TRUE(loader->Load(picture, allowance).has_value());
  EXPECT_EQ(loader->Load(picture, allowance).error(), MediaFailure::kTotalTooLarge);
}

TEST(MediaLoader, FetchesAndDecodesARemotePicture) {
  http::CannedServer server(
      {.pieces = {"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: " +
                  std::to_string(Picture().size()) + "\r\n\r\n" + Picture()}});
  const auto loader =
      Make({.fetcher = {.allowed_addresses = {"127.0.0.1"}, .allowed_ports = {server.port()}}});
  const Outcome outcome = Load(*loader, {MediaKind::kImage, server.UrlOf("127.0.0.1", "/a.png")});
  ASSERT_EQ(FailureOf(outcome), "none");
  EXPECT_EQ(outcome.loaded->image->rgb, Gradient(6, 4).rgb);
  EXPECT_EQ(outcome.allowance.bytes_left, loader->NewAllowance().bytes_left - Picture().size());
}

TEST(MediaLoader, ARemoteItemThatIsTooLargeIsAFailedFetch) {
  http::CannedServer server(
      {.pieces = {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n" + std::string(50, 'x')}});
  const auto loader =
      Make({.item_bytes_max = 49,
            .fetcher = {.allowed_addresses = {"127.0.0.1"}, .allowed_ports = {server.port()}}});
  EXPECT_EQ(FailureOf(Load(*loader, {MediaKind::kImage, server.UrlOf("127.0.0.1", "/")})),
            "bad_url");
}

TEST(MediaLoader, StopsWhenNobodyWaits) {
  http::CannedServer server({.pieces = {}, .keep_open = true});
  const auto loader =
      Make({.fetcher = {.allowed_addresses = {"127.0.0.1"}, .allowed_ports = {server.port()}}});
  MediaAllowance allowance = loader->NewAllowance();
  const auto gone = [] { return true; };
  for (const std::string& url : {server.UrlOf("127.0.0.1", "/"), DataUrl(Picture())}) {
    EXPECT_EQ(loader->Load({MediaKind::kImage, url}, allowance, gone).error(),
              MediaFailure::kInterrupted);
  }
}

TEST(MediaLoader, ReadsInputAudio) {
  const auto loader = Make({.item_bytes_max = 100, .total_bytes_max = 150});
  const auto load = [&loader](std::string_view text) {
    MediaAllowance allowance = loader->NewAllowance();
    const auto loaded = loader->LoadAudioData(text, allowance);
    return loaded.has_value() ? loaded->bytes : std::string(MediaFailureName(loaded.error()));
  };
  EXPECT_EQ(load(Base64(Wav())), Wav());
  EXPECT_EQ(load(Base64("hello")), "bad_audio");
  EXPECT_EQ(load("a"), "bad_base64");
  EXPECT_EQ(load(Base64(std::string(101, 'x'))), "item_too_large");
}

TEST(MediaLoader, RefusesOptionsOfItsFetcherThatMeanNothing) {
  EXPECT_FALSE(MediaLoader::Create({.fetcher = {.allowed_addresses = {"x"}}}).has_value());
}

}  // namespace
}  // namespace millrace::media
