// Which limits hold for an account and a model: a plain value the configuration fills.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "accounts/limiter.h"

namespace millrace::accounts {

// What one place of the configuration says; an empty member says nothing, 0 says unlimited.
struct LimitSettings {
  std::optional<int64_t> rpm = {};
  std::optional<int64_t> rph = {};
  std::optional<int64_t> rpd = {};
  std::optional<int64_t> tpm = {};
  std::optional<int64_t> tpd = {};
  std::optional<int64_t> running = {};
};

// Each metric is taken from the most specific place that names it: the account's model, the
// account, the model, the default.
struct LimitTable {
  using ByName = std::map<std::string, LimitSettings, std::less<>>;
  struct Account {
    LimitSettings all = {};
    ByName models = {};
  };

  LimitSettings all = {};
  ByName models = {};
  std::map<std::string, Account, std::less<>> accounts = {};

  Limits For(std::string_view account_id, std::string_view model) const;
};

}  // namespace millrace::accounts
