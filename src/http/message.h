// HTTP requests and responses as plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::http {

using HeaderList =
    std::vector<std::pair<std::string, std::string>>;  // in order, names as received or to be sent

// ASCII letters compare without case, as header names do.
bool EqualsIgnoringCase(std::string_view a, std::string_view b);
// First value of a header, nullopt when absent.
std::optional<std::string_view> FindHeader(const HeaderList& headers, std::string_view name);
// Whether `token` stands in the comma-separated list of any header called `name`.
bool HasToken(const HeaderList& headers, std::string_view name, std::string_view token);

struct RequestHead {
  std::string method;  // "POST"
  // The target without query; runs of '/' collapsed, one trailing '/' dropped, escapes as they came
  // (http::DecodePercent). Holds no control characters, but may hold bytes that are not UTF-8.
  std::string path;
  std::string query;  // after '?', undecoded, empty when absent
  HeaderList headers;
  std::optional<uint64_t> content_length;
  std::string remote_address;  // "127.0.0.1"

  // First value of a header, compared without case; nullopt when absent.
  std::optional<std::string_view> Header(std::string_view name) const;
  // How often a header occurs.
  size_t HeaderCount(std::string_view name) const;
};

struct Request {
  RequestHead head;
  std::string body;
};

struct Response {
  int status = 200;
  HeaderList headers = {};  // without Content-Length, Transfer-Encoding, Connection and Date: the
                            // server adds those
  std::string body = {};
};

}  // namespace millrace::http
