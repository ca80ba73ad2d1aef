// The program's log: lines on standard error.
#pragma once

#include <spdlog/logger.h>

#include <memory>
#include <string_view>

namespace millrace::app {

// A logger of its own (no global registry). `level` is debug, info, warn or error.
std::shared_ptr<spdlog::logger> MakeLogger(std::string_view level);

}  // namespace millrace::app
