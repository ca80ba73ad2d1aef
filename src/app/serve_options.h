// Everything `millrace serve` can be told, from flags and from a YAML file.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/limit_table.h"
#include "accounts/limiter.h"
#include "api/api_options.h"
#include "app/catalogue.h"
#include "base/result.h"
#include "engine/engine.h"
#include "http/server.h"
#include "local/record_settings.h"
#include "media/media_loader.h"

namespace millrace::app {

// One record to serve. Several may name one file: it is loaded once.
struct ModelOptions {
  std::string path;  // a GGUF file
  std::string id;    // the name clients use; the file's stem when empty
  std::vector<std::string> aliases = {};
  // The record of the catalogue to begin with; empty: that of `id`, if there is one.
  std::string record = {};
  local::RecordSettings settings = {};  // as given, without the catalogue
};

enum class LogFormat { kText, kJson };

struct ServeOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;
  std::string data_directory;  // keys and usage; DefaultDataDirectory() when empty
  bool authentication = true;
  std::string log_level = "info";
  LogFormat log_format = LogFormat::kText;
  // What running requests have after SIGTERM.
  std::chrono::seconds shutdown_grace{30};
  std::vector<std::string> catalogue_files = {};
  Catalogue catalogue = {};  // the built-in one and the files, in this order
  std::vector<ModelOptions> models;
  engine::EngineOptions engine;
  bool preload = true;  // read the weights before the model counts as loaded
  api::ApiOptions api;
  media::MediaLoaderOptions media;
  accounts::LimitTable limits;
  accounts::LimiterOptions limiter;
  http::ServerOptions http;  // its host and port are the ones above
};

// What is said of a model, by its entry and by the catalogue.
local::RecordSettings SettingsOf(const ModelOptions& model, const Catalogue& catalogue);

// $MILLRACE_DATA, else $XDG_DATA_HOME/millrace, else ~/.local/share/millrace.
base::Result<std::string> DefaultDataDirectory();

// Reads "HOST:PORT", "[::1]:8080" or ":8080" into `host` and `port`.
base::Status ParseListen(std::string_view text, std::string& host, uint16_t& port);

// Reads "FILE.gguf" or "FILE.gguf=ID".
base::Result<ModelOptions> ParseModel(std::string_view text);

// A model's name when none is given: "dir/tiny.Q8_0.gguf" is "tiny.Q8_0".
std::string StemOf(const std::string& path);

// Reads a byte count: "1073741824", "512MiB", "4GiB".
base::Result<int64_t> ParseBytes(std::string_view text);

// Reads "+08:00", "-03:30", "UTC" or "Z": minutes east of UTC.
base::Result<std::chrono::minutes> ParseZone(std::string_view text);

// What is wrong with the options as a whole, a line for each problem; empty when they can be
// served. Looks at the files they name, opens no socket.
std::vector<std::string> ProblemsOf(const ServeOptions& options);

// What is allowed and probably a mistake, such as limits of a model that is not served.
std::vector<std::string> WarningsOf(const ServeOptions& options);

}  // namespace millrace::app
