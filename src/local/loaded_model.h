// One model file in use: its facts at once, its weights and engine when they are loaded.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "engine/engine.h"
#include "gguf/reader.h"
#include "local/model_facts.h"
#include "local/prompt_encoder.h"
#include "metrics/registry.h"

namespace millrace::local {

// Shared by every record that is served from the file, whatever their chat formats. Thread-safe;
// what starts generations keeps it alive until they are gone.
class LoadedModel {
 public:
  // Reads header and vocabulary: milliseconds. The engine comes with Load. `clock`
  // and `metrics` are borrowed. Errors: those of gguf::File::Open and ReadModelFacts.
  static base::Result<std::shared_ptr<LoadedModel>> Open(const std::string& path,
                                                         engine::EngineOptions options,
                                                         const base::Clock* clock,
                                                         metrics::Registry* metrics);
  // The same for a file already open.
  static base::Result<std::shared_ptr<LoadedModel>> Create(std::shared_ptr<const gguf::File> file,
                                                           engine::EngineOptions options,
                                                           const base::Clock* clock,
                                                           metrics::Registry* metrics);

  LoadedModel(const LoadedModel&) = delete;
  LoadedModel& operator=(const LoadedModel&) = delete;

  const ModelFacts& facts() const { return facts_; }
  const gguf::File& file() const { return *file_; }
  const PromptEncoder& encoder() const { return encoder_; }
  // What the engine has, known before it is there.
  int32_t context_tokens() const { return context_tokens_; }

  // Loads the weights and starts the engine; called at most once, on any thread. With `kRead` every
  // page of the weights is read first, so that the first request does not wait for the disk. A stop
  // request ends that early; the result is then kCancelled. Errors: those of model::Load and
  // engine::Engine::Create, and of memory that ran out.
  enum class Weights { kOnDemand, kRead };
  base::Status Load(Weights weights, const std::stop_token& stop = {});

  // Whether Load would understand the weights; keeps nothing. Errors: those of model::Load.
  base::Status CheckWeights() const;

  // Null until Load went well, then the same as long as the model lives.
  engine::Engine* engine() const { return ready_.load(std::memory_order_acquire); }

 private:
  LoadedModel(std::shared_ptr<const gguf::File> file, ModelFacts facts,
              engine::EngineOptions options, int32_t context_tokens, const base::Clock* clock,
              metrics::Registry* metrics);

  const std::shared_ptr<const gguf::File> file_;
  const ModelFacts facts_;
  const engine::EngineOptions options_;
  const int32_t context_tokens_;
  const base::Clock* clock_;
  metrics::Registry* metrics_;
  const PromptEncoder encoder_;
  std::unique_ptr<engine::Engine> engine_;
  std::atomic<engine::Engine*> ready_{nullptr};
};

}  // namespace millrace::local
