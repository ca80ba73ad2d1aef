// Puts the options of `serve`, `check` and `models` together from a configuration file and flags.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/serve_options.h"

namespace millrace::app {

// What the command line says; it wins over the file.
struct ServeFlags {
  std::optional<std::string> config = {};
  std::vector<std::string> models = {};  // FILE.gguf[=ID]
  std::optional<std::string> listen = {};
  std::optional<std::string> data = {};
  std::optional<std::string> log_format = {};
  int32_t threads = 0;  // 0: not said
  bool no_auth = false;
};

struct GatheredOptions {
  ServeOptions options;
  std::vector<std::string> problems;  // empty: the options can be served
};

// Reads the file anew on each call, and the catalogues it names.
GatheredOptions GatherOptions(const ServeFlags& flags);

}  // namespace millrace::app
