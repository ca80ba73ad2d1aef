#include "app/text_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <istream>
#include <string_view>
#include <utility>

namespace millrace::app {
namespace {

constexpr size_t kFileMebibytesMax = 16;
constexpr size_t kInputMebibytesMax = 256;

// What is left of the stream; an error without a name. `errno` was 0 before the stream was opened.
base::Result<std::string> ReadStream(std::istream& in, size_t mebibytes_max) {
  const size_t bytes_max = mebibytes_max << 20;
  std::string text;
  std::string piece(size_t{64} << 10, '\0');
  while (in && text.size() <= bytes_max) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    text.append(piece, 0, static_cast<size_t>(in.gcount()));
  }
  if (text.size() > bytes_max) {
    return base::IoError(fmt::format("is larger than {} MiB", mebibytes_max));
  }
  if (in.bad() || !in.eof()) {
    return base::IoError(fmt::format("cannot be read{}{}", errno != 0 ? ": " : "",
                                     errno != 0 ? std::strerror(errno) : ""));
  }
  return text;
}

base::Result<std::string> Named(std::string_view name, base::Result<std::string> text) {
  if (text.has_value()) {
    return text;
  }
  return base::IoError(fmt::format("{}: {}", name, text.error().message));
}

}  // namespace

base::Result<std::string> ReadTextFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  return Named(path, ReadStream(file, kFileMebibytesMax));
}

base::Result<std::string> ReadInput(std::istream& in) {
  errno = 0;
  return Named("standard input", ReadStream(in, kInputMebibytesMax));
}

}  // namespace millrace::app
