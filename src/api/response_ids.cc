#include "api/response_ids.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace millrace::api {
namespace {

constexpr size_t kTraceIdCharactersMax = 128;

bool IsTraceCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == ':' || c == '-';
}

bool IsLowerHex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsTraceId(std::string_view text) {
  return !text.empty() && text.size() <= kTraceIdCharactersMax &&
         std::ranges::all_of(text, IsTraceCharacter);
}

bool IsAllZero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

// version "-" 32 hex "-" 16 hex "-" 2 hex; a version above 00 may carry more after another "-".
std::optional<std::string_view> TraceIdOfParent(std::string_view parent) {
  constexpr size_t kLength = 55;
  if (parent.size() < kLength || parent[2] != '-' || parent[35] != '-' || parent[52] != '-') {
    return std::nullopt;
  }
  const std::string_view version = parent.substr(0, 2);
  const std::string_view trace_id = parent.substr(3, 32);
  const std::string_view parent_id = parent.substr(36, 16);
  if (!IsLowerHex(version) || !IsLowerHex(trace_id) || !IsLowerHex(parent_id) ||
      !IsLowerHex(parent.substr(53, 2)) || version == "ff") {
    return std::nullopt;
  }
  if (parent.size() > kLength && (version == "00" || parent[kLength] != '-')) {
    return std::nullopt;
  }
  if (IsAllZero(trace_id) || IsAllZero(parent_id)) {
    return std::nullopt;
  }
  return trace_id;
}

}  // namespace

std::string NewResponseId(int64_t unix_millis, base::RandomSource& random) {
  return fmt::format("{:012x}", static_cast<uint64_t>(unix_millis) & 0xFFFF'FFFF'FFFFULL) +
         random.NextHex(10);
}

std::string ChooseTraceId(const http::RequestHead* head, base::RandomSource& random) {
  if (head != nullptr) {
    const auto own = head->Header("x-trace-id");
    if (own && IsTraceId(*own)) {
      return std::string(*own);
    }
    const auto parent = head->Header("traceparent");
    if (parent) {
      if (const auto trace_id = TraceIdOfParent(*parent)) {
        return std::string(*trace_id);
      }
    }
  }
  return random.NextHex(16);
}

}  // namespace millrace::api
