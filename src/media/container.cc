#include "media/container.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace millrace::media {
namespace {

bool IsRiff(std::string_view bytes, std::string_view form) {
  return bytes.size() >= 12 && bytes.starts_with("RIFF") && bytes.substr(8, 4) == form;
}

// ISO 11172-3, section 2.4.2.3: sync, an MPEG version, Layer III, a bit rate, a sample rate.
bool IsMp3Frame(std::string_view bytes) {
  if (bytes.size() < 4) {
    return false;
  }
  const auto at = [bytes](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const bool has_sync = at(0) == 0xFF && (at(1) & 0xE0) == 0xE0;
  const bool has_version = (at(1) & 0x18) != 0x08;
  const bool is_layer_3 = (at(1) & 0x06) == 0x02;
  return has_sync && has_version && is_layer_3 && (at(2) & 0xF0) != 0xF0 && (at(2) & 0x0C) != 0x0C;
}

}  // namespace

bool IsAudio(std::string_view bytes) {
  return IsRiff(bytes, "WAVE") || bytes.starts_with("ID3") || IsMp3Frame(bytes);
}

bool IsVideo(std::string_view bytes) {
  // The first box of an MP4, and those with which older QuickTime files begin.
  static constexpr std::array<std::string_view, 6> kBoxes = {"ftyp", "moov", "mdat",
                                                             "wide", "free", "skip"};
  constexpr std::string_view kEbml = "\x1A\x45\xDF\xA3";
  return IsRiff(bytes, "AVI ") || bytes.starts_with(kEbml) ||
         (bytes.size() >= 8 &&
          std::find(kBoxes.begin(), kBoxes.end(), bytes.substr(4, 4)) != kBoxes.end());
}

}  // namespace millrace::media
