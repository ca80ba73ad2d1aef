// The sections of the configuration file, one function each.
#pragma once

#include "app/serve_options.h"
#include "app/yaml_section.h"

namespace millrace::app {

// Switches, limits and media of the API.
void ReadApiSection(Section& root, ServeOptions& options);
void ReadHttpSection(Section& root, http::ServerOptions& http);
void ReadLimitsSection(Section& root, ServeOptions& options);

// A whole number of seconds.
template <typename Duration>
void ReadSeconds(Section& section, const std::string& key, int64_t least, Duration& out) {
  int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(out).count();
  section.Integer(key, seconds, least, 86'400);
  out = std::chrono::seconds(seconds);
}

// A size such as "512MiB", at least `least` bytes.
template <typename Size>
void ReadBytes(Section& section, const std::string& key, int64_t least, Size& out) {
  section.Parsed(key, [&](const std::string& text) -> base::Status {
    const int64_t bytes = TRY(ParseBytes(text));
    if (bytes < least) {
      return base::InvalidArgument(fmt::format("should be at least {} bytes", least));
    }
    out = static_cast<Size>(bytes);
    return {};
  });
}

}  // namespace millrace::app
