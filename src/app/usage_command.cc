#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <ostream>
#include <vector>

#include "accounts/accounts.h"
#include "app/commands.h"
#include "app/open_store.h"
#include "app/utc_time.h"
#include "json/json.h"

namespace millrace::app {
namespace {

constexpr int64_t kMillis = 1000;

base::Result<std::optional<int64_t>> ReadMillis(const char* flag, const std::string& text) {
  if (text.empty()) {
    return std::optional<int64_t>();
  }
  const base::Result<int64_t> seconds = ParseUtcTime(text);
  if (!seconds.has_value()) {
    return base::InvalidArgument(fmt::format("{}: {}", flag, seconds.error().message));
  }
  return std::optional<int64_t>(*seconds * kMillis);
}

boost::json::object ToJson(const accounts::UsageTotal& total) {
  return {{"account", total.account_id},
          {"key", total.key_id},
          {"model", total.model},
          {"requests", total.requests},
          {"prompt_tokens", total.prompt_tokens},
          {"cached_tokens", total.cached_tokens},
          {"completion_tokens", total.completion_tokens},
          {"reasoning_tokens", total.reasoning_tokens}};
}

void PrintTable(const std::vector<accounts::UsageTotal>& totals, std::ostream& out) {
  out << fmt::format("{:<16} {:<16} {:>9} {:>12} {:>12} {:>12} {:>12} {}\n", "ACCOUNT", "KEY",
                     "REQUESTS", "PROMPT", "CACHED", "COMPLETION", "REASONING", "MODEL");
  const auto print = [&out](const accounts::UsageTotal& row) {
    out << fmt::format("{:<16} {:<16} {:>9} {:>12} {:>12} {:>12} {:>12} {}\n", row.account_id,
                       row.key_id, row.requests, row.prompt_tokens, row.cached_tokens,
                       row.completion_tokens, row.reasoning_tokens, row.model);
  };
  accounts::UsageTotal sum;
  sum.account_id = "TOTAL";
  for (const accounts::UsageTotal& total : totals) {
    print(total);
    sum.requests += total.requests;
    sum.prompt_tokens += total.prompt_tokens;
    sum.cached_tokens += total.cached_tokens;
    sum.completion_tokens += total.completion_tokens;
    sum.reasoning_tokens += total.reasoning_tokens;
  }
  print(sum);
}

}  // namespace

int RunUsage(const UsageOptions& options, std::ostream& out, std::ostream& err) {
  return WithStore(options.data_directory, err,
                   [&](accounts::Store& store, const base::Clock&) -> base::Status {
                     accounts::UsageQuery query;
                     query.account_id = options.account;
                     query.since_unix_millis = TRY(ReadMillis("--since", options.since));
                     query.before_unix_millis = TRY(ReadMillis("--before", options.before));
                     const std::vector<accounts::UsageTotal> totals = TRY(store.SumUsage(query));
                     if (!options.json) {
                       PrintTable(totals, out);
                       return {};
                     }
                     boost::json::array list;
                     for (const accounts::UsageTotal& total : totals) {
                       list.push_back(ToJson(total));
                     }
                     out << json::Serialize(list) << '\n';
                     return {};
                   });
}

}  // namespace millrace::app
