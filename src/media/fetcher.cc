#include "media/fetcher.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "http/client.h"
#include "http/url.h"

namespace millrace::media {
namespace {

using SteadyClock = std::chrono::steady_clock;

base::Error CannotLoad() {
  return base::InvalidArgument("the media URL is invalid or could not be loaded");
}

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// The URL that a Location header means. Source: RFC 3986, section 5.2, without the removal of dot
// segments, which servers do themselves.
std::string ResolveLocation(const http::Url& from, std::string_view location) {
  const std::string scheme = from.tls ? "https:" : "http:";
  const size_t colon = location.find(':');
  if (colon != std::string_view::npos && colon < location.find_first_of("/?#")) {
    return std::string(location);  // whole; ParseUrl judges its scheme
  }
  if (location.starts_with("//")) {
    return scheme + std::string(location);
  }
  const std::string root = scheme + "//" + from.authority;
  if (location.starts_with('/')) {
    return root + std::string(location);
  }
  const std::string path = from.target.substr(0, from.target.find('?'));
  if (location.starts_with('?')) {
    return root + path + std::string(location);
  }
  return root + path.substr(0, path.rfind('/') + 1) + std::string(location);
}

// The answer to one request of a chain.
struct Hop {
  std::optional<std::string> location;  // where it sends us
  std::string body;
};

}  // namespace

// One request of a chain; nothing where it fails in whatever way.
struct Fetcher::Chain {
  const Fetcher& fetcher;
  size_t bytes_max;
  const std::function<bool()>& interrupted;
  SteadyClock::time_point deadline;

  bool IsAllowedPort(uint16_t port) const {
    const auto& ports = fetcher.options_.allowed_ports;
    return std::find(ports.begin(), ports.end(), port) != ports.end();
  }
  bool IsAllowedHost(std::string_view host) const {
    const auto& hosts = fetcher.options_.allowed_hosts;
    return std::any_of(hosts.begin(), hosts.end(), [host](const std::string& allowed) {
      return http::EqualsIgnoringCase(allowed, host);
    });
  }
  std::chrono::milliseconds TimeLeft() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
    return std::max(left, std::chrono::milliseconds(1));
  }

  base::Result<Hop> Get(const std::string& text, const http::Url& url) const {
    Hop hop;
    bool is_wanted = false;
    bool fits = true;
    http::ClientRequest request;
    request.url = text;
    request.headers = {
        {"User-Agent", "millrace"}, {"Accept", "*/*"}, {"Accept-Encoding", "identity"}};
    request.total_timeout = TimeLeft();
    request.connect_timeout = request.total_timeout;
    request.idle_timeout = request.total_timeout;
    request.ca_file = fetcher.options_.ca_file;
    request.resolver = fetcher.resolver_.get();
    if (!IsAllowedHost(url.host)) {
      request.permit_address = [this](const std::string& address) {
        return fetcher.policy_.Permits(address);
      };
    }
    request.on_head = [&](const http::Response& head) {
      is_wanted = head.status >= 200 && head.status <= 299;
      if (IsRedirect(head.status)) {
        hop.location = http::FindHeader(head.headers, "Location");
      }
      return is_wanted;
    };
    const auto on_body = [&](std::string_view piece) {
      fits = piece.size() <= bytes_max - hop.body.size();
      if (fits) {
        hop.body += piece;
      }
      return fits;
    };
    TRY(http::Fetch(request, on_body, interrupted));
    if (!fits || (!is_wanted && !hop.location)) {
      return CannotLoad();
    }
    return hop;
  }
};

Fetcher::Fetcher(FetcherOptions options, AddressPolicy policy)
    : options_(std::move(options)),
      policy_(std::move(policy)),
      resolver_(std::make_unique<http::NameResolver>(
          http::NameResolver::Options{.lookup = options_.lookup})) {}

base::Result<std::unique_ptr<Fetcher>> Fetcher::Create(FetcherOptions options) {
  AddressPolicy policy = TRY(AddressPolicy::Create(options.allowed_addresses));
  if (options.allowed_ports.empty()) {
    return base::InvalidArgument("fetching media needs at least one allowed port");
  }
  return std::unique_ptr<Fetcher>(new Fetcher(std::move(options), std::move(policy)));
}

base::Result<std::string> Fetcher::Fetch(const std::string& url, size_t bytes_max,
                                         const std::function<bool()>& interrupted) const {
  const Chain chain{.fetcher = *this,
                    .bytes_max = bytes_max,
                    .interrupted = interrupted,
                    .deadline = SteadyClock::now() + options_.time_max};
  std::string next = url;
  for (int requests = 0; requests <= options_.redirects_max; ++requests) {
    const auto parsed = http::ParseUrl(next);
    if (!parsed.has_value() || !chain.IsAllowedPort(parsed->port)) {
      return CannotLoad();
    }
    base::Result<Hop> hop = chain.Get(next, *parsed);
    if (!hop.has_value()) {
      const bool was_interrupted = hop.error().kind == base::ErrorKind::kCancelled;
      return was_interrupted ? std::move(hop).error() : CannotLoad();
    }
    if (!hop->location) {
      return std::move(hop->body);
    }
    next = ResolveLocation(*parsed, *hop->location);
  }
  return CannotLoad();
}

}  // namespace millrace::media
