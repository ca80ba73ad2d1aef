// The command line of `render`, `parse` and `grammar`.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace millrace::app {

// Adds the commands to `app`; the one that is given sets `action`, which must outlive parsing.
void AddFormatCommands(CLI::App& app, std::function<int()>& action);

}  // namespace millrace::app
