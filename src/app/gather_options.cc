#include "app/gather_options.h"

#include <utility>

#include "app/config.h"

namespace millrace::app {
namespace {

void ReadModelFlags(const ServeFlags& flags, ServeOptions& options,
                    std::vector<std::string>& problems) {
  if (!flags.models.empty()) {
    options.models.clear();
  }
  for (const std::string& text : flags.models) {
    if (base::Result<ModelOptions> model = ParseModel(text); model.has_value()) {
      options.models.push_back(*std::move(model));
    } else {
      problems.push_back("--model: " + model.error().message);
    }
  }
}

void ReadDataFlag(const ServeFlags& flags, ServeOptions& options,
                  std::vector<std::string>& problems) {
  if (flags.data) {
    options.data_directory = *flags.data;
    if (flags.data->empty()) {
      problems.emplace_back("--data: names no directory");
    }
    return;
  }
  if (!options.data_directory.empty()) {
    return;
  }
  if (base::Result<std::string> directory = DefaultDataDirectory(); directory.has_value()) {
    options.data_directory = *std::move(directory);
  } else if (options.authentication) {
    problems.push_back(directory.error().message);
  }
}

void ReadFlags(const ServeFlags& flags, ServeOptions& options, std::vector<std::string>& problems) {
  ReadModelFlags(flags, options, problems);
  if (flags.listen) {
    if (const base::Status status = ParseListen(*flags.listen, options.host, options.port);
        !status.has_value()) {
      problems.push_back("--listen: " + status.error().message);
    }
  }
  if (flags.threads > 0) {
    options.engine.thread_count = flags.threads;
  }
  if (flags.no_auth) {
    options.authentication = false;
  }
  if (flags.log_format) {
    options.log_format = *flags.log_format == "json" ? LogFormat::kJson : LogFormat::kText;
  }
  ReadDataFlag(flags, options, problems);
}

}  // namespace

GatheredOptions GatherOptions(const ServeFlags& flags) {
  GatheredOptions gathered;
  ServeOptions& options = gathered.options;
  std::vector<std::string>& problems = gathered.problems;
  if (flags.config) {
    problems = ReadConfigFile(*flags.config, options);
  }
  ReadFlags(flags, options, problems);
  options.catalogue = Catalogue::BuiltIn();
  for (const std::string& path : options.catalogue_files) {
    options.catalogue.ReadFile(path, problems);
  }
  for (std::string& problem : ProblemsOf(options)) {
    problems.push_back(std::move(problem));
  }
  return gathered;
}

}  // namespace millrace::app
