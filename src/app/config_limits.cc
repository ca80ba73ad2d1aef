#include "app/config_sections.h"

namespace millrace::app {
namespace {

// 0 is a limit of its own: unlimited, where a wider scope has a number.
void ReadMetrics(Section& section, accounts::LimitSettings& limits) {
  constexpr int64_t kMost = int64_t{1} << 50;
  section.Integer("rpm", limits.rpm, 0, kMost);
  section.Integer("rph", limits.rph, 0, kMost);
  section.Integer("rpd", limits.rpd, 0, kMost);
  section.Integer("tpm", limits.tpm, 0, kMost);
  section.Integer("tpd", limits.tpd, 0, kMost);
}

// Of all models of an account together: scopes that name a model have no such key.
void ReadRunning(Section& section, accounts::LimitSettings& limits) {
  section.Integer("running", limits.running, 0, 1 << 20);
}

}  // namespace

void ReadLimitsSection(Section& root, ServeOptions& options) {
  root.Nested("limits", [&options](Section& section) {
    accounts::LimitTable& table = options.limits;
    section.Nested("default", [&table](Section& scope) {
      ReadMetrics(scope, table.defaults);
      ReadRunning(scope, table.defaults);
    });
    section.Named("models", [&table](const std::string& id, Section& scope) {
      ReadMetrics(scope, table.models[id]);
    });
    section.Named("accounts", [&table](const std::string& account, Section& scope) {
      ReadMetrics(scope, table.accounts[account]);
      ReadRunning(scope, table.accounts[account]);
      scope.Named("models", [&](const std::string& id, Section& model) {
        ReadMetrics(model, table.account_models[account][id]);
      });
    });
    section.Choice<accounts::TpmReservation>("tpm_reservation",
                                             {{"max_tokens", accounts::TpmReservation::kMaxTokens},
                                              {"estimate", accounts::TpmReservation::kEstimate},
                                              {"prompt", accounts::TpmReservation::kPrompt}},
                                             options.limiter.reservation);
    section.Parsed("day_zone", [&options](const std::string& text) -> base::Status {
      options.limiter.day_offset = TRY(ParseZone(text));
      return {};
    });
  });
}

}  // namespace millrace::app
