#include "accounts/secret.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace millrace::accounts {
namespace {

constexpr size_t kSecretBytes = 32;
constexpr size_t kSecretDigits = kSecretBytes * 2;

class File {
 public:
  File(const std::string& path, int flags)
      : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

base::Error SystemError(const std::string& path, std::string_view doing) {
  return base::IoError(fmt::format("{}: cannot {}: {}", path, doing, std::strerror(errno)));
}

bool IsSecretText(std::string_view text) {
  return text.size() == kSecretDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

base::Status WriteAll(const File& file, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(file.get(), text.data(), text.size());
    if (wrote < 0) {
      return SystemError(path, "write the secret");
    }
    text.remove_prefix(static_cast<size_t>(wrote));
  }
  if (::fsync(file.get()) != 0) {
    return SystemError(path, "write the secret");
  }
  return {};
}

}  // namespace

base::Result<std::optional<Secret>> Secret::Read(const std::string& path) {
  const File file(path, O_RDONLY);
  if (file.get() < 0) {
    if (errno == ENOENT) {
      return std::optional<Secret>();
    }
    return SystemError(path, "read the secret");
  }
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) {
    return SystemError(path, "read the secret");
  }
  if ((facts.st_mode & 077) != 0 && ::fchmod(file.get(), 0600) != 0) {
    return SystemError(path, "take away the permissions of other users");
  }
  std::string text(kSecretDigits + 2, '\0');
  const ssize_t got = ::read(file.get(), text.data(), text.size());
  if (got < 0) {
    return SystemError(path, "read the secret");
  }
  text.resize(static_cast<size_t>(got));
  if (text.ends_with('\n')) {
    text.pop_back();
  }
  if (!IsSecretText(text)) {
    return base::CorruptData(
        fmt::format("{}: not a secret of {} hexadecimal digits; restore the file from a backup",
                    path, kSecretDigits));
  }
  return std::optional<Secret>(Secret(std::move(text)));
}

base::Result<Secret> Secret::CreateOrRead(const std::string& path, base::RandomSource& random) {
  const std::string draft = fmt::format("{}.{}", path, random.NextHex(8));
  {
    const File file(draft, O_WRONLY | O_CREAT | O_EXCL);
    if (file.get() < 0) {
      return SystemError(draft, "make the secret");
    }
    base::Status written = WriteAll(file, draft, random.NextHex(kSecretBytes) + "\n");
    if (!written.has_value()) {
      ::unlink(draft.c_str());
      return written.error();
    }
  }
  // A link appears whole and fails when the name is taken, which a rename would not.
  const int linked = ::link(draft.c_str(), path.c_str());
  const int reason = errno;
  ::unlink(draft.c_str());
  if (linked != 0 && reason != EEXIST) {
    errno = reason;
    return SystemError(path, "make the secret");
  }
  std::optional<Secret> secret = TRY(Read(path));
  if (!secret) {
    return base::IoError(fmt::format("{}: the secret vanished while it was made", path));
  }
  return *std::move(secret);
}

Digest Secret::DigestOf(std::string_view text) const {
  Digest digest;
  unsigned length = 0;
  const unsigned char* made = HMAC(EVP_sha256(), hex_.data(), static_cast<int>(hex_.size()),
                                   reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                                   reinterpret_cast<unsigned char*>(digest.data()), &length);
  MILLRACE_CHECK(made != nullptr && length == digest.size());
  return digest;
}

bool SameDigest(const Digest& a, const Digest& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace millrace::accounts
