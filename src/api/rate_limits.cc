#include "api/rate_limits.h"

#include <fmt/format.h>

#include <chrono>
#include <string>

namespace millrace::api {
namespace {

// "1s", "6m0s", "1h0m0s": rounded up to whole seconds.
std::string Duration(std::chrono::milliseconds duration) {
  const int64_t seconds = std::chrono::ceil<std::chrono::seconds>(duration).count();
  if (seconds < 60) {
    return fmt::format("{}s", seconds);
  }
  if (seconds < 3600) {
    return fmt::format("{}m{}s", seconds / 60, seconds % 60);
  }
  return fmt::format("{}h{}m{}s", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

void AddWindow(const accounts::LimitWindow& window, const char* unit, http::HeaderList& headers) {
  headers.emplace_back(fmt::format("x-ratelimit-limit-{}", unit), std::to_string(window.limit));
  headers.emplace_back(fmt::format("x-ratelimit-remaining-{}", unit),
                       std::to_string(window.remaining));
  headers.emplace_back(fmt::format("x-ratelimit-reset-{}", unit), Duration(window.reset));
}

}  // namespace

http::HeaderList LimitHeaders(const accounts::LimitStatus& status) {
  http::HeaderList headers;
  if (status.requests) {
    AddWindow(*status.requests, "requests", headers);
  }
  if (status.tokens) {
    AddWindow(*status.tokens, "tokens", headers);
  }
  return headers;
}

WireError LimitError(const accounts::LimitRefusal& refusal, const ApiOptions& options) {
  if (refusal.metric == accounts::LimitMetric::kRunning) {
    return {Failure::kOverloaded};
  }
  std::string message = "Request was rejected due to rate limiting. ";
  if (!options.rate_limit_contact.empty()) {
    message += options.rate_limit_contact + ' ';
  }
  message += fmt::format("Details:{} limit reached.", accounts::LimitMetricName(refusal.metric));
  return {Failure::kRateLimited, std::move(message)};
}

http::HeaderList RefusalHeaders(const accounts::LimitRefusal& refusal) {
  http::HeaderList headers = LimitHeaders(refusal.status);
  if (refusal.metric != accounts::LimitMetric::kRunning) {  // a 503 has its own
    headers.emplace_back("Retry-After", std::to_string(refusal.retry_after.count()));
  }
  return headers;
}

}  // namespace millrace::api
