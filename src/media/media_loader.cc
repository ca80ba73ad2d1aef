#include "media/media_loader.h"

#include <new>
#include <string_view>
#include <utility>

#include "http/message.h"
#include "media/container.h"
#include "media/data_url.h"

namespace millrace::media {
namespace {

template <typename T>
using Loaded = std::expected<T, MediaFailure>;

std::unexpected<MediaFailure> Fail(MediaFailure failure) { return std::unexpected(failure); }

bool IsRemote(std::string_view url) {
  return http::EqualsIgnoringCase(url.substr(0, 7), "http://") ||
         http::EqualsIgnoringCase(url.substr(0, 8), "https://");
}

MediaFailure FailureOf(Base64Problem problem) {
  return problem == Base64Problem::kTooLarge ? MediaFailure::kItemTooLarge
                                             : MediaFailure::kBadBase64;
}

MediaFailure DecodeFailureOf(base::ErrorKind kind) {
  if (kind == base::ErrorKind::kCancelled) {
    return MediaFailure::kInterrupted;
  }
  return kind == base::ErrorKind::kResourceExhausted ? MediaFailure::kNoMemory
                                                     : MediaFailure::kNotAnImage;
}

Loaded<void> TakeBytes(MediaAllowance& allowance, size_t bytes) {
  if (bytes > allowance.bytes_left) {
    return Fail(MediaFailure::kTotalTooLarge);
  }
  allowance.bytes_left -= bytes;
  return {};
}

}  // namespace

MediaLoader::MediaLoader(MediaLoaderOptions options, std::unique_ptr<Fetcher> fetcher)
    : options_(std::move(options)), fetcher_(std::move(fetcher)) {}

base::Result<std::unique_ptr<MediaLoader>> MediaLoader::Create(MediaLoaderOptions options) {
  std::unique_ptr<Fetcher> fetcher = TRY(Fetcher::Create(options.fetcher));
  return std::unique_ptr<MediaLoader>(new MediaLoader(std::move(options), std::move(fetcher)));
}

MediaAllowance MediaLoader::NewAllowance() const {
  return {.bytes_left = options_.total_bytes_max, .pixels_left = options_.total_pixels_max};
}

Loaded<void> MediaLoader::CheckUrl(std::string_view url) const {
  if (IsDataUrl(url)) {
    return {};
  }
  if (!IsRemote(url)) {
    return Fail(MediaFailure::kBadUrl);
  }
  return options_.fetch_remote_media ? Loaded<void>() : Fail(MediaFailure::kRemoteDisabled);
}

Loaded<std::string> MediaLoader::LoadBytes(const std::string& url, MediaAllowance& allowance,
                                           const std::function<bool()>& interrupted) const {
  const auto checked = CheckUrl(url);
  if (!checked.has_value()) {
    return Fail(checked.error());
  }
  std::string bytes;
  if (IsDataUrl(url)) {
    auto decoded = DecodeDataUrl(url, options_.item_bytes_max);
    if (!decoded.has_value()) {
      return Fail(FailureOf(decoded.error()));
    }
    bytes = *std::move(decoded);
  } else {
    auto fetched = fetcher_->Fetch(url, options_.item_bytes_max, interrupted);
    if (!fetched.has_value()) {
      return Fail(fetched.error().kind == base::ErrorKind::kCancelled ? MediaFailure::kInterrupted
                                                                      : MediaFailure::kBadUrl);
    }
    bytes = *std::move(fetched);
  }
  const auto taken = TakeBytes(allowance, bytes.size());
  if (!taken.has_value()) {
    return Fail(taken.error());
  }
  return bytes;
}

Loaded<LoadedMedia> MediaLoader::Load(const MediaSource& source, MediaAllowance& allowance,
                                      const std::function<bool()>& interrupted) const {
  try {
    auto bytes = LoadBytes(source.url, allowance, interrupted);
    if (!bytes.has_value()) {
      return Fail(bytes.error());
    }
    switch (source.kind) {
      case MediaKind::kImage:
        return LoadImage(*bytes, allowance, interrupted);
      case MediaKind::kVideo:
        if (!IsVideo(*bytes)) {
          return Fail(MediaFailure::kBadVideo);
        }
        break;
      case MediaKind::kAudio:
        if (!IsAudio(*bytes)) {
          return Fail(MediaFailure::kBadAudio);
        }
        break;
    }
    return LoadedMedia{.kind = source.kind, .bytes = *std::move(bytes)};
  } catch (const std::bad_alloc&) {
    return Fail(MediaFailure::kNoMemory);
  }
}

Loaded<LoadedMedia> MediaLoader::LoadImage(std::string_view bytes, MediaAllowance& allowance,
                                           const std::function<bool()>& interrupted) const {
  auto image = DecodeImage(bytes, options_.decode, interrupted);
  if (!image.has_value()) {
    return Fail(DecodeFailureOf(image.error().kind));
  }
  const int64_t pixels = int64_t{image->width} * image->height;
  if (pixels > allowance.pixels_left) {
    return Fail(MediaFailure::kTotalTooLarge);
  }
  allowance.pixels_left -= pixels;
  return LoadedMedia{.kind = MediaKind::kImage,
                     .image = std::make_shared<const chat::Image>(*std::move(image))};
}

Loaded<LoadedMedia> MediaLoader::LoadAudioData(std::string_view base64,
                                               MediaAllowance& allowance) const {
  try {
    auto bytes = DecodeBase64(base64, options_.item_bytes_max);
    if (!bytes.has_value()) {
      return Fail(FailureOf(bytes.error()));
    }
    const auto taken = TakeBytes(allowance, bytes->size());
    if (!taken.has_value()) {
      return Fail(taken.error());
    }
    if (!IsAudio(*bytes)) {
      return Fail(MediaFailure::kBadAudio);
    }
    return LoadedMedia{.kind = MediaKind::kAudio, .bytes = *std::move(bytes)};
  } catch (const std::bad_alloc&) {
    return Fail(MediaFailure::kNoMemory);
  }
}

}  // namespace millrace::media
