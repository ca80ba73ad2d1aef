#include "api/name_pattern.h"

#include <algorithm>

namespace millrace::api {
namespace {

constexpr std::string_view kPattern = "^[A-Za-z0-9_-]{1,64}$";
constexpr size_t kNameCharactersMax = 64;

bool IsNameCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

}  // namespace

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kNameCharactersMax &&
         std::ranges::all_of(text, IsNameCharacter);
}

WireResult<std::string> RequiredName(const json::FieldReader& fields, std::string_view key) {
  const std::string_view name = TRY(fields.RequiredString(key));
  if (!IsName(name)) {
    return json::PatternMismatch(fields.PathOf(key), kPattern);
  }
  return std::string(name);
}

}  // namespace millrace::api
