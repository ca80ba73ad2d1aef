// The program's log: lines on standard error, as text for people or as one JSON object each.
#pragma once

#include <spdlog/logger.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "api/request_log.h"
#include "app/serve_options.h"

namespace millrace::app {

// No global registry. Thread-safe.
class Log {
 public:
  // `level` is debug, info, warn or error.
  Log(std::string_view level, LogFormat format);

  // May be called at any time.
  void Configure(std::string_view level, LogFormat format);

  // For everything but requests.
  spdlog::logger* operator->() const { return lines_.get(); }
  // One line at level info.
  void Request(const api::RequestLog& log, int64_t unix_millis);

 private:
  spdlog::sink_ptr sink_;
  std::shared_ptr<spdlog::logger> lines_;
  std::shared_ptr<spdlog::logger> requests_;
  std::atomic<LogFormat> format_;
};

}  // namespace millrace::app
