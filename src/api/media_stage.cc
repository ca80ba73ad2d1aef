#include "api/media_stage.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "media/data_url.h"

namespace millrace::api {
namespace {

WireError MediaError(media::MediaFailure failure) {
  switch (failure) {
    case media::MediaFailure::kBadUrl:
      return {Failure::kBadMediaUrl};
    case media::MediaFailure::kBadBase64:
      return {Failure::kBadBase64};
    case media::MediaFailure::kRemoteDisabled:
      return {Failure::kRemoteMediaDisabled};
    case media::MediaFailure::kNotAnImage:
      return {Failure::kNotAnImage};
    case media::MediaFailure::kItemTooLarge:
      return {Failure::kMediaItemTooLarge};
    case media::MediaFailure::kTotalTooLarge:
      return {Failure::kMediaTotalTooLarge};
    case media::MediaFailure::kBadAudio:
      return {Failure::kBadAudio};
    case media::MediaFailure::kBadVideo:
      return InvalidParameter("video_url provided is not a valid video.");
    case media::MediaFailure::kNoMemory:
      return {Failure::kOverloaded};
    case media::MediaFailure::kInterrupted:
      return {Failure::kClientGone};
  }
  std::unreachable();
}

}  // namespace

bool NeedsFetching(const chat::ChatRequest& request) {
  const auto is_remote = [](const chat::ContentPart& part) {
    const auto* item = std::get_if<chat::MediaPart>(&part);
    return item != nullptr && !media::IsDataUrl(item->url);
  };
  return std::ranges::any_of(request.messages, [&](const chat::Message& message) {
    return std::ranges::any_of(message.parts, is_remote);
  });
}

WireStatus LoadMedia(chat::ChatRequest& request, const media::MediaLoader& loader,
                     const std::function<bool()>& interrupted) {
  media::MediaAllowance allowance = loader.NewAllowance();
  for (chat::Message& message : request.messages) {
    for (chat::ContentPart& part : message.parts) {
      auto* item = std::get_if<chat::MediaPart>(&part);
      if (item == nullptr) {
        continue;
      }
      auto loaded = loader.Load({.kind = item->kind, .url = item->url}, allowance, interrupted);
      if (!loaded.has_value()) {
        return MediaError(loaded.error());
      }
      item->image = std::move(loaded->image);
      if (!loaded->bytes.empty()) {
        item->file = std::make_shared<const std::string>(std::move(loaded->bytes));
      }
    }
  }
  return {};
}

}  // namespace millrace::api
