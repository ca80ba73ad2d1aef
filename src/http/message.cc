#include "http/message.h"

#include <algorithm>

namespace millrace::http {
namespace {

char LowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return LowerAscii(x) == LowerAscii(y); });
}

std::optional<std::string_view> FindHeader(const HeaderList& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (EqualsIgnoringCase(key, name)) {
      return value;
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> RequestHead::Header(std::string_view name) const {
  return FindHeader(headers, name);
}

size_t RequestHead::HeaderCount(std::string_view name) const {
  return static_cast<size_t>(
      std::count_if(headers.begin(), headers.end(),
                    [name](const auto& header) { return EqualsIgnoringCase(header.first, name); }));
}

bool HasToken(const HeaderList& headers, std::string_view name, std::string_view token) {
  for (const auto& [key, value] : headers) {
    if (!EqualsIgnoringCase(key, name)) {
      continue;
    }
    std::string_view rest = value;
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      std::string_view item = rest.substr(0, comma);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      const size_t first = item.find_first_not_of(" \t");
      if (first == std::string_view::npos) {
        continue;
      }
      item = item.substr(first, item.find_last_not_of(" \t") - first + 1);
      if (EqualsIgnoringCase(item, token)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace millrace::http
