// The switches and limits of the HTTP interface, with the defaults of the API contract.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace millrace::api {

// Where usage appears in a stream when the client sent no `stream_options`.
enum class StreamUsageDefault {
  kSiliconFlow,  // cumulative on every chunk
  kOpenAi,       // nowhere
  kFinal,        // on the last finish chunk
};

// Form of object-shaped error bodies.
enum class ErrorEnvelope {
  kSiliconFlow,  // code, message, data
  kBoth,         // the same plus an OpenAI-style `error` object
};

// What `enable_thinking` does on a model that cannot switch.
enum class InapplicableThinking { kReject, kIgnore };

// Whether `max_tokens` counts reasoning.
enum class MaxTokensScope {
  kAnswer,  // no: reasoning is free
  kTotal,   // yes
};

// What happens to a system message after the first other message.
enum class LateSystem { kKeep, kReject };

// Who may read /metrics without a key. Everybody else needs a key like on any other route.
enum class MetricsAccess { kLoopback, kEveryone };

// Bounds of one request; beyond each is a defined 400 or 413.
struct RequestLimits {
  uint64_t body_bytes_max = 64ULL << 20;
  uint32_t json_depth_max = 128;
  uint32_t messages_max = 2048;
  uint32_t parts_max = 1024;         // of one message
  uint32_t history_calls_max = 128;  // of one assistant message
  uint32_t tools_max = 128;
  uint32_t tool_description_bytes_max = 16 * 1024;
  uint32_t tools_bytes_max = 1 << 20;  // all tools serialised
  uint32_t name_characters_max = 64;   // of a message's author
  uint32_t stop_entries_max = 4;
  uint32_t stop_bytes_max = 1024;
  uint32_t logit_bias_entries_max = 1024;
  uint32_t schema_bytes_max = 256 * 1024;
  int32_t n_absolute_max = 20;
  int32_t video_frames_max = 128;
};

struct ApiOptions {
  StreamUsageDefault stream_usage = StreamUsageDefault::kSiliconFlow;
  ErrorEnvelope error_envelope = ErrorEnvelope::kSiliconFlow;
  InapplicableThinking inapplicable_thinking = InapplicableThinking::kReject;
  MaxTokensScope max_tokens_scope = MaxTokensScope::kAnswer;
  LateSystem late_system = LateSystem::kKeep;
  MetricsAccess metrics_access = MetricsAccess::kLoopback;
  // The middle sentence of a 429; may be empty.
  std::string rate_limit_contact = "If you want more, please contact contact@siliconflow.cn.";
  bool cors = true;
  bool list_aliases = false;

  // `User-Agent` beginnings, compared without case, that count as agent traffic.
  std::vector<std::string> agent_user_agents = {"claude-cli", "claude-code", "opencode"};

  std::chrono::milliseconds sse_keepalive{15'000};         // silence before a comment; 0 = never
  std::chrono::milliseconds request_timeout{600'000};      // whole answer, not streamed
  std::chrono::milliseconds first_token_timeout{600'000};  // streamed
  std::chrono::milliseconds stream_timeout{3'600'000};     // whole stream
  std::chrono::seconds retry_after{5};                     // told with a 503

  RequestLimits limits;
};

}  // namespace millrace::api
