#include "gguf/cursor.h"

#include <fmt/format.h>

namespace millrace::gguf {

std::string Quoted(std::string_view text) {
  constexpr size_t kShownBytesMax = 80;
  std::string out = "\"";
  for (const char c : text.substr(0, kShownBytesMax)) {
    if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  out += text.size() > kShownBytesMax ? "...\"" : "\"";
  return out;
}

base::Result<std::string_view> Cursor::ReadString(std::string_view what, uint64_t bytes_max) {
  const uint64_t length = TRY(Read<uint64_t>(what));
  if (length > bytes_max) {
    return Corrupt(
        fmt::format("{} claims {} bytes, at most {} are allowed", what, length, bytes_max));
  }
  if (length > remaining()) {
    return Truncated(what, length);
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + offset_, length);
  offset_ += length;
  return text;
}

base::Error Cursor::Corrupt(std::string_view problem) const {
  return base::CorruptData(fmt::format("{}: at byte {}: {}", label_, offset_, problem));
}

base::Error Cursor::Unsupported(std::string_view problem) const {
  return base::Unsupported(fmt::format("{}: at byte {}: {}", label_, offset_, problem));
}

base::Error Cursor::Truncated(std::string_view what, uint64_t wanted) const {
  return Corrupt(
      fmt::format("{} needs {} bytes, the file ends after {} more: it is truncated or damaged",
                  what, wanted, remaining()));
}

}  // namespace millrace::gguf
