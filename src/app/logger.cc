#include "app/logger.h"

#include <fmt/format.h>
#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <chrono>
#include <string>

#include "app/request_line.h"
#include "json/json.h"

namespace millrace::app {
namespace {

constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v";
constexpr std::string_view kRequestLogger = "requests";

// What comes from the logger of requests is JSON already.
class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const std::string_view text(message.payload.data(), message.payload.size());
    if (std::string_view(message.logger_name.data(), message.logger_name.size()) ==
        kRequestLogger) {
      fmt::format_to(std::back_inserter(out), "{}\n", text);
      return;
    }
    const auto millis =
        std::chrono::duration_cast<std::chrono::milliseconds>(message.time.time_since_epoch());
    const auto level = spdlog::level::to_string_view(message.level);
    std::string quoted;
    json::AppendQuoted(text, quoted);
    fmt::format_to(std::back_inserter(out),
                   "{{\"time\":{},\"level\":\"{}\",\"event\":\"message\",\"message\":{}}}\n",
                   millis.count(), std::string_view(level.data(), level.size()), quoted);
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }
};

}  // namespace

Log::Log(std::string_view level, LogFormat format)
    : sink_(std::make_shared<spdlog::sinks::stderr_color_sink_mt>()),
      lines_(std::make_shared<spdlog::logger>("millrace", sink_)),
      requests_(std::make_shared<spdlog::logger>(std::string(kRequestLogger), sink_)),
      format_(format) {
  lines_->flush_on(spdlog::level::info);
  requests_->flush_on(spdlog::level::info);
  Configure(level, format);
}

void Log::Configure(std::string_view level, LogFormat format) {
  format_.store(format);
  if (format == LogFormat::kJson) {
    sink_->set_formatter(std::make_unique<JsonFormatter>());
  } else {
    sink_->set_formatter(std::make_unique<spdlog::pattern_formatter>(kTextPattern));
  }
  for (const auto& logger : {lines_, requests_}) {
    logger->set_level(spdlog::level::from_str(std::string(level)));
  }
}

void Log::Request(const api::RequestLog& log, int64_t unix_millis) {
  if (requests_->should_log(spdlog::level::info)) {
    requests_->info(format_.load() == LogFormat::kJson ? RequestJson(log, unix_millis)
                                                       : RequestLine(log));
  }
}

}  // namespace millrace::app
