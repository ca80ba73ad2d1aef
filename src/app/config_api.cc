#include "app/config_sections.h"

namespace millrace::app {
namespace {

void ReadSwitches(Section& section, api::ApiOptions& api) {
  section.Choice<api::StreamUsageDefault>("stream_usage",
                                          {{"siliconflow", api::StreamUsageDefault::kSiliconFlow},
                                           {"openai", api::StreamUsageDefault::kOpenAi},
                                           {"final", api::StreamUsageDefault::kFinal}},
                                          api.stream_usage);
  section.Choice<api::ErrorEnvelope>(
      "error_envelope",
      {{"siliconflow", api::ErrorEnvelope::kSiliconFlow}, {"both", api::ErrorEnvelope::kBoth}},
      api.error_envelope);
  section.Choice<api::InapplicableThinking>("inapplicable_thinking",
                                            {{"reject", api::InapplicableThinking::kReject},
                                             {"ignore", api::InapplicableThinking::kIgnore}},
                                            api.inapplicable_thinking);
  section.Choice<api::MaxTokensScope>(
      "max_tokens_scope",
      {{"answer", api::MaxTokensScope::kAnswer}, {"total", api::MaxTokensScope::kTotal}},
      api.max_tokens_scope);
  section.Choice<api::LateSystem>(
      "late_system", {{"keep", api::LateSystem::kKeep}, {"reject", api::LateSystem::kReject}},
      api.late_system);
  section.Choice<api::MetricsAccess>(
      "metrics_access",
      {{"loopback", api::MetricsAccess::kLoopback}, {"everyone", api::MetricsAccess::kEveryone}},
      api.metrics_access);
  section.String("rate_limit_contact", api.rate_limit_contact);
  section.Bool("cors", api.cors);
  section.Bool("list_aliases", api.list_aliases);
  section.Strings("agent_user_agents", api.agent_user_agents);
}

void ReadTimes(Section& section, api::ApiOptions& api) {
  ReadSeconds(section, "sse_keepalive_s", 0, api.sse_keepalive);
  ReadSeconds(section, "request_timeout_s", 1, api.request_timeout);
  ReadSeconds(section, "first_token_timeout_s", 1, api.first_token_timeout);
  ReadSeconds(section, "stream_timeout_s", 1, api.stream_timeout);
  ReadSeconds(section, "retry_after_s", 1, api.retry_after);
}

void ReadRequestLimits(Section& section, api::RequestLimits& limits) {
  constexpr int64_t kCountMax = 1 << 20;
  constexpr int64_t kBytesMax = int64_t{1} << 30;
  section.Integer("max_body_bytes", limits.body_bytes_max, 1024, int64_t{1} << 32);
  section.Integer("max_json_depth", limits.json_depth_max, 8, 1024);
  section.Integer("max_messages", limits.messages_max, 1, kCountMax);
  section.Integer("max_parts", limits.parts_max, 1, kCountMax);
  section.Integer("max_history_calls", limits.history_calls_max, 1, kCountMax);
  section.Integer("max_tools", limits.tools_max, 1, kCountMax);
  section.Integer("max_tool_description_bytes", limits.tool_description_bytes_max, 1, kBytesMax);
  section.Integer("max_tools_bytes", limits.tools_bytes_max, 1, kBytesMax);
  section.Integer("max_name_characters", limits.name_characters_max, 1, kCountMax);
  section.Integer("max_stop_entries", limits.stop_entries_max, 1, kCountMax);
  section.Integer("max_stop_bytes", limits.stop_bytes_max, 1, kBytesMax);
  section.Integer("max_logit_bias_entries", limits.logit_bias_entries_max, 1, kCountMax);
  section.Integer("max_schema_bytes", limits.schema_bytes_max, 1, kBytesMax);
  section.Integer("max_video_frames", limits.video_frames_max, 1, kCountMax);
}

void ReadMedia(Section& section, media::MediaLoaderOptions& media) {
  media::FetcherOptions& fetcher = media.fetcher;
  section.Strings("allowed_addresses", fetcher.allowed_addresses);
  section.Strings("allowed_hosts", fetcher.allowed_hosts);
  section.Read<std::vector<uint16_t>>(
      "allowed_ports", "a list of port numbers",
      [&fetcher](std::vector<uint16_t> ports) { fetcher.allowed_ports = std::move(ports); });
  section.String("ca_file", fetcher.ca_file);
  ReadSeconds(section, "fetch_timeout_s", 1, fetcher.time_max);
  section.Integer("max_redirects", fetcher.redirects_max, 0, 20);
  ReadBytes(section, "item_bytes", 1024, media.item_bytes_max);
  ReadBytes(section, "total_bytes", 1024, media.total_bytes_max);
  section.Integer("total_pixels", media.total_pixels_max, 1, int64_t{1} << 40);
  section.Integer("max_pixels", media.decode.pixels_max, 1, int64_t{1} << 32);
  section.Integer("max_side", media.decode.side_max, 1, 1 << 16);
}

}  // namespace

void ReadApiSection(Section& root, ServeOptions& options) {
  root.Nested("api", [&options](Section& section) {
    ReadSwitches(section, options.api);
    ReadTimes(section, options.api);
    ReadRequestLimits(section, options.api.limits);
    section.Bool("fetch_remote_media", options.media.fetch_remote_media);
    section.Nested("media", [&options](Section& nested) { ReadMedia(nested, options.media); });
  });
}

void ReadHttpSection(Section& root, http::ServerOptions& http) {
  root.Nested("http", [&http](Section& section) {
    section.Integer("connections", http.connections_max, 1, 1 << 20);
    section.Integer("head_bytes", http.head_bytes_max, 1024, 1 << 24);
    section.Integer("header_lines", http.header_lines_max, 8, 1 << 16);
    ReadBytes(section, "bodies_memory", 0, http.bodies_bytes_max);
    ReadSeconds(section, "head_timeout_s", 1, http.head_timeout);
    ReadSeconds(section, "body_timeout_s", 1, http.body_timeout);
    section.Integer("body_bytes_per_s", http.body_rate_min, 0, 1 << 30);
    ReadSeconds(section, "idle_timeout_s", 1, http.idle_timeout);
    ReadSeconds(section, "stall_timeout_s", 1, http.stall_timeout);
  });
}

}  // namespace millrace::app
