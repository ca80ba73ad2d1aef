#include "app/serve_options.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <set>

namespace millrace::app {
namespace {

bool IsLoopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::string EnvironmentOr(const char* name, std::string fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : std::move(fallback);
}

}  // namespace

base::Result<std::string> DefaultDataDirectory() {
  if (std::string own = EnvironmentOr("MILLRACE_DATA", ""); !own.empty()) {
    return own;
  }
  if (std::string xdg = EnvironmentOr("XDG_DATA_HOME", ""); !xdg.empty()) {
    return xdg + "/millrace";
  }
  if (std::string home = EnvironmentOr("HOME", ""); !home.empty()) {
    return home + "/.local/share/millrace";
  }
  return base::InvalidArgument("no place for keys and usage: give --data DIR (HOME is not set)",
                               "data");
}

base::Status ParseListen(std::string_view text, std::string& host, uint16_t& port) {
  const size_t colon = text.rfind(':');
  const auto bad = [text] {
    return base::InvalidArgument(
        fmt::format("'{}' is not HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080", text), "listen");
  };
  if (colon == std::string_view::npos) {
    return bad();
  }
  const std::string_view digits = text.substr(colon + 1);
  uint16_t number = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failure != std::errc() || end != digits.data() + digits.size()) {
    return bad();
  }
  std::string_view name = text.substr(0, colon);
  if (name.starts_with('[') && name.ends_with(']')) {
    name = name.substr(1, name.size() - 2);
  } else if (name.find(':') != std::string_view::npos) {
    return bad();
  }
  host = name.empty() ? "127.0.0.1" : std::string(name);
  port = number;
  return {};
}

base::Result<ModelOptions> ParseModel(std::string_view text) {
  ModelOptions model;
  const size_t equals = text.rfind('=');
  model.path = std::string(text.substr(0, equals));
  if (equals != std::string_view::npos) {
    model.id = std::string(text.substr(equals + 1));
    if (model.id.empty()) {
      return base::InvalidArgument(fmt::format("'{}': no name after '='", text), "model");
    }
  } else {
    model.id = StemOf(model.path);
  }
  if (model.path.empty()) {
    return base::InvalidArgument(fmt::format("'{}' names no file", text), "model");
  }
  return model;
}

std::string StemOf(const std::string& path) { return std::filesystem::path(path).stem().string(); }

base::Result<int64_t> ParseBytes(std::string_view text) {
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  int64_t factor = 0;
  if (unit.empty() || unit == "B") {
    factor = 1;
  } else if (unit == "KiB") {
    factor = int64_t{1} << 10;
  } else if (unit == "MiB") {
    factor = int64_t{1} << 20;
  } else if (unit == "GiB") {
    factor = int64_t{1} << 30;
  }
  if (failure != std::errc() || factor == 0 || number < 0 || number > INT64_MAX / factor) {
    return base::InvalidArgument(
        fmt::format("'{}' is not a size, such as 1073741824, 512MiB or 4GiB", text));
  }
  return number * factor;
}

base::Result<std::chrono::minutes> ParseZone(std::string_view text) {
  if (text == "UTC" || text == "Z") {
    return std::chrono::minutes(0);
  }
  const auto digit = [&](size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  const bool form = text.size() == 6 && (text[0] == '+' || text[0] == '-') && digit(1) &&
                    digit(2) && text[3] == ':' && digit(4) && digit(5);
  const auto number = [&](size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
  if (!form || number(1) > 14 || number(4) > 59) {
    return base::InvalidArgument(
        fmt::format("'{}' is not a zone, such as +08:00, -03:30 or UTC", text));
  }
  const std::chrono::minutes offset(number(1) * 60 + number(4));
  return text[0] == '-' ? -offset : offset;
}

local::RecordSettings SettingsOf(const ModelOptions& model, const Catalogue& catalogue) {
  const local::RecordSettings* known =
      catalogue.Find(model.record.empty() ? model.id : model.record);
  return known == nullptr ? model.settings : local::Layer(*known, model.settings);
}

namespace {

void FindModelProblems(const ServeOptions& options, std::vector<std::string>& problems) {
  std::set<std::string> names;
  for (size_t i = 0; i < options.models.size(); ++i) {
    const ModelOptions& model = options.models[i];
    std::error_code failure;
    if (!std::filesystem::is_regular_file(model.path, failure)) {
      problems.push_back(fmt::format("models.{}.path: no such file: '{}'", i, model.path));
    }
    if (!model.record.empty() && options.catalogue.Find(model.record) == nullptr) {
      problems.push_back(
          fmt::format("models.{}.record: the catalogue has no '{}'; millrace models --catalogue "
                      "lists what it has",
                      i, model.record));
    }
    std::vector<std::string> own = model.aliases;
    own.insert(own.begin(), model.id);
    for (const std::string& name : own) {
      if (name.empty()) {
        problems.push_back(fmt::format("models.{}.aliases: a name may not be empty", i));
      } else if (!names.insert(name).second) {
        problems.push_back(fmt::format("models.{}.id: '{}' names two models", i, name));
      }
    }
  }
}

}  // namespace

std::vector<std::string> ProblemsOf(const ServeOptions& options) {
  std::vector<std::string> problems;
  if (!options.authentication && !IsLoopback(options.host)) {
    problems.push_back(
        fmt::format("listen: without authentication only a loopback address is served, not '{}'",
                    options.host));
  }
  if (options.http.bodies_bytes_max < options.api.limits.body_bytes_max) {
    problems.emplace_back("http.bodies_memory: should be at least api.max_body_bytes");
  }
  if (const auto loader = media::MediaLoader::Create(options.media); !loader.has_value()) {
    problems.push_back("api.media: " + loader.error().message);
  }
  if (options.models.empty()) {
    problems.emplace_back("models: none given; name one with --model FILE.gguf");
  }
  FindModelProblems(options, problems);
  return problems;
}

std::vector<std::string> WarningsOf(const ServeOptions& options) {
  std::set<std::string, std::less<>> ids;
  for (const ModelOptions& model : options.models) {
    ids.insert(model.id);
  }
  std::vector<std::string> warnings;
  const auto look = [&](const std::string& path, const auto& models) {
    for (const auto& [id, unused] : models) {
      if (!ids.contains(id)) {
        warnings.push_back(fmt::format("{}.{}: no model of this id is served", path, id));
      }
    }
  };
  look("limits.models", options.limits.models);
  for (const auto& [account, models] : options.limits.account_models) {
    look(fmt::format("limits.accounts.{}.models", account), models);
  }
  return warnings;
}

}  // namespace millrace::app
