// Which limits apply to an account and a model, from settings of four scopes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "accounts/limiter.h"

namespace millrace::accounts {

// Limits that one scope names; what is absent is left to wider scopes. 0 names "unlimited".
struct LimitSettings {
  std::optional<int64_t> rpm = {};
  std::optional<int64_t> rph = {};
  std::optional<int64_t> rpd = {};
  std::optional<int64_t> tpm = {};
  std::optional<int64_t> tpd = {};
  // Over all models of an account, and therefore read from `defaults` and `accounts` alone.
  std::optional<int64_t> running = {};

  bool operator==(const LimitSettings&) const = default;
};

// Metric by metric, the most specific scope that names it wins: account and model, then account,
// then model, then the defaults; a metric that none names is unlimited. A plain value: filled once,
// then read by any number of threads.
struct LimitTable {
  using ByName = std::map<std::string, LimitSettings, std::less<>>;

  LimitSettings defaults = {};
  ByName models = {};                                              // by id of the record
  ByName accounts = {};                                            // by account id
  std::map<std::string, ByName, std::less<>> account_models = {};  // by account id, then model id

  Limits For(std::string_view account_id, std::string_view model) const;

  bool operator==(const LimitTable&) const = default;
};

}  // namespace millrace::accounts
