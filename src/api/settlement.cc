#include "api/settlement.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <utility>

#include "api/error_table.h"

namespace millrace::api {
namespace {

// Seconds; from a cached answer to a long generation.
constexpr std::array<double, 14> kSecondsBounds = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
                                                   2.5,  5,     10,   30,  60,   120, 600};
constexpr double kMillisPerSecond = 1000;

}  // namespace

RequestSettlement::RequestSettlement(const ApiServices& services)
    : services_(services),
      settings_(services.settings->Get()),
      started_(services.clock->Now()),
      started_unix_millis_(services.clock->UnixMillis()) {}

RequestSettlement::~RequestSettlement() {
  log_.duration_millis = ElapsedMillis();
  WriteMetrics();
  if (accepted_ && services_.store != nullptr) {
    services_.store->RecordUsage({.trace_id = log_.trace_id,
                                  .account_id = log_.account_id,
                                  .key_id = log_.key_id,
                                  .model = log_.model,
                                  .started_unix_millis = started_unix_millis_,
                                  .duration_millis = log_.duration_millis,
                                  .status = log_.status,
                                  .prompt_tokens = log_.usage.prompt_tokens,
                                  .cached_tokens = log_.usage.cached_tokens,
                                  .completion_tokens = log_.usage.completion_tokens,
                                  .reasoning_tokens = log_.usage.reasoning_tokens});
  }
  if (services_.log) {
    services_.log(log_);
  }
}

void RequestSettlement::Admitted(std::optional<base::TimePoint> at) {
  if (at.has_value()) {
    log_.queue_millis = MillisUntil(*at);
  }
}

void RequestSettlement::FirstToken() {
  if (!log_.first_token_millis) {
    log_.first_token_millis = ElapsedMillis();
  }
}

void RequestSettlement::Failed(const WireError& error, int status) {
  log_.status = status;
  log_.code = RowOf(error.failure).code;
}

int64_t RequestSettlement::MillisUntil(base::TimePoint at) const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at - started_).count();
}

void RequestSettlement::WriteMetrics() const {
  metrics::Registry& registry = *services_.metrics;
  registry
      .AddCounter("millrace_http_requests_total", "Requests answered, by route and status.",
                  {{"route", log_.route}, {"status", std::to_string(log_.status)}})
      .Add();
  if (!accepted_) {
    return;
  }
  const std::vector<metrics::Label> model = {{"model", log_.model}};
  const auto count = [&](const char* name, const char* help, int64_t value) {
    registry.AddCounter(name, help, model).Add(static_cast<uint64_t>(value));
  };
  count("millrace_prompt_tokens_total", "Prompt tokens of accepted requests.",
        log_.usage.prompt_tokens);
  count("millrace_cached_prompt_tokens_total", "Prompt tokens taken from the prefix cache.",
        log_.usage.cached_tokens);
  count("millrace_completion_tokens_total", "Tokens generated, reasoning included.",
        log_.usage.completion_tokens);
  count("millrace_reasoning_tokens_total", "Reasoning tokens generated.",
        log_.usage.reasoning_tokens);
  registry
      .AddHistogram("millrace_request_seconds", "Time from request to the end of its answer.",
                    kSecondsBounds, model)
      .Observe(static_cast<double>(log_.duration_millis) / kMillisPerSecond);
  if (log_.first_token_millis) {
    registry
        .AddHistogram("millrace_first_token_seconds", "Time from request to its first token.",
                      kSecondsBounds, model)
        .Observe(static_cast<double>(*log_.first_token_millis) / kMillisPerSecond);
  }
}

}  // namespace millrace::api
