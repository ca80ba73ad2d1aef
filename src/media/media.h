// What a media part of a message becomes once it is loaded, and why it may not be.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "chat/image.h"
#include "chat/message.h"

namespace millrace::media {

using chat::MediaKind;

struct LoadedMedia {
  MediaKind kind = MediaKind::kImage;
  // Set for kImage: decoded, upright, opaque.
  std::shared_ptr<const chat::Image> image = {};
  // Set for kVideo and kAudio: the file as it came.
  std::string bytes = {};
};

// Each failure has one answer on the wire; `api` holds the table of texts.
enum class MediaFailure {
  kBadUrl,          // 400/20038: scheme, form, or a remote fetch that failed in whatever way
  kBadBase64,       // 400/20023: a data: URL that is not base64 or whose base64 is broken
  kRemoteDisabled,  // 400/20055: http(s) while remote media are switched off
  kNotAnImage,      // 400/20015 "image_url provided is not a valid image."
  kItemTooLarge,    // 400/20042: one item over its bytes
  kTotalTooLarge,   // 413/20043: the request's media over their bytes or pixels together
  kBadAudio,        // 400/20044: neither WAV nor MP3
  kBadVideo,        // 400/20015: not a known video container
  kNoMemory,        // 503: a picture within the limits, but no memory for it now
  kInterrupted,     // the caller asked to stop: nobody waits for the answer
};

// The failure's name for logs, for example "bad_base64".
std::string_view MediaFailureName(MediaFailure failure);

}  // namespace millrace::media
