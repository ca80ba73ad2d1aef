#include "app/request_line.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <string_view>
#include <utility>

#include "api/reply_format.h"

namespace millrace::app {
namespace {

std::string_view EffortName(chat::ReasoningEffort effort) {
  switch (effort) {
    case chat::ReasoningEffort::kHigh:
      return "high";
    case chat::ReasoningEffort::kMax:
      return "max";
  }
  std::unreachable();
}

// Whether the request got so far that its model and its wishes are known.
bool HasModel(const api::RequestLog& log) { return !log.model.empty(); }

}  // namespace

std::string RequestLine(const api::RequestLog& log) {
  std::string line =
      fmt::format("{} {} {} {} ms", log.method, log.route, log.status, log.duration_millis);
  if (log.code != 0) {
    line += fmt::format(" code={}", log.code);
  }
  if (!log.limit.empty()) {
    line += fmt::format(" limit={}", log.limit);
  }
  if (HasModel(log)) {
    line += fmt::format(" model={} stream={} thinking={}", log.model, log.stream, log.thinking);
  }
  if (log.effort.has_value()) {
    line += fmt::format(" effort={}", EffortName(*log.effort));
  }
  if (log.usage.prompt_tokens > 0) {
    line += fmt::format(" prompt={} cached={} completion={} reasoning={}", log.usage.prompt_tokens,
                        log.usage.cached_tokens, log.usage.completion_tokens,
                        log.usage.reasoning_tokens);
  }
  if (log.queue_millis.has_value()) {
    line += fmt::format(" queue={}ms", *log.queue_millis);
  }
  if (log.first_token_millis.has_value()) {
    line += fmt::format(" first_token={}ms", *log.first_token_millis);
  }
  for (const chat::FinishReason reason : log.finish_reasons) {
    line += fmt::format(" finish={}", api::FinishReasonName(reason));
  }
  if (!log.key_id.empty()) {
    line += fmt::format(" account={} key={}", log.account_id, log.key_id);
  }
  return line + fmt::format(" from={} trace={}", log.remote_address, log.trace_id);
}

std::string RequestJson(const api::RequestLog& log, int64_t unix_millis) {
  boost::json::object line = {{"time", unix_millis},       {"level", "info"},
                              {"event", "request"},        {"trace", log.trace_id},
                              {"method", log.method},      {"route", log.route},
                              {"status", log.status},      {"code", log.code},
                              {"ms", log.duration_millis}, {"from", log.remote_address}};
  if (!log.limit.empty()) {
    line["limit"] = log.limit;
  }
  if (!log.key_id.empty()) {
    line["account"] = log.account_id;
    line["key"] = log.key_id;
  }
  if (HasModel(log)) {
    line["model"] = log.model;
    line["stream"] = log.stream;
    line["thinking"] = log.thinking;
  }
  if (log.effort.has_value()) {
    line["effort"] = EffortName(*log.effort);
  }
  if (log.usage.prompt_tokens > 0) {
    line["prompt_tokens"] = log.usage.prompt_tokens;
    line["cached_tokens"] = log.usage.cached_tokens;
    line["completion_tokens"] = log.usage.completion_tokens;
    line["reasoning_tokens"] = log.usage.reasoning_tokens;
  }
  if (log.queue_millis.has_value()) {
    line["queue_ms"] = *log.queue_millis;
  }
  if (log.first_token_millis.has_value()) {
    line["first_token_ms"] = *log.first_token_millis;
  }
  if (!log.finish_reasons.empty()) {
    boost::json::array reasons;
    for (const chat::FinishReason reason : log.finish_reasons) {
      reasons.emplace_back(api::FinishReasonName(reason));
    }
    line["finish"] = std::move(reasons);
  }
  return boost::json::serialize(line);
}

}  // namespace millrace::app
