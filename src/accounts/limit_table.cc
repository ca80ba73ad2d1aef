#include "accounts/limit_table.h"

#include <array>

namespace millrace::accounts {
namespace {

template <typename Map>
const typename Map::mapped_type* Find(const Map& map, std::string_view name) {
  const auto found = map.find(name);
  return found == map.end() ? nullptr : &found->second;
}

}  // namespace

Limits LimitTable::For(std::string_view account_id, std::string_view model) const {
  const LimitSettings* of_account = Find(accounts, account_id);
  const ByName* by_model = Find(account_models, account_id);
  // From wide to narrow.
  const std::array<const LimitSettings*, 4> scopes = {
      &defaults, Find(models, model), of_account,
      by_model == nullptr ? nullptr : Find(*by_model, model)};
  Limits limits;
  for (const LimitSettings* scope : scopes) {
    if (scope == nullptr) {
      continue;
    }
    limits.rpm = scope->rpm.value_or(limits.rpm);
    limits.rph = scope->rph.value_or(limits.rph);
    limits.rpd = scope->rpd.value_or(limits.rpd);
    limits.tpm = scope->tpm.value_or(limits.tpm);
    limits.tpd = scope->tpd.value_or(limits.tpd);
    if (scope == &defaults || scope == of_account) {
      limits.running = scope->running.value_or(limits.running);
    }
  }
  return limits;
}

}  // namespace millrace::accounts
