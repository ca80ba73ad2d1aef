#include "http/name_resolver.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace millrace::http {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto kQuestionInterval = std::chrono::milliseconds(100);

std::vector<std::string> SystemLookup(const std::string& host) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* raw = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &raw) != 0) {
    return {};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(raw, &::freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* entry = found.get(); entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text = {};
    if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(),
                      static_cast<socklen_t>(text.size()), nullptr, 0, NI_NUMERICHOST) == 0) {
      addresses.emplace_back(text.data());
    }
  }
  return addresses;
}

// One look-up; shared by the caller and the thread, whichever leaves last.
struct Pending {
  std::mutex mutex = {};
  std::condition_variable changed = {};
  std::optional<std::vector<std::string>> addresses = {};
};

}  // namespace

struct NameResolver::Shared {
  explicit Shared(Options given) : options(std::move(given)) {}

  bool TryBegin() {
    const std::lock_guard lock(mutex);
    if (running >= options.lookups_max) {
      return false;
    }
    ++running;
    return true;
  }
  void End() {
    const std::lock_guard lock(mutex);
    --running;
  }

  const Options options;
  std::mutex mutex = {};
  uint32_t running = 0;
};

NameResolver::NameResolver() : NameResolver(Options()) {}

NameResolver::NameResolver(Options options) {
  if (!options.lookup) {
    options.lookup = SystemLookup;
  }
  shared_ = std::make_shared<Shared>(std::move(options));
}

NameResolver::~NameResolver() = default;

base::Result<std::vector<std::string>> NameResolver::Resolve(
    const std::string& host, SteadyClock::time_point deadline,
    const std::function<bool()>& give_up) const {
  if (!shared_->TryBegin()) {
    return base::Error{base::ErrorKind::kResourceExhausted, "too many names are being looked up"};
  }
  const auto pending = std::make_shared<Pending>();
  try {
    std::thread([shared = shared_, pending, host] {
      std::vector<std::string> addresses;
      try {
        addresses = shared->options.lookup(host);
      } catch (const std::exception&) {
        addresses.clear();  // no memory: the same to the caller as no address
      }
      shared->End();
      const std::lock_guard lock(pending->mutex);
      pending->addresses = std::move(addresses);
      pending->changed.notify_all();
    }).detach();
  } catch (const std::system_error&) {
    shared_->End();
    return base::Error{base::ErrorKind::kResourceExhausted, "no thread to look up a name"};
  }
  std::unique_lock lock(pending->mutex);
  while (!pending->addresses) {
    const auto now = SteadyClock::now();
    if (now >= deadline) {
      return base::Error{base::ErrorKind::kDeadlineExceeded, "the name server does not answer"};
    }
    if (give_up) {
      lock.unlock();
      const bool gives_up = give_up();
      lock.lock();
      if (gives_up) {
        return base::Error{base::ErrorKind::kCancelled, "interrupted"};
      }
      if (pending->addresses) {
        break;
      }
    }
    pending->changed.wait_until(lock, std::min(deadline, now + kQuestionInterval));
  }
  if (pending->addresses->empty()) {
    return base::IoError("the name has no address");
  }
  return *std::move(pending->addresses);
}

}  // namespace millrace::http
