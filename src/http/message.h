// HTTP requests and responses as plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::http {

using HeaderList = std::vector<std::pair<std::string, std::string>>;  // in order, names as received or to be sent

struct RequestHead {
  std::string method;  // "POST"
  std::string path;    // decoded target without query; runs of '/' collapsed, one trailing '/' dropped
  std::string query;   // after '?', undecoded, empty when absent
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
  HeaderList headers;  // without Content-Length, Transfer-Encoding, Connection and Date: the server adds those
  std::string body;
};

}  // namespace millrace::http
