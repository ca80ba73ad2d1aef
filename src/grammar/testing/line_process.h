// Other people's implementations to compare with: a program run over many inputs at once.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace millrace::grammar::testing {

// Runs `command`, a shell command that reads lines and writes as many, with `lines` as its input.
// nullopt when it fails, writes another number of lines, or does not exist.
std::optional<std::vector<std::string>> RunOverLines(const std::string& command,
                                                     const std::vector<std::string>& lines);

}  // namespace millrace::grammar::testing
