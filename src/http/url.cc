#include "http/url.h"

#include <algorithm>
#include <charconv>

#include "http/message.h"

namespace millrace::http {
namespace {

base::Error BadUrl(std::string_view problem) {
  return base::InvalidArgument(
      "not a usable URL: " + std::string(problem) + "; it looks like http://host:port/path", "url");
}

bool HasBlankOrControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7F;
  });
}

base::Result<uint16_t> ParsePort(std::string_view text) {
  unsigned port = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (status != std::errc() || end != text.data() + text.size() || port == 0 || port > 65535) {
    return BadUrl("the port must be 1 to 65535");
  }
  return static_cast<uint16_t>(port);
}

}  // namespace

base::Result<Url> ParseUrl(std::string_view text) {
  Url url;
  if (HasBlankOrControl(text)) {
    return BadUrl("it holds white space");
  }
  const size_t mark = text.find("://");
  const std::string_view scheme = text.substr(0, std::min(mark, text.size()));
  if (mark == std::string_view::npos ||
      (!EqualsIgnoringCase(scheme, "http") && !EqualsIgnoringCase(scheme, "https"))) {
    return BadUrl("it must begin with http:// or https://");
  }
  url.tls = scheme.size() == 5;
  std::string_view rest = text.substr(mark + 3);
  rest = rest.substr(0, rest.find('#'));
  const size_t slash = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, slash);
  url.target = std::string(rest.substr(slash));
  if (!url.target.starts_with('/')) {
    url.target.insert(0, "/");
  }
  if (authority.find('@') != std::string_view::npos) {
    return BadUrl("user names in it are not supported");
  }
  const size_t bracket = authority.rfind(']');
  const size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  std::string_view host = authority.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  if (host.empty()) {
    return BadUrl("it names no host");
  }
  url.host = std::string(host);
  url.authority = std::string(authority);
  url.port = url.tls ? 443 : 80;
  if (colon != std::string_view::npos) {
    url.port = TRY(ParsePort(authority.substr(colon + 1)));
  }
  return url;
}

}  // namespace millrace::http
