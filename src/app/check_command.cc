#include <fmt/format.h>

#include <ostream>
#include <set>

#include "app/commands.h"
#include "app/model_plan.h"
#include "base/clock.h"
#include "base/random.h"

namespace millrace::app {
namespace {

std::string Describe(const ModelOptions& options, const local::LocalBackend& backend) {
  const model::ModelInfo& info = backend.model()->facts().info;
  return fmt::format("{}: {} ({}, {:.1f} M parameters, {} tokens in the vocabulary, context {})",
                     options.path, options.id, info.architecture,
                     static_cast<double>(info.parameter_count) / 1e6,
                     backend.model()->facts().tokenizer->size(), backend.record().context_tokens);
}

}  // namespace

bool PrintProblems(const std::vector<std::string>& problems, std::ostream& err) {
  for (const std::string& problem : problems) {
    err << problem << '\n';
  }
  return problems.empty();
}

int RunCheck(const ServeFlags& flags, std::ostream& out, std::ostream& err) {
  const GatheredOptions gathered = GatherOptions(flags);
  bool good = PrintProblems(gathered.problems, err);
  const base::SystemClock clock;
  base::SystemRandom random;
  metrics::Registry metrics;
  const ModelPlan plan =
      PlanModels(gathered.options, {}, {.clock = &clock, .random = &random, .metrics = &metrics});
  // A file that is missing has been told of already.
  good = (gathered.problems.empty() ? PrintProblems(plan.problems, err) : good) && good;
  std::set<const local::LoadedModel*> looked_at;
  for (size_t i = 0; good && i < plan.backends.size(); ++i) {
    const local::LocalBackend& backend = *plan.backends[i];
    const std::string& path = gathered.options.models[i].path;
    if (looked_at.insert(backend.model().get()).second) {
      if (const base::Status status = backend.model()->CheckWeights(); !status.has_value()) {
        const std::string& message = status.error().message;
        err << (message.starts_with(path) ? "" : path + ": ") << message << '\n';
        good = false;
        continue;
      }
    }
    out << Describe(gathered.options.models[i], backend) << '\n';
  }
  for (const auto& warnings : {plan.warnings, WarningsOf(gathered.options)}) {
    for (const std::string& warning : warnings) {
      err << "warning: " << warning << '\n';
    }
  }
  return good ? kExitOk : kExitFailed;
}

}  // namespace millrace::app
