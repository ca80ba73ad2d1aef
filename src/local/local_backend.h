// The own engine behind the seam: a chat request becomes a sequence, tokens become chat events.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "chat/chat_backend.h"
#include "engine/engine.h"
#include "metrics/registry.h"

namespace millrace::local {

// What the file does not say about the model it holds.
struct LocalBackendOptions {
  std::string id;
  std::vector<std::string> aliases;
  std::optional<bool> thinking_default;  // default: on where the template can switch
  engine::EngineOptions engine;
};

// Thread-safe.
class LocalBackend : public chat::ChatBackend {
 public:
  // Opens a GGUF file and starts an engine for it. `clock`, `random` and `metrics` are borrowed and
  // must outlive the backend. Errors name the file and what is wrong with it.
  static base::Result<std::shared_ptr<LocalBackend>> Open(const std::string& path,
                                                          LocalBackendOptions options,
                                                          const base::Clock* clock,
                                                          base::RandomSource* random,
                                                          metrics::Registry* metrics);

  // For tests and for who wants to look inside.
  virtual engine::Engine& engine() = 0;
};

}  // namespace millrace::local
