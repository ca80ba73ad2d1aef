// data: URLs and base64, as clients of vision models write them.
//
// The form is `data:<media type>[;parameter…];base64,<payload>`. The media type may be missing and
// is not looked at. In the payload white space is skipped, the URL-safe alphabet may be used, also
// mixed, and padding may be missing. Source: RFC 2397, RFC 4648.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace millrace::media {

enum class Base64Problem {
  kMalformed,  // not base64, or for a URL: does not say that it is
  kTooLarge,   // decodes to more bytes than allowed
};

// Whether the scheme, in whatever case, is "data".
bool IsDataUrl(std::string_view url);

// The payload of a URL for which IsDataUrl holds, at most `bytes_max` bytes; found too large before
// it is decoded.
std::expected<std::string, Base64Problem> DecodeDataUrl(std::string_view url, size_t bytes_max);

// The same for a payload alone. Bits left over in the last character are ignored.
std::expected<std::string, Base64Problem> DecodeBase64(std::string_view text, size_t bytes_max);

}  // namespace millrace::media
