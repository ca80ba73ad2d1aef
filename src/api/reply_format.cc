#include "api/reply_format.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "base/utf8.h"
#include "json/json.h"

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

// A token that is part of a character shows U+FFFD; its bytes say what it is.
void AppendTokenFields(const chat::TokenLogprob& token, std::string& out) {
  out += "\"token\":";
  json::AppendQuoted(base::SanitizeUtf8(token.bytes), out);
  fmt::format_to(std::back_inserter(out), ",\"logprob\":{:#},\"bytes\":[", token.logprob);
  for (size_t i = 0; i < token.bytes.size(); ++i) {
    out += i == 0 ? "" : ",";
    out += std::to_string(static_cast<unsigned char>(token.bytes[i]));
  }
  out += ']';
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

void AppendLogprobs(std::span<const chat::ContentLogprob> entries, std::string& out) {
  bool first = true;
  for (const chat::ContentLogprob& entry : entries) {
    out += first ? "{" : ",{";
    first = false;
    AppendTokenFields(entry.token, out);
    out += ",\"top_logprobs\":[";
    for (size_t i = 0; i < entry.top.size(); ++i) {
      out += i == 0 ? "{" : ",{";
      AppendTokenFields(entry.top[i], out);
      out += '}';
    }
    out += "]}";
  }
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
