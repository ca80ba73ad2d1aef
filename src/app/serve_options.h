// Everything `millrace serve` can be told, from flags and from a YAML file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api_options.h"
#include "base/result.h"
#include "engine/engine.h"
#include "http/server.h"

namespace millrace::app {

// One model to serve.
struct ModelOptions {
  std::string path;  // a GGUF file
  std::string id;    // the name clients use; the file's stem when empty
  std::vector<std::string> aliases = {};
  std::optional<int32_t> context_tokens = {};  // smaller than the model's own, to save memory
  std::optional<bool> thinking_default = {};   // when a request does not say
};

struct ServeOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;
  std::string data_directory;  // keys and usage; DefaultDataDirectory() when empty
  bool authentication = true;
  std::string log_level = "info";
  std::vector<ModelOptions> models;
  engine::EngineOptions engine;
  api::ApiOptions api;
  http::ServerOptions http;  // its host and port are the ones above
};

// $MILLRACE_DATA, else $XDG_DATA_HOME/millrace, else ~/.local/share/millrace.
base::Result<std::string> DefaultDataDirectory();

// Reads "HOST:PORT", "[::1]:8080" or ":8080" into `host` and `port`.
base::Status ParseListen(std::string_view text, std::string& host, uint16_t& port);

// Reads "FILE.gguf" or "FILE.gguf=ID".
base::Result<ModelOptions> ParseModel(std::string_view text);

// Reads a byte count: "1073741824", "512MiB", "4GiB".
base::Result<int64_t> ParseBytes(std::string_view text);

// What is wrong with the options as a whole, a line for each problem; empty when they can be
// served. Looks at the files they name, opens no socket.
std::vector<std::string> ProblemsOf(const ServeOptions& options);

}  // namespace millrace::app
