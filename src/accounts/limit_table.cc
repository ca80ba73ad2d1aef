#include "accounts/limit_table.h"

namespace millrace::accounts {
namespace {

void Apply(const LimitSettings& settings, Limits& limits) {
  limits.rpm = settings.rpm.value_or(limits.rpm);
  limits.rph = settings.rph.value_or(limits.rph);
  limits.rpd = settings.rpd.value_or(limits.rpd);
  limits.tpm = settings.tpm.value_or(limits.tpm);
  limits.tpd = settings.tpd.value_or(limits.tpd);
  limits.running = settings.running.value_or(limits.running);
}

void ApplyNamed(const LimitTable::ByName& by_name, std::string_view name, Limits& limits) {
  if (const auto found = by_name.find(name); found != by_name.end()) {
    Apply(found->second, limits);
  }
}

}  // namespace

Limits LimitTable::For(std::string_view account_id, std::string_view model) const {
  Limits limits;
  Apply(all, limits);
  ApplyNamed(models, model, limits);
  if (const auto account = accounts.find(account_id); account != accounts.end()) {
    Apply(account->second.all, limits);
    ApplyNamed(account->second.models, model, limits);
  }
  return limits;
}

}  // namespace millrace::accounts
