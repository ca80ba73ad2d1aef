#include "gguf/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace millrace::gguf {
namespace {

base::Error SystemError(const std::string& path, const char* action, int code) {
  const auto kind = code == ENOENT ? base::ErrorKind::kNotFound : base::ErrorKind::kIo;
  return {kind,
          fmt::format("{}: cannot {}: {}", path, action, std::system_category().message(code))};
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  ~FileDescriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

base::Result<MappedFile> MappedFile::Open(const std::string& path) {
  // O_NONBLOCK: opening a named pipe by mistake must not wait for a writer.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) {
    return SystemError(path, "open", errno);
  }
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) {
    return SystemError(path, "read its size", errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return base::IoError(fmt::format("{}: expected a regular file", path));
  }
  if (status.st_size == 0) {
    return base::CorruptData(fmt::format("{}: the file is empty, expected a GGUF file", path));
  }
  const auto size = static_cast<size_t>(status.st_size);
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.number(), 0);
  if (address == MAP_FAILED) {
    return SystemError(path, "map into memory", errno);
  }
  return MappedFile({static_cast<const std::byte*>(address), size});
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) {
    ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }
}

}  // namespace millrace::gguf
