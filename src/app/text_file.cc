#include "app/text_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace millrace::app {
namespace {

constexpr size_t kBytesMax = size_t{16} << 20;

}  // namespace

base::Result<std::string> ReadTextFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::string piece(size_t{64} << 10, '\0');
  while (file && text.size() <= kBytesMax) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    text.append(piece, 0, static_cast<size_t>(file.gcount()));
  }
  if (text.size() > kBytesMax) {
    return base::IoError(fmt::format("{}: is larger than 16 MiB", path));
  }
  if (file.bad() || !file.eof()) {
    return base::IoError(fmt::format("{}: cannot be read{}{}", path, errno != 0 ? ": " : "",
                                     errno != 0 ? std::strerror(errno) : ""));
  }
  return text;
}

}  // namespace millrace::app
