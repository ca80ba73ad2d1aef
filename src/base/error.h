// What went wrong, in the caller's terms. Only `api` translates a kind into a status and a wire
// code.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace millrace::base {

enum class ErrorKind {
  kInvalidArgument,    // the caller asked for something malformed; `parameter` names where
  kUnsupported,        // well-formed, but this model or build cannot do it
  kNotFound,           // the named thing does not exist
  kUnauthenticated,    // no valid key
  kPermissionDenied,   // a known key that may not
  kContextOverflow,    // the prompt is longer than the model's context
  kResourceExhausted,  // a bound was hit (queue, memory, limit): try again later
  kUnavailable,        // loading or shutting down
  kDeadlineExceeded,   // the time limit passed
  kCancelled,          // the caller went away
  kCorruptData,        // a file or a peer's bytes do not follow their format
  kIo,                 // the operating system refused
  kInternal,           // a bug of ours that could be contained
};

// The kind's name for logs, for example "invalid_argument".
std::string_view ErrorKindName(ErrorKind kind);

// A message says what was wrong and what would be right. It never carries secrets or prompt text.
struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;
  std::string parameter = {};  // dotted path of the offending field, empty when there is none
};

inline Error InvalidArgument(std::string message, std::string parameter = {}) {
  return {ErrorKind::kInvalidArgument, std::move(message), std::move(parameter)};
}
inline Error CorruptData(std::string message) {
  return {ErrorKind::kCorruptData, std::move(message)};
}
inline Error Unsupported(std::string message) {
  return {ErrorKind::kUnsupported, std::move(message)};
}
inline Error NotFound(std::string message) { return {ErrorKind::kNotFound, std::move(message)}; }
inline Error Internal(std::string message) { return {ErrorKind::kInternal, std::move(message)}; }
inline Error IoError(std::string message) { return {ErrorKind::kIo, std::move(message)}; }

}  // namespace millrace::base
