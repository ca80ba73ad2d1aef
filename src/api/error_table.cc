#include "api/error_table.h"

#include <array>
#include <utility>

#include "base/check.h"
#include "base/utf8.h"
#include "json/json.h"

namespace millrace::api {
namespace {

constexpr std::string_view kInvalid = "invalid_request_error";
constexpr std::string_view kServer = "server_error";
constexpr std::string_view kGenericInvalid = "The parameter is invalid. Please check again.";
constexpr BodyShape kText = BodyShape::kText;
constexpr BodyShape kObject = BodyShape::kObject;
constexpr BodyShape kNoCode = BodyShape::kNoCode;

constexpr std::array kRows = {
    FailureRow{Failure::kInvalidParameter, 400, 20015, kObject, kGenericInvalid, kInvalid},
    FailureRow{Failure::kContextOverflow, 400, 20015, kObject, kGenericInvalid, kInvalid},
    FailureRow{Failure::kModelNotFound, 400, 20012, kObject,
               "Model does not exist. Please check it carefully.", kInvalid},
    FailureRow{Failure::kJsonModeUnsupported, 400, 20024, kObject,
               "Json mode is not supported for this model.", kInvalid},
    FailureRow{Failure::kPrefixUnsupported, 400, 20030, kObject,
               "Prefix completion is not supported for this model.", kInvalid},
    FailureRow{Failure::kSuffixUnsupported, 400, 20031, kObject,
               "FIM completion is not supported for this model.", kInvalid},
    FailureRow{Failure::kSuffixWithJsonMode, 400, 20032, kObject,
               "FIM completion cannot be used together with JSON mode.", kInvalid},
    FailureRow{Failure::kPrefixWithJsonMode, 400, 20033, kObject,
               "Prefix completion cannot be used together with JSON mode.", kInvalid},
    FailureRow{Failure::kToolsUnsupported, 400, 20037, kObject,
               "Function call is not supported for this model.", kInvalid},
    FailureRow{Failure::kImagesUnsupported, 400, 20041, kObject,
               "The model is not a VLM (Vision Language Model). Please use text-only prompts.",
               kInvalid},
    FailureRow{Failure::kBadMediaUrl, 400, 20038, kObject,
               "The media URL is invalid or could not be loaded.", kInvalid},
    FailureRow{Failure::kBadBase64, 400, 20023, kObject, "Invalid base64 data.", kInvalid},
    FailureRow{Failure::kRemoteMediaDisabled, 400, 20055, kObject,
               "Only base64 encoded media is accepted.", kInvalid},
    FailureRow{Failure::kNotAnImage, 400, 20015, kObject,
               "image_url provided is not a valid image.", kInvalid},
    FailureRow{Failure::kMediaItemTooLarge, 400, 20042, kObject, "A media item is too large.",
               kInvalid},
    FailureRow{Failure::kMediaTotalTooLarge, 413, 20043, kObject, "Total media size is too large.",
               kInvalid},
    FailureRow{Failure::kBadAudio, 400, 20044, kObject, "Invalid audio data.", kInvalid},
    FailureRow{Failure::kSeveralChoicesUnsupported, 400, 20066, kObject,
               "This model does not support n greater than 1.", kInvalid},
    FailureRow{Failure::kTooManyChoices, 400, 20081, kObject, "n: Must be less than or equal to 20",
               kInvalid},
    FailureRow{Failure::kInvalidToken, 401, 0, kText, "Invalid token", kInvalid},
    FailureRow{Failure::kForbidden, 403, 0, kText, "Forbidden", kInvalid},
    FailureRow{Failure::kPathNotFound, 404, 0, kText, "404 page not found", kInvalid},
    FailureRow{Failure::kMethodNotAllowed, 405, 0, kText, "405 method not allowed", kInvalid},
    FailureRow{Failure::kRequestTimeout, 408, 20015, kObject, "Request timeout.", kInvalid},
    FailureRow{Failure::kBodyTooLarge, 413, 20042, kObject, "Request entity too large.", kInvalid},
    FailureRow{Failure::kUnsupportedContentType, 415, 20015, kObject, "Unsupported content type.",
               kInvalid},
    FailureRow{Failure::kRateLimited, 429, 0, kNoCode, "Request was rejected due to rate limiting.",
               "rate_limit_error"},
    FailureRow{Failure::kHeadTooLarge, 431, 20015, kObject, "Request header is too large.",
               kInvalid},
    FailureRow{Failure::kEngineFailure, 500, 50507, kObject, "Request failed: Unknown error.",
               kServer},
    FailureRow{Failure::kInternal, 500, 60000, kObject,
               "Request processing failed due to an unknown error.", kServer},
    FailureRow{Failure::kOverloaded, 503, 50505, kObject,
               "Model service overloaded. Please try again later.", kServer},
    FailureRow{Failure::kGatewayTimeout, 504, 50504, kText, "Gateway Timeout", kServer},
    FailureRow{Failure::kStreamTimeout, 504, 50504, kObject, "Request timed out.", "timeout_error"},
    FailureRow{Failure::kClientGone, 499, 60001, kObject, "Client closed request.", kInvalid},
};

constexpr bool RowsAreInEnumOrder() {
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].failure != static_cast<Failure>(i)) {
      return false;
    }
  }
  return kRows.size() == static_cast<size_t>(Failure::kClientGone) + 1;
}
static_assert(RowsAreInEnumOrder());

Failure FailureOf(base::ErrorKind kind) {
  switch (kind) {
    case base::ErrorKind::kInvalidArgument:
    case base::ErrorKind::kUnsupported:
      return Failure::kInvalidParameter;
    case base::ErrorKind::kNotFound:
      return Failure::kModelNotFound;
    case base::ErrorKind::kUnauthenticated:
      return Failure::kInvalidToken;
    case base::ErrorKind::kPermissionDenied:
      return Failure::kForbidden;
    case base::ErrorKind::kContextOverflow:
      return Failure::kContextOverflow;
    case base::ErrorKind::kResourceExhausted:
    case base::ErrorKind::kUnavailable:
      return Failure::kOverloaded;
    case base::ErrorKind::kDeadlineExceeded:
      return Failure::kGatewayTimeout;
    case base::ErrorKind::kCancelled:
      return Failure::kClientGone;
    case base::ErrorKind::kCorruptData:
    case base::ErrorKind::kIo:
      return Failure::kEngineFailure;
    case base::ErrorKind::kInternal:
      return Failure::kInternal;
  }
  std::unreachable();
}

// Only texts that speak of the request itself are for the client.
bool MessageIsForClient(Failure failure) {
  return failure == Failure::kInvalidParameter || failure == Failure::kContextOverflow;
}

void AppendOpenAiError(const WireError& error, std::string& out) {
  const FailureRow& row = RowOf(error.failure);
  out += "{\"message\":";
  json::AppendQuoted(MessageOf(error), out);
  out += ",\"type\":";
  json::AppendQuoted(row.openai_type, out);
  out += ",\"param\":";
  if (error.parameter.empty()) {
    out += "null";
  } else {
    json::AppendQuoted(error.parameter, out);
  }
  out += ",\"code\":";
  // Agents know an overflow by this string.
  if (error.failure == Failure::kContextOverflow) {
    out += "\"context_length_exceeded\"";
  } else {
    out += row.shape == BodyShape::kNoCode ? "null" : std::to_string(row.code);
  }
  out += '}';
}

void AppendCodeMessageData(const WireError& error, std::string& out) {
  if (RowOf(error.failure).shape != BodyShape::kNoCode) {
    out += "\"code\":" + std::to_string(RowOf(error.failure).code) + ',';
  }
  out += "\"message\":";
  json::AppendQuoted(MessageOf(error), out);
  out += ",\"data\":null";
}

}  // namespace

const FailureRow& RowOf(Failure failure) { return kRows[static_cast<size_t>(failure)]; }

std::string_view MessageOf(const WireError& error) {
  return error.message.empty() ? RowOf(error.failure).text : std::string_view(error.message);
}

std::string ErrorBody(const WireError& error, ErrorEnvelope envelope) {
  std::string body;
  if (RowOf(error.failure).shape == BodyShape::kText) {
    json::AppendQuoted(MessageOf(error), body);
    return body;
  }
  body += '{';
  AppendCodeMessageData(error, body);
  if (envelope == ErrorEnvelope::kBoth) {
    body += ",\"error\":";
    AppendOpenAiError(error, body);
  }
  body += '}';
  return body;
}

http::Response ErrorResponse(const WireError& error, const ApiOptions& options) {
  const FailureRow& row = RowOf(error.failure);
  http::Response response;
  response.status = row.status;
  response.body = ErrorBody(error, options.error_envelope);
  response.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  response.headers.emplace_back("Cache-Control", "no-store");
  if (row.status == 401) {
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
  }
  if (row.status == 503) {
    response.headers.emplace_back("Retry-After", std::to_string(options.retry_after.count()));
  }
  return response;
}

std::string StreamErrorJson(const WireError& error) {
  std::string out = "{\"error\":";
  AppendOpenAiError(error, out);
  out += ',';
  AppendCodeMessageData(error, out);
  out += '}';
  return out;
}

WireError ToWireError(base::Error error) {
  const Failure failure = FailureOf(error.kind);
  if (!MessageIsForClient(failure)) {
    return {failure};
  }
  return {failure, std::move(error.message), std::move(error.parameter)};
}

WireError BackendWireError(base::Error error) {
  WireError wire = ToWireError(std::move(error));
  if (wire.failure == Failure::kInternal || wire.failure == Failure::kModelNotFound) {
    return {Failure::kEngineFailure};
  }
  return wire;
}

WireError InvalidParameter(std::string message, std::string parameter) {
  return {Failure::kInvalidParameter, std::move(message), std::move(parameter)};
}

WireError InvalidField(std::string path, std::string_view problem) {
  std::string message = path + ": ";
  message += problem;
  return {Failure::kInvalidParameter, std::move(message), std::move(path)};
}

std::string QuotedUserText(std::string_view text) {
  static constexpr int kCharactersMax = 64;
  size_t end = 0;
  for (int count = 0; count < kCharactersMax && end < text.size(); ++count) {
    end += base::DecodeUtf8(text.substr(end)).length;
  }
  return base::SanitizeUtf8(text.substr(0, end));
}

}  // namespace millrace::api
