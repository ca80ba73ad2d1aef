#include "app/config.h"

#include <fmt/format.h>

#include "app/config_sections.h"
#include "app/record_section.h"
#include "app/text_file.h"
#include "app/yaml_section.h"

namespace millrace::app {
namespace {

void ReadModel(const YAML::Node& node, const std::string& path, ServeOptions& options,
               std::vector<std::string>& problems) {
  Section section(node, path, problems);
  ModelOptions model;
  section.String("path", model.path);
  section.String("id", model.id);
  section.Strings("aliases", model.aliases);
  section.String("record", model.record);
  ReadRecordKeys(section, model.settings);
  section.Finish();
  if (model.path.empty()) {
    if (node.IsMap()) {
      section.Report(node, "path", "is required: a GGUF file");
    }
    return;
  }
  if (model.id.empty()) {
    model.id = StemOf(model.path);
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

void ReadEngineSection(Section& root, ServeOptions& options) {
  root.Nested("engine", [&options](Section& section) {
    engine::EngineOptions& engine = options.engine;
    ReadBytes(section, "kv_memory", 1, engine.kv_bytes_max);
    section.Integer("context", engine.context_tokens, 1, INT32_MAX);
    section.Integer("queue_length", engine.queue_length_max, 1, 1 << 20);
    section.Integer("running_sequences", engine.running_sequences_max, 1, 4096);
    section.Integer("step_tokens", engine.step_tokens_max, 16, 65536);
    section.Integer("block_size", engine.block_size, 1, 1024);
    section.Integer("event_queue", engine.event_queue_max, 1, 1 << 20);
    section.Bool("preload", options.preload);
  });
}

}  // namespace

std::vector<std::string> ReadConfig(std::string_view yaml, ServeOptions& options) {
  std::vector<std::string> problems;
  const std::optional<YAML::Node> document = ParseYaml(yaml, problems);
  if (!document || document->IsNull()) {
    return problems;  // an empty file says nothing
  }
  Section root(*document, "", problems);
  root.Parsed("listen", [&options](const std::string& text) {
    return ParseListen(text, options.host, options.port);
  });
  root.String("data", options.data_directory);
  root.Integer("threads", options.engine.thread_count, 1, 1024);
  root.Bool("authentication", options.authentication);
  root.Choice<std::string>(
      "log_level", {{"debug", "debug"}, {"info", "info"}, {"warn", "warn"}, {"error", "error"}},
      options.log_level);
  root.Choice<LogFormat>("log_format", {{"text", LogFormat::kText}, {"json", LogFormat::kJson}},
                         options.log_format);
  ReadSeconds(root, "shutdown_grace_s", 0, options.shutdown_grace);
  root.Strings("catalogue", options.catalogue_files);
  ReadModels(root, options, problems);
  ReadEngineSection(root, options);
  ReadApiSection(root, options);
  ReadLimitsSection(root, options);
  ReadHttpSection(root, options.http);
  root.Finish();
  return problems;
}

std::vector<std::string> ReadConfigFile(const std::string& path, ServeOptions& options) {
  const base::Result<std::string> text = ReadTextFile(path);
  if (!text.has_value()) {
    return {text.error().message};
  }
  std::vector<std::string> problems = ReadConfig(*text, options);
  for (std::string& problem : problems) {
    problem = fmt::format("{}: {}", path, problem);
  }
  return problems;
}

}  // namespace millrace::app
