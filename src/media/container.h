// Whether bytes are audio or video of a kind that is passed on. Looks at the first bytes alone.
#pragma once

#include <string_view>

namespace millrace::media {

// WAV (RIFF/WAVE), or MP3: an ID3 tag or the head of a Layer III frame.
bool IsAudio(std::string_view bytes);

// MP4, MOV, WebM, Matroska or AVI.
bool IsVideo(std::string_view bytes);

}  // namespace millrace::media
