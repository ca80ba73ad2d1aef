#include "media/media.h"

namespace millrace::media {

std::string_view MediaFailureName(MediaFailure failure) {
  switch (failure) {
    case MediaFailure::kBadUrl:
      return "bad_url";
    case MediaFailure::kBadBase64:
      return "bad_base64";
    case MediaFailure::kRemoteDisabled:
      return "remote_disabled";
    case MediaFailure::kNotAnImage:
      return "not_an_image";
    case MediaFailure::kItemTooLarge:
      return "item_too_large";
    case MediaFailure::kTotalTooLarge:
      return "total_too_large";
    case MediaFailure::kBadAudio:
      return "bad_audio";
    case MediaFailure::kBadVideo:
      return "bad_video";
    case MediaFailure::kNoMemory:
      return "no_memory";
    case MediaFailure::kInterrupted:
      return "interrupted";
  }
  return "unknown";
}

}  // namespace millrace::media
