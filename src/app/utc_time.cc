#include "app/utc_time.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <optional>

namespace millrace::app {
namespace {

// Takes `digits` digits, after `mark` unless that is 0, from the front of `text`.
std::optional<int> TakeNumber(std::string_view& text, char mark, size_t digits) {
  std::string_view rest = text;
  if (mark != 0) {
    if (!rest.starts_with(mark)) {
      return std::nullopt;
    }
    rest.remove_prefix(1);
  }
  if (rest.size() < digits) {
    return std::nullopt;
  }
  int value = 0;
  for (const char digit : rest.substr(0, digits)) {
    if (digit < '0' || digit > '9') {
      return std::nullopt;
    }
    value = value * 10 + (digit - '0');
  }
  text = rest.substr(digits);
  return value;
}

std::optional<int64_t> ReadTime(std::string_view text) {
  const auto year = TakeNumber(text, 0, 4);
  const auto month = year ? TakeNumber(text, '-', 2) : std::nullopt;
  const auto day = month ? TakeNumber(text, '-', 2) : std::nullopt;
  if (!day) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *year < 1970) {
    return std::nullopt;
  }
  int64_t seconds =
      std::chrono::sys_seconds(std::chrono::sys_days(date)).time_since_epoch().count();
  auto hour = TakeNumber(text, 'T', 2);
  hour = hour ? hour : TakeNumber(text, ' ', 2);
  if (hour) {
    const auto minute = TakeNumber(text, ':', 2);
    const auto second = minute ? TakeNumber(text, ':', 2) : std::nullopt;
    if (!minute || *hour > 23 || *minute > 59 || second.value_or(0) > 59) {
      return std::nullopt;
    }
    seconds += *hour * 3600 + *minute * 60 + second.value_or(0);
  }
  if (text.starts_with('Z')) {
    text.remove_prefix(1);
  }
  return text.empty() ? std::optional(seconds) : std::nullopt;
}

}  // namespace

base::Result<int64_t> ParseUtcTime(std::string_view text) {
  if (const std::optional<int64_t> seconds = ReadTime(text)) {
    return *seconds;
  }
  return base::InvalidArgument(fmt::format(
      "'{}' should be a day or a time in UTC, such as 2026-11-23 or 2026-11-23T09:30", text));
}

std::string ShowUtcTime(int64_t unix_seconds) {
  return fmt::format("{:%Y-%m-%d %H:%M}", fmt::gmtime(static_cast<std::time_t>(unix_seconds)));
}

}  // namespace millrace::app
