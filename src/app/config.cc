#include "app/config.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <chrono>
#include <fstream>
#include <iterator>

#include "app/yaml_section.h"

namespace millrace::app {
namespace {

void ReadModel(const YAML::Node& node, const std::string& path, ServeOptions& options,
               std::vector<std::string>& problems) {
  Section section(node, path, problems);
  ModelOptions model;
  section.Parsed("path", [&model](const std::string& text) -> base::Status {
    model.path = text;
    return {};
  });
  section.String("id", model.id);
  section.Read<std::vector<std::string>>(
      "aliases", "a list of texts",
      [&](std::vector<std::string> list) { model.aliases = std::move(list); });
  int32_t context = 0;
  section.Integer("context", context, 1, INT32_MAX);
  if (context > 0) {
    model.context_tokens = context;
  }
  section.Read<bool>("thinking_default", "true or false",
                     [&model](bool value) { model.thinking_default = value; });
  section.Finish();
  if (model.path.empty()) {
    if (node.IsMap()) {
      section.Report(node, "path", "is required: a GGUF file");
    }
    return;
  }
  if (model.id.empty()) {
    if (base::Result<ModelOptions> named = ParseModel(model.path); named.has_value()) {
      model.id = named->id;
    }
  }
  options.models.push_back(std::move(model));
}

void ReadModels(Section& root, ServeOptions& options, std::vector<std::string>& problems) {
  const YAML::Node list = root.Take("models");
  if (!list.IsDefined() || list.IsNull()) {
    return;
  }
  if (!list.IsSequence()) {
    root.Report(list, "models", "should be a list");
    return;
  }
  for (size_t i = 0; i < list.size(); ++i) {
    ReadModel(list[i], fmt::format("models.{}", i), options, problems);
  }
}

void ReadEngine(Section& root, ServeOptions& options, std::vector<std::string>& problems) {
  const YAML::Node node = root.Take("engine");
  if (!node.IsDefined() || node.IsNull()) {
    return;
  }
  engine::EngineOptions& engine = options.engine;
  Section section(node, "engine", problems);
  section.Parsed("kv_memory", [&engine](const std::string& text) -> base::Status {
    engine.kv_bytes_max = TRY(ParseBytes(text));
    return {};
  });
  section.Integer("context", engine.context_tokens, 1, INT32_MAX);
  section.Integer("queue_length", engine.queue_length_max, 1, 1 << 20);
  section.Integer("running_sequences", engine.running_sequences_max, 1, 4096);
  section.Integer("step_tokens", engine.step_tokens_max, 16, 65536);
  section.Finish();
}

// A whole number of seconds.
template <typename Duration>
void ReadSeconds(Section& section, const std::string& key, int64_t least, Duration& out) {
  int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(out).count();
  section.Integer(key, seconds, least, 86'400);
  out = std::chrono::seconds(seconds);
}

void ReadApi(Section& root, ServeOptions& options, std::vector<std::string>& problems) {
  const YAML::Node node = root.Take("api");
  if (!node.IsDefined() || node.IsNull()) {
    return;
  }
  api::ApiOptions& api = options.api;
  Section section(node, "api", problems);
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
  section.Bool("cors", api.cors);
  section.Bool("list_aliases", api.list_aliases);
  section.Read<std::vector<std::string>>(
      "agent_user_agents", "a list of texts",
      [&api](std::vector<std::string> list) { api.agent_user_agents = std::move(list); });
  ReadSeconds(section, "sse_keepalive_s", 0, api.sse_keepalive);
  ReadSeconds(section, "request_timeout_s", 1, api.request_timeout);
  ReadSeconds(section, "first_token_timeout_s", 1, api.first_token_timeout);
  ReadSeconds(section, "stream_timeout_s", 1, api.stream_timeout);
  section.Integer("max_body_bytes", api.limits.body_bytes_max, 1024, int64_t{1} << 32);
  section.Integer("max_messages", api.limits.messages_max, 1, 1 << 20);
  section.Finish();
}

void ReadHttp(Section& root, ServeOptions& options, std::vector<std::string>& problems) {
  const YAML::Node node = root.Take("http");
  if (!node.IsDefined() || node.IsNull()) {
    return;
  }
  http::ServerOptions& http = options.http;
  Section section(node, "http", problems);
  section.Integer("connections", http.connections_max, 1, 1 << 20);
  section.Integer("head_bytes", http.head_bytes_max, 1024, 1 << 24);
  section.Integer("header_lines", http.header_lines_max, 8, 1 << 16);
  section.Parsed("bodies_memory", [&http](const std::string& text) -> base::Status {
    http.bodies_bytes_max = static_cast<uint64_t>(TRY(ParseBytes(text)));
    return {};
  });
  ReadSeconds(section, "head_timeout_s", 1, http.head_timeout);
  ReadSeconds(section, "body_timeout_s", 1, http.body_timeout);
  section.Integer("body_bytes_per_s", http.body_rate_min, 0, 1 << 30);
  ReadSeconds(section, "idle_timeout_s", 1, http.idle_timeout);
  ReadSeconds(section, "stall_timeout_s", 1, http.stall_timeout);
  section.Finish();
}

}  // namespace

std::vector<std::string> ReadConfig(std::string_view yaml, ServeOptions& options) {
  std::vector<std::string> problems;
  YAML::Node document;
  try {
    document = YAML::Load(std::string(yaml));
  } catch (const YAML::Exception& failure) {
    problems.push_back(fmt::format("not YAML: {} (line {})", failure.msg, failure.mark.line + 1));
    return problems;
  }
  if (document.IsNull()) {
    return problems;  // an empty file says nothing
  }
  Section root(document, "", problems);
  root.Parsed("listen", [&options](const std::string& text) {
    return ParseListen(text, options.host, options.port);
  });
  root.String("data", options.data_directory);
  root.Integer("threads", options.engine.thread_count, 1, 1024);
  root.Bool("authentication", options.authentication);
  root.Choice<std::string>(
      "log_level", {{"debug", "debug"}, {"info", "info"}, {"warn", "warn"}, {"error", "error"}},
      options.log_level);
  ReadModels(root, options, problems);
  ReadEngine(root, options, problems);
  ReadApi(root, options, problems);
  ReadHttp(root, options, problems);
  root.Finish();
  return problems;
}

std::vector<std::string> ReadConfigFile(const std::string& path, ServeOptions& options) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) {
    return {fmt::format("{}: cannot be read", path)};
  }
  return ReadConfig(text, options);
}

}  // namespace millrace::app
