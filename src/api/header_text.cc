#include "api/header_text.h"

#include <algorithm>

namespace millrace::api {
namespace {

char AsciiLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view Unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return text;
}

bool EndsWithIgnoringCase(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() &&
         EqualsIgnoringCase(text.substr(text.size() - suffix.size()), suffix);
}

bool IsJsonType(std::string_view type) {
  return EqualsIgnoringCase(type, "application/json") ||
         (StartsWithIgnoringCase(type, "application/") && EndsWithIgnoringCase(type, "+json"));
}

// Takes the text up to the next ';' off `rest`.
std::string_view NextParameter(std::string_view& rest) {
  const size_t end = rest.find(';');
  const std::string_view part = TrimBlanks(rest.substr(0, end));
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

bool IsReadableCharset(std::string_view parameter) {
  const size_t equals = parameter.find('=');
  if (equals == std::string_view::npos ||
      !EqualsIgnoringCase(TrimBlanks(parameter.substr(0, equals)), "charset")) {
    return true;
  }
  const std::string_view charset = Unquoted(TrimBlanks(parameter.substr(equals + 1)));
  return EqualsIgnoringCase(charset, "utf-8") || EqualsIgnoringCase(charset, "us-ascii");
}

}  // namespace

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, AsciiLower, AsciiLower);
}

bool StartsWithIgnoringCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && EqualsIgnoringCase(text.substr(0, prefix.size()), prefix);
}

std::string_view TrimBlanks(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool IsJsonRequest(const http::RequestHead& head) {
  if (const auto encoding = head.Header("content-encoding")) {
    if (!EqualsIgnoringCase(TrimBlanks(*encoding), "identity")) {
      return false;
    }
  }
  const auto content_type = head.Header("content-type");
  if (!content_type) {
    return true;
  }
  std::string_view rest = *content_type;
  if (!IsJsonType(NextParameter(rest))) {
    return false;
  }
  while (!rest.empty()) {
    if (!IsReadableCharset(NextParameter(rest))) {
      return false;
    }
  }
  return true;
}

}  // namespace millrace::api
