// From the URL of a media part to a picture or to checked bytes, within a request's allowance.
//
//   MediaAllowance allowance = loader.NewAllowance();       // once a request
//   for (each part) {
//     auto loaded = loader.Load({kind, url}, allowance, gone);  // on a worker thread
//     if (!loaded.has_value()) { answer by loaded.error() }     // a MediaFailure
//   }
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "media/fetcher.h"
#include "media/image_decoder.h"
#include "media/media.h"

namespace millrace::media {

struct MediaLoaderOptions {
  bool fetch_remote_media = true;
  size_t item_bytes_max = size_t{20} << 20;   // one item, decoded from base64
  size_t total_bytes_max = size_t{50} << 20;  // a request's items together
  // A request's pictures together, once decoded: 32 pictures of 3840x2160, 805 MB.
  int64_t total_pixels_max = int64_t{1} << 28;
  DecodeLimits decode = {};
  FetcherOptions fetcher = {};
};

// What one request may still load. Plain data; one thread at a time.
struct MediaAllowance {
  size_t bytes_left = 0;
  int64_t pixels_left = 0;
};

struct MediaSource {
  MediaKind kind = MediaKind::kImage;
  std::string url = {};  // data:, http: or https:
};

// Immutable after Create; any number of threads may load at a time. The most a thread holds while
// it loads: one item's bytes and one decode (see image_decoder.h); so the number of threads bounds
// the whole.
class MediaLoader {
 public:
  // Errors (kInvalidArgument): see Fetcher::Create.
  static base::Result<std::unique_ptr<MediaLoader>> Create(MediaLoaderOptions options);

  MediaAllowance NewAllowance() const;

  // Loads one item and takes it off the allowance; after a failure the request is lost, so what is
  // left then means nothing. Blocks, remote items for as long as the fetcher's time limit.
  // `interrupted`, when given, is asked at least every 100 ms while fetching and now and then while
  // decoding.
  //
  // A remote item over `item_bytes_max` is kBadUrl like every other failed fetch (contract 7).
  std::expected<LoadedMedia, MediaFailure> Load(
      const MediaSource& source, MediaAllowance& allowance,
      const std::function<bool()>& interrupted = {}) const;

  // The same for `input_audio`: base64 without a URL around it.
  std::expected<LoadedMedia, MediaFailure> LoadAudioData(std::string_view base64,
                                                         MediaAllowance& allowance) const;

  // What can be said of a URL without loading it: whether its scheme is one of the three, and
  // whether remote media are allowed.
  std::expected<void, MediaFailure> CheckUrl(std::string_view url) const;

 private:
  MediaLoader(MediaLoaderOptions options, std::unique_ptr<Fetcher> fetcher);
  std::expected<std::string, MediaFailure> LoadBytes(
      const std::string& url, MediaAllowance& allowance,
      const std::function<bool()>& interrupted) const;
  std::expected<LoadedMedia, MediaFailure> LoadImage(
      std::string_view bytes, MediaAllowance& allowance,
      const std::function<bool()>& interrupted) const;

  MediaLoaderOptions options_;
  std::unique_ptr<Fetcher> fetcher_;
};

}  // namespace millrace::media
