#include "http/wire.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <iterator>

namespace millrace::http {
namespace {

void AppendHeader(std::string_view name, std::string_view value, std::string& out) {
  out += name;
  out += ": ";
  for (char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    out += (byte < 0x20 && c != '\t') || byte == 0x7F ? ' ' : c;
  }
  out += "\r\n";
}

}  // namespace

std::string_view ReasonPhrase(int status) {
  static constexpr std::pair<int, std::string_view> kPhrases[] = {
      {100, "Continue"},
      {200, "OK"},
      {204, "No Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {413, "Content Too Large"},
      {415, "Unsupported Media Type"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {499, "Client Closed Request"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
  };
  for (const auto& [code, phrase] : kPhrases) {
    if (code == status) {
      return phrase;
    }
  }
  return "Status";
}

bool StatusHasBody(int status) { return status >= 200 && status != 204 && status != 304; }

std::string HttpDate(int64_t unix_seconds) {
  static constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                            "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::sys_seconds time{std::chrono::seconds(unix_seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format(
      "{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[std::chrono::weekday(day).c_encoding()],
      static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
      static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
      clock.seconds().count());
}

std::string FormatHead(const HeadFacts& facts, const HeaderList& headers,
                       std::string_view server_name, int64_t unix_seconds) {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", facts.status, ReasonPhrase(facts.status));
  out.reserve(512);
  for (const auto& [name, value] : headers) {
    AppendHeader(name, value, out);
  }
  if (!server_name.empty()) {
    AppendHeader("Server", server_name, out);
  }
  AppendHeader("Date", HttpDate(unix_seconds), out);
  if (StatusHasBody(facts.status)) {
    switch (facts.framing) {
      case BodyFraming::kLength:
        fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", facts.body_bytes);
        break;
      case BodyFraming::kChunked:
        out += "Transfer-Encoding: chunked\r\n";
        break;
      case BodyFraming::kUntilClose:
        break;
    }
  }
  if (facts.close) {
    out += "Connection: close\r\n";
  }
  out += "\r\n";
  return out;
}

std::string ChunkHeader(size_t byte_count) { return fmt::format("{:x}\r\n", byte_count); }

}  // namespace millrace::http
