#include "app/model_plan.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace millrace::app {
namespace {

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

// The smaller of what the record and the whole configuration ask for; 0: neither does.
int32_t AskedContext(const local::RecordSettings& settings, const engine::EngineOptions& engine) {
  const int32_t asked = settings.context_tokens.value_or(0);
  if (asked == 0 || engine.context_tokens == 0) {
    return std::max(asked, engine.context_tokens);
  }
  return std::min(asked, engine.context_tokens);
}

base::Result<FileIdentity> IdentityOf(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) {
    return base::IoError(fmt::format("{}: {}", path, std::strerror(errno)));
  }
  return FileIdentity{
      .device = status.st_dev,
      .inode = status.st_ino,
      .size = status.st_size,
      .modified_nanoseconds =
          int64_t{status.st_mtim.tv_sec} * kNanosecondsPerSecond + status.st_mtim.tv_nsec};
}

class Planner {
 public:
  Planner(const ServeOptions& options, const OpenModels& in_use, const ModelTools& tools)
      : options_(options), in_use_(in_use), tools_(tools) {}

  ModelPlan Plan() {
    for (size_t i = 0; i < options_.models.size(); ++i) {
      const ModelOptions& model = options_.models[i];
      if (const base::Status status = Add(i, model); !status.has_value()) {
        // Messages of the file reader already begin with the path.
        const std::string& message = status.error().message;
        plan_.problems.push_back(
            message.starts_with(model.path) ? message : fmt::format("{}: {}", model.path, message));
      }
    }
    return std::move(plan_);
  }

 private:
  base::Status Add(size_t index, const ModelOptions& model);
  base::Result<std::shared_ptr<local::LoadedModel>> Find(const ModelOptions& model,
                                                         int32_t context_tokens);

  const ServeOptions& options_;
  const OpenModels& in_use_;
  const ModelTools tools_;
  ModelPlan plan_;
};

base::Status Planner::Add(size_t index, const ModelOptions& model) {
  local::ServedAs served{
      .id = model.id, .aliases = model.aliases, .settings = SettingsOf(model, options_.catalogue)};
  std::shared_ptr<local::LoadedModel> loaded =
      TRY(Find(model, AskedContext(served.settings, options_.engine)));
  const std::string where = fmt::format("models.{} ({})", index, model.id);
  if (model.settings.context_tokens.value_or(0) > loaded->context_tokens()) {
    plan_.warnings.push_back(fmt::format("{}: context: {} is more than the {} tokens there are",
                                         where, *model.settings.context_tokens,
                                         loaded->context_tokens()));
  }
  std::shared_ptr<local::LocalBackend> backend =
      TRY(local::LocalBackend::Create(std::move(loaded), served, tools_.clock, tools_.random));
  for (const local::RecordConflict& conflict : backend->conflicts()) {
    plan_.warnings.push_back(fmt::format("{}: {}: {}", where, conflict.key, conflict.problem));
  }
  plan_.backends.push_back(std::move(backend));
  return {};
}

base::Result<std::shared_ptr<local::LoadedModel>> Planner::Find(const ModelOptions& model,
                                                                int32_t context_tokens) {
  const FileIdentity identity = TRY(IdentityOf(model.path));
  engine::EngineOptions engine = options_.engine;
  engine.label = model.id;
  engine.context_tokens = context_tokens;
  for (const OpenModels* known : {&std::as_const(plan_.models), &in_use_}) {
    for (auto [entry, end] = known->equal_range(identity); entry != end; ++entry) {
      std::shared_ptr<local::LoadedModel> candidate = entry->second;
      const base::Result<int32_t> planned = engine::PlanContext(candidate->facts().info, engine);
      if (planned.has_value() && *planned == candidate->context_tokens()) {
        if (known == &in_use_) {
          plan_.models.emplace(identity, candidate);
        }
        return candidate;
      }
    }
  }
  std::shared_ptr<local::LoadedModel> loaded =
      TRY(local::LoadedModel::Open(model.path, std::move(engine), tools_.clock, tools_.metrics));
  plan_.models.emplace(identity, loaded);
  plan_.to_load.push_back(loaded);
  return loaded;
}

}  // namespace

ModelPlan PlanModels(const ServeOptions& options, const OpenModels& in_use,
                     const ModelTools& tools) {
  return Planner(options, in_use, tools).Plan();
}

}  // namespace millrace::app
