// Which model files are opened for the records of a configuration, and who shares what.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/model_set.h"
#include "app/serve_options.h"
#include "base/clock.h"
#include "base/random.h"
#include "local/loaded_model.h"
#include "metrics/registry.h"

namespace millrace::app {

// The same bytes on disk, whatever the path.
struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t size = 0;
  int64_t modified_nanoseconds = 0;

  auto operator<=>(const FileIdentity&) const = default;
};

// The model files in use, one entry for each context a file is served with. A plain value.
using OpenModels = std::multimap<FileIdentity, std::shared_ptr<local::LoadedModel>>;

// Borrowed; each must outlive the models.
struct ModelTools {
  const base::Clock* clock = nullptr;
  base::RandomSource* random = nullptr;
  metrics::Registry* metrics = nullptr;
};

struct ModelPlan {
  LocalBackends backends;  // one a record, in the order of the configuration
  OpenModels models;       // those that the backends use
  std::vector<std::shared_ptr<local::LoadedModel>> to_load;  // the ones that were not in use before
  std::vector<std::string> problems;  // "models.2: what is wrong"; then the rest is incomplete
  std::vector<std::string> warnings;  // "models.2 (Org/Name): tools: what the record cannot have"
};

// Reads header, vocabulary and chat template of every file that is not in `in_use`; loads nothing.
// Records of the same file with the same context share weights and engine.
ModelPlan PlanModels(const ServeOptions& options, const OpenModels& in_use,
                     const ModelTools& tools);

}  // namespace millrace::app
