// Which settings a running server takes from a configuration that was read anew.
#pragma once

#include <string>
#include <vector>

#include "app/serve_options.h"

namespace millrace::app {

// Puts the running values back into `wanted` where a change needs a restart. Returns the names of
// those settings, as the configuration file has them.
std::vector<std::string> KeepFixedSettings(const ServeOptions& running, ServeOptions& wanted);

}  // namespace millrace::app
