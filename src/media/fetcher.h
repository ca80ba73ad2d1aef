// Fetches a remote picture without becoming a tool to look into the operator's network.
//
// The rules: GET only; http and https; listed ports; no user information; the name is resolved
// once, every address that is not public is dropped, and the connection goes to exactly an address
// that was checked, so an answer of the name server that changes meanwhile cannot win. The same
// again after each redirect. No cookies, no credentials, certificates verified.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/name_resolver.h"
#include "media/address_policy.h"

namespace millrace::media {

struct FetcherOptions {
  // Exceptions from the rules, for operators' own object stores.
  std::vector<std::string> allowed_addresses =
      {};  // "10.1.0.0/16", "::1": fetched from although not public
  std::vector<std::string> allowed_hosts = {};  // names whose addresses are not checked
  std::vector<uint16_t> allowed_ports = {80, 443};
  std::chrono::milliseconds time_max = std::chrono::seconds(10);  // redirects included
  int redirects_max = 3;
  std::string ca_file = {};  // more certificates to trust, PEM
  // How names become addresses; empty for the system's resolver.
  http::NameResolver::Lookup lookup = {};
};

// Immutable after Create; any number of threads may fetch at a time.
class Fetcher {
 public:
  // Errors (kInvalidArgument): an address range that does not parse, naming it; no port.
  static base::Result<std::unique_ptr<Fetcher>> Create(FetcherOptions options);

  // The body of a 2xx answer, at most `bytes_max` bytes. Blocks; `interrupted`, when given, is
  // asked at least every 100 ms.
  //
  // Errors: kCancelled when interrupted; kInvalidArgument with one message for everything else, so
  // that a caller who passes it on tells nothing about the network.
  base::Result<std::string> Fetch(const std::string& url, size_t bytes_max,
                                  const std::function<bool()>& interrupted = {}) const;

 private:
  struct Chain;
  Fetcher(FetcherOptions options, AddressPolicy policy);

  FetcherOptions options_;
  AddressPolicy policy_;
  std::unique_ptr<http::NameResolver> resolver_;
};

}  // namespace millrace::media
