#include "api/reply_format.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace millrace::api {
namespace {

void AppendTotals(const chat::Usage& usage, std::string& out) {
  fmt::format_to(
      std::back_inserter(out), R"("prompt_tokens":{},"completion_tokens":{},"total_tokens":{})",
      usage.prompt_tokens, usage.completion_tokens, usage.prompt_tokens + usage.completion_tokens);
}

void AppendReasoning(const chat::Usage& usage, std::string& out) {
  fmt::format_to(std::back_inserter(out),
                 R"(,"completion_tokens_details":{{"reasoning_tokens":{}}})",
                 usage.reasoning_tokens);
}

}  // namespace

std::string_view FinishReasonName(chat::FinishReason reason) {
  switch (reason) {
    case chat::FinishReason::kStop:
      return "stop";
    case chat::FinishReason::kLength:
      return "length";
    case chat::FinishReason::kToolCalls:
      return "tool_calls";
    case chat::FinishReason::kContentFilter:
      return "content_filter";
  }
  std::unreachable();
}

void AppendUsage(const chat::Usage& usage, std::string& out) {
  out += '{';
  AppendTotals(usage, out);
  AppendReasoning(usage, out);
  fmt::format_to(std::back_inserter(out),
                 R"(,"prompt_tokens_details":{{"cached_tokens":{}}},)"
                 R"("prompt_cache_hit_tokens":{},"prompt_cache_miss_tokens":{}}})",
                 usage.cached_tokens, usage.cached_tokens,
                 usage.prompt_tokens - usage.cached_tokens);
}

void AppendRunningUsage(const chat::Usage& usage, RunningDetail detail, std::string& out) {
  out += '{';
  AppendTotals(usage, out);
  if (detail == RunningDetail::kTotalsAndReasoning) {
    AppendReasoning(usage, out);
  }
  out += '}';
}

}  // namespace millrace::api
