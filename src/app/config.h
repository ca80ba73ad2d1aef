// The YAML configuration file of `millrace serve`. docs/configuration.md lists every key.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/serve_options.h"

namespace millrace::app {

// Reads `yaml` over `options`: keys that are absent leave their option as it is. Returns every
// problem found, each as "path: what is wrong (line N)"; an empty list means the options are
// complete. Unknown keys are problems.
std::vector<std::string> ReadConfig(std::string_view yaml, ServeOptions& options);

// The same for a file; an unreadable file is one problem.
std::vector<std::string> ReadConfigFile(const std::string& path, ServeOptions& options);

}  // namespace millrace::app
