#include "api/authentication.h"

#include <optional>
#include <string_view>

#include "api/header_text.h"

namespace millrace::api {
namespace {

constexpr std::string_view kScheme = "bearer";
constexpr std::string_view kBlanks = " \t";

// The key of "Bearer <key>", or nothing when the header has another form.
std::optional<std::string_view> KeyOf(std::string_view header) {
  header = TrimBlanks(header);
  if (header.size() <= kScheme.size() ||
      !EqualsIgnoringCase(header.substr(0, kScheme.size()), kScheme) ||
      kBlanks.find(header[kScheme.size()]) == std::string_view::npos) {
    return std::nullopt;
  }
  return TrimBlanks(header.substr(kScheme.size()));
}

}  // namespace

WireResult<accounts::Principal> Authenticate(const http::RequestHead& head,
                                             accounts::Store* store) {
  if (store == nullptr) {
    return accounts::Principal{};
  }
  if (head.HeaderCount("authorization") != 1) {
    return WireError{Failure::kInvalidToken};
  }
  const auto key = KeyOf(*head.Header("authorization"));
  if (!key) {
    return WireError{Failure::kInvalidToken};
  }
  return TRY(store->Authenticate(*key));
}

}  // namespace millrace::api
