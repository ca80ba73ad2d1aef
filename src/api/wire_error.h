// A failure in the terms of the wire: which documented refusal it is and what it says.
//
// The parsers of this folder return WireResult; a base::Error from below converts by itself, so
// TRY works across the border. Status, code and body of each Failure are in error_table.cc alone.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace millrace::api {

// Every refusal this server can answer with; one row each in the error table.
enum class Failure {
  kInvalidParameter,
  kContextOverflow,
  kModelNotFound,
  kJsonModeUnsupported,
  kPrefixUnsupported,
  kSuffixUnsupported,
  kSuffixWithJsonMode,
  kPrefixWithJsonMode,
  kToolsUnsupported,
  kImagesUnsupported,
  kBadMediaUrl,
  kBadBase64,
  kRemoteMediaDisabled,
  kNotAnImage,
  kMediaItemTooLarge,
  kMediaTotalTooLarge,
  kBadAudio,
  kSeveralChoicesUnsupported,
  kTooManyChoices,
  kInvalidToken,
  kForbidden,
  kPathNotFound,
  kMethodNotAllowed,
  kRequestTimeout,
  kBodyTooLarge,
  kUnsupportedContentType,
  kRateLimited,  // `message` is the metric's name, such as "RPM"
  kHeadTooLarge,
  kEngineFailure,
  kInternal,
  kOverloaded,
  kGatewayTimeout,  // before the first byte of an answer
  kStreamTimeout,   // inside a stream
  kClientGone,      // never sent, only logged
};

struct WireError {
  Failure failure = Failure::kInternal;
  std::string message = {};    // empty: the table's text
  std::string parameter = {};  // dotted path of the offending field, empty when there is none
};

// Translates an error from below. Messages of internal failures are replaced by the fixed text of
// their row, so nothing about this machine leaves it.
WireError ToWireError(base::Error error);
// The same for an error a backend reported: what is internal to it is an engine failure.
WireError BackendWireError(base::Error error);

// 400/20015 with a text of our own.
WireError InvalidParameter(std::string message, std::string parameter = {});
// "<path>: <problem>"
WireError InvalidField(std::string path, std::string_view problem);

// At most 64 characters of a client's text, for use inside a message.
std::string QuotedUserText(std::string_view text);

template <typename T>
class [[nodiscard]] WireResult : public std::expected<T, WireError> {
 public:
  using std::expected<T, WireError>::expected;
  WireResult(WireError error)  // NOLINT(google-explicit-constructor): as base::Result
      : std::expected<T, WireError>(std::unexpect, std::move(error)) {}
  WireResult(base::Error error)  // NOLINT(google-explicit-constructor): lets TRY cross the border
      : std::expected<T, WireError>(std::unexpect, ToWireError(std::move(error))) {}
};

using WireStatus = WireResult<void>;

}  // namespace millrace::api
