// Looks up host names without ever holding the caller longer than it wants to wait.
//
// The system's resolver cannot be stopped: it returns when its own time-outs say so. Each look-up
// therefore runs on a thread of its own, which is left to finish alone when the caller gives up.
// How many may run at a time is bounded, so that names which never resolve cannot pile up threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace millrace::http {

// Any thread may use it, several at a time. Destroying it waits for nothing.
class NameResolver {
 public:
  // Addresses of a host in the order of preference, as text ("192.0.2.1", "2001:db8::1"); empty
  // when there are none. May block. Called on threads that may outlive the resolver.
  using Lookup = std::function<std::vector<std::string>(const std::string& host)>;

  struct Options {
    Lookup lookup = {};  // empty for the system's
    uint32_t lookups_max = 64;
  };
  NameResolver();
  explicit NameResolver(Options options);
  ~NameResolver();

  // Blocks until the addresses are known. `give_up` is asked every 100 ms at least.
  //
  // Errors: kIo, the name has no address; kDeadlineExceeded; kCancelled, `give_up` said so;
  // kResourceExhausted, too many look-ups are under way.
  base::Result<std::vector<std::string>> Resolve(const std::string& host,
                                                 std::chrono::steady_clock::time_point deadline,
                                                 const std::function<bool()>& give_up = {}) const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace millrace::http
