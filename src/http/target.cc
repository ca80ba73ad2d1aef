#include "http/target.h"

#include "http/message.h"

namespace millrace::http {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

// The path without repeated slashes and without one at its end. Its escapes stay.
std::string Normalise(std::string_view raw) {
  std::string path;
  path.reserve(raw.size());
  for (char c : raw) {
    if (c != '/' || !path.ends_with('/')) {
      path += c;
    }
  }
  if (path.size() > 1 && path.ends_with('/')) {
    path.pop_back();
  }
  return path;
}

// "http://host:port/path" → "/path"; other forms stay.
std::string_view StripAuthority(std::string_view text) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (text.size() > scheme.size() && EqualsIgnoringCase(text.substr(0, scheme.size()), scheme)) {
      const size_t path = text.find_first_of("/?", scheme.size());
      return path == std::string_view::npos ? std::string_view("/") : text.substr(path);
    }
  }
  return text;
}

}  // namespace

base::Result<std::string> DecodePercent(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return base::InvalidArgument("incomplete percent escape in the request target");
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (IsControl(c)) {
      return base::InvalidArgument("control character in the request target");
    }
    decoded += c;
  }
  return decoded;
}

base::Result<Target> ParseTarget(std::string_view text) {
  if (text == "*") {
    return Target{.path = "*", .query = {}};
  }
  std::string_view rest = StripAuthority(text);
  const bool absolute = rest.size() != text.size() || rest == "/";
  if (rest.find('#') != std::string_view::npos) {
    return base::InvalidArgument("fragment in the request target");
  }
  const size_t mark = rest.find('?');
  const std::string_view raw_path = rest.substr(0, mark);
  const std::string_view query =
      mark == std::string_view::npos ? std::string_view() : rest.substr(mark + 1);
  if (!raw_path.starts_with('/') && !(absolute && raw_path.empty())) {
    return base::InvalidArgument("request target is not a path");
  }
  TRY(DecodePercent(raw_path));
  Target target{.path = Normalise(raw_path.empty() ? "/" : raw_path), .query = std::string(query)};
  return target;
}

}  // namespace millrace::http
