#include "accounts/state_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

namespace millrace::accounts {
namespace {

constexpr std::string_view kSecretCheckText = "millrace secret check";

std::string HexOf(const Digest& digest) {
  std::string out;
  for (std::byte byte : digest) {
    fmt::format_to(std::back_inserter(out), "{:02x}", std::to_integer<unsigned>(byte));
  }
  return out;
}

}  // namespace

base::Status MakeDirectory(const std::string& directory) {
  std::error_code ec;
  const std::filesystem::path path(directory);
  if (path.has_parent_path()) {
    std::filesystem::create_directories(path.parent_path(), ec);
  }
  if (!ec && ::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    ec = std::error_code(errno, std::generic_category());
  }
  if (!ec && !std::filesystem::is_directory(path, ec) && !ec) {
    ec = std::make_error_code(std::errc::not_a_directory);
  }
  if (ec) {
    return base::IoError(fmt::format("{}: cannot make the directory: {}", directory, ec.message()));
  }
  return {};
}

base::Result<DirectoryLock> DirectoryLock::Take(const std::string& directory) {
  DirectoryLock lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  int result = lock.descriptor_ < 0 ? -1 : 0;
  while (result == 0 && (result = ::flock(lock.descriptor_, LOCK_EX)) != 0 && errno == EINTR) {
    result = 0;
  }
  if (result != 0) {
    return base::IoError(fmt::format("{}: cannot lock: {}", directory, std::strerror(errno)));
  }
  return lock;
}

DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

base::Result<Secret> OpenSecret(Database& database, const std::string& path,
                                base::RandomSource& random) {
  const auto read_check = [&database]() -> base::Result<std::string> {
    Statement select = TRY(database.Prepare("SELECT value FROM meta WHERE name = 'secret_check'"));
    const bool row = TRY(select.Step());
    return row ? select.Text(0) : std::string();
  };
  std::string check = TRY(read_check());
  std::optional<Secret> secret = TRY(Secret::Read(path));
  if (!secret) {
    if (!check.empty()) {
      return base::IoError(fmt::format(
          "{}: missing, and the keys in {} are useless without it; restore the file, or move the"
          " database away to begin with no keys",
          path, database.path()));
    }
    secret = TRY(Secret::CreateOrRead(path, random));
  }
  const std::string expected = HexOf(secret->DigestOf(kSecretCheckText));
  if (check.empty()) {
    Statement insert =
        TRY(database.Prepare("INSERT OR IGNORE INTO meta VALUES ('secret_check', ?1)"));
    insert.Bind(1, std::string_view(expected));
    TRY(insert.Run());
    check = TRY(read_check());
  }
  if (check != expected) {
    return base::CorruptData(fmt::format(
        "{}: not the secret that {} was made with; restore the right file", path, database.path()));
  }
  return *std::move(secret);
}

}  // namespace millrace::accounts
