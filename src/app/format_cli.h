// The command line of `render` and `parse`.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace millrace::app {

// Adds the two commands to `app`; the one that is given sets `action`, which must outlive parsing.
void AddFormatCommands(CLI::App& app, std::function<int()>& action);

}  // namespace millrace::app
