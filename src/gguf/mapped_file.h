// A whole file as read-only memory.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"

namespace millrace::gguf {

// Maps a regular file; pages come from the system's file cache when they are first read, so opening
// costs the same whatever the size. The file must not shrink while it is mapped: the size is taken
// once, at Open.
class MappedFile {
 public:
  // Errors: kNotFound, kIo, kCorruptData for an empty file. Messages name the file.
  static base::Result<MappedFile> Open(const std::string& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  // Page-aligned.
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::span<const std::byte> bytes_;
};

}  // namespace millrace::gguf
