// A chat backend that runs a model of its own from a GGUF file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "chat/chat_backend.h"
#include "engine/engine.h"
#include "gguf/reader.h"
#include "metrics/registry.h"

namespace millrace::local {

// What the operator says about a model; everything else comes from its file.
struct LocalBackendOptions {
  std::string id;  // name the model is served under; empty: the file's own name for itself
  std::vector<std::string> aliases = {};
  std::optional<bool> thinking_default = {};  // of a model that can switch
  std::optional<int32_t> output_tokens_max = {};
  std::optional<int32_t> reasoning_tokens_max = {};
  std::optional<int32_t> n_max = {};
  std::optional<chat::SamplingDefaults> sampling = {};
  engine::EngineOptions engine = {};
};

// Thread-safe. Streams it started must be gone before it is destroyed.
class LocalBackend : public chat::ChatBackend {
 public:
  // Loads the model, its vocabulary and its chat template, and starts an engine for it. `clock`,
  // `random` and `metrics` are borrowed. Errors: those of gguf::File::Open, model::Load, the
  // tokenizer and the template, each naming what was wrong in the file.
  static base::Result<std::unique_ptr<LocalBackend>> Open(const std::string& path,
                                                          LocalBackendOptions options,
                                                          const base::Clock* clock,
                                                          base::RandomSource* random,
                                                          metrics::Registry* metrics);
  // The same for a file already open; `name` is used when neither options nor file have one.
  static base::Result<std::unique_ptr<LocalBackend>> Create(
      std::shared_ptr<const gguf::File> file, const std::string& name, LocalBackendOptions options,
      const base::Clock* clock, base::RandomSource* random, metrics::Registry* metrics);

  virtual engine::EngineStats stats() const = 0;

  // Ends every request that was started before this call with `error`, whatever it is doing: its
  // stream gives what was computed so far, then Failed. Requests started later are served. Does
  // not wait.
  virtual void FailRunning(base::Error error) = 0;
};

}  // namespace millrace::local
