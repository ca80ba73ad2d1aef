// Request bytes as a connection sees them: scan, parse, read the body, in pieces of any size. The
// result must not depend on how the bytes were cut.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "http/head_scanner.h"
#include "http/message_parser.h"
#include "http/target.h"

namespace {

using namespace millrace::http;

constexpr HeadLimits kLimits = {.bytes_max = 4096, .lines_max = 20};
constexpr uint64_t kBodyMax = 1000;

struct Outcome {
  HeadState head_state = HeadState::kNeedMore;
  bool parsed = false;
  std::string path;
  std::string body;
  BodyState body_state = BodyState::kNeedMore;
  bool operator==(const Outcome&) const = default;
};

void ReadBody(std::string_view bytes, size_t piece, RequestParser& parser, Outcome& outcome) {
  parser.set_body_limit(kBodyMax);
  std::string held;
  size_t given = 0;
  for (;;) {
    const BodyProgress progress = parser.FeedBody(held, outcome.body);
    MILLRACE_CHECK(progress.used <= held.size());
    held.erase(0, progress.used);
    outcome.body_state = progress.state;
    if (progress.state != BodyState::kNeedMore || given == bytes.size()) {
      return;
    }
    const size_t count = std::min(piece, bytes.size() - given);
    held += bytes.substr(given, count);
    given += count;
  }
}

Outcome Read(std::string_view bytes, size_t piece) {
  Outcome outcome;
  HeadScanner scanner(kLimits);
  for (size_t end = 0; outcome.head_state == HeadState::kNeedMore && end < bytes.size();) {
    end = std::min(end + piece, bytes.size());
    outcome.head_state = scanner.Scan(bytes.substr(0, end));
  }
  if (outcome.head_state != HeadState::kComplete) {
    return outcome;
  }
  RequestParser parser;
  RequestHead head;
  outcome.parsed = parser.ParseHead(bytes.substr(0, scanner.length()), head).has_value();
  const auto target = ParseTarget(parser.target());
  outcome.path = target.has_value() ? target->path : "";
  if (outcome.parsed && parser.has_body() && head.content_length.value_or(0) <= kBodyMax) {
    ReadBody(bytes.substr(scanner.length()), piece, parser, outcome);
    MILLRACE_CHECK(outcome.body.size() <= kBodyMax);
  }
  return outcome;
}

void ReadResponse(std::string_view bytes) {
  HeadScanner scanner(kLimits);
  if (scanner.Scan(bytes) != HeadState::kComplete) {
    return;
  }
  ResponseParser parser;
  Response response;
  if (parser.ParseHead(bytes.substr(0, scanner.length()), response).has_value()) {
    parser.FeedBody(bytes.substr(scanner.length()), response.body);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) {
    return 0;
  }
  const size_t piece = 1 + data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = Read(bytes, bytes.size() + 1);
  const Outcome pieces = Read(bytes, piece);
  // Too large may show as malformed first when the cut falls before the limit, and the reverse.
  const bool both_refused =
      whole.head_state != HeadState::kComplete ||
      (whole.body_state != BodyState::kComplete && pieces.body_state != BodyState::kComplete);
  MILLRACE_CHECK(both_refused || whole == pieces);
  ReadResponse(bytes);
  return 0;
}
