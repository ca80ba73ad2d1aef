#include "app/json_slices.h"

namespace millrace::app {
namespace {

// The end of the string that begins at `at`, behind its closing quote.
size_t EndOfString(std::string_view text, size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    at += text[at] == '\\' ? 1 : 0;
  }
  return std::min(at + 1, text.size());
}

// What stands between the outer brackets, split at its commas.
std::vector<std::string_view> Split(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t begin = 1;
  for (size_t at = 1; at + 1 < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = EndOfString(text, at);
      continue;
    }
    depth += c == '{' || c == '[' ? 1 : 0;
    depth -= c == '}' || c == ']' ? 1 : 0;
    if (c == ',' && depth == 0) {
      parts.push_back(text.substr(begin, at - begin));
      begin = at + 1;
    }
    ++at;
  }
  if (begin + 1 < text.size()) {
    parts.push_back(text.substr(begin, text.size() - 1 - begin));
  }
  return parts;
}

}  // namespace

std::string StripSpace(std::string_view text) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      const size_t end = EndOfString(text, at);
      result += text.substr(at, end - at);
      at = end;
      continue;
    }
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
      result += c;
    }
    ++at;
  }
  return result;
}

std::vector<std::pair<std::string_view, std::string_view>> MembersOf(std::string_view object) {
  std::vector<std::pair<std::string_view, std::string_view>> members;
  if (!object.starts_with('{')) {
    return members;
  }
  for (const std::string_view part : Split(object)) {
    const size_t colon = EndOfString(part, 0);
    members.emplace_back(part.substr(0, colon), part.substr(std::min(colon + 1, part.size())));
  }
  return members;
}

std::vector<std::string_view> ItemsOf(std::string_view array) {
  return array.starts_with('[') ? Split(array) : std::vector<std::string_view>();
}

}  // namespace millrace::app
