#include "local/loaded_model.h"

#include <cstddef>
#include <exception>
#include <utility>

namespace millrace::local {
namespace {

constexpr size_t kPageBytes = 4096;
constexpr size_t kPagesBetweenLooks = 256;  // at the stop token

// Touches every page of the weights. False: stopped.
bool ReadThrough(const gguf::File& file, const std::stop_token& stop) {
  size_t pages = 0;
  for (const gguf::TensorInfo& tensor : file.tensors()) {
    for (size_t at = 0; at < tensor.data.size(); at += kPageBytes) {
      // A volatile read is one the compiler must do.
      static_cast<void>(*static_cast<const volatile std::byte*>(&tensor.data[at]));
      if (++pages % kPagesBetweenLooks == 0 && stop.stop_requested()) {
        return false;
      }
    }
  }
  return !stop.stop_requested();
}

}  // namespace

base::Result<std::shared_ptr<LoadedModel>> LoadedModel::Open(const std::string& path,
                                                             engine::EngineOptions options,
                                                             const base::Clock* clock,
                                                             metrics::Registry* metrics) {
  return Create(TRY(gguf::File::Open(path)), std::move(options), clock, metrics);
}

base::Result<std::shared_ptr<LoadedModel>> LoadedModel::Create(
    std::shared_ptr<const gguf::File> file, engine::EngineOptions options, const base::Clock* clock,
    metrics::Registry* metrics) {
  ModelFacts facts = TRY(ReadModelFacts(*file));
  const int32_t context_tokens = TRY(engine::PlanContext(facts.info, options));
  return std::shared_ptr<LoadedModel>(new LoadedModel(
      std::move(file), std::move(facts), std::move(options), context_tokens, clock, metrics));
}

LoadedModel::LoadedModel(std::shared_ptr<const gguf::File> file, ModelFacts facts,
                         engine::EngineOptions options, int32_t context_tokens,
                         const base::Clock* clock, metrics::Registry* metrics)
    : file_(std::move(file)),
      facts_(std::move(facts)),
      options_(std::move(options)),
      context_tokens_(context_tokens),
      clock_(clock),
      metrics_(metrics),
      encoder_(facts_.tokenizer) {}

base::Status LoadedModel::Load(Weights weights, const std::stop_token& stop) {
  try {
    if (weights == Weights::kRead && !ReadThrough(*file_, stop)) {
      return base::Error{base::ErrorKind::kCancelled, "loading was stopped"};
    }
    std::unique_ptr<model::Model> model = TRY(model::Load(file_));
    engine_ = TRY(engine::Engine::Create(std::move(model), options_, clock_, metrics_));
  } catch (const std::exception& failure) {
    return base::Error{base::ErrorKind::kResourceExhausted, failure.what()};
  }
  ready_.store(engine_.get(), std::memory_order_release);
  return {};
}

base::Status LoadedModel::CheckWeights() const {
  TRY(model::Load(file_));
  return {};
}

}  // namespace millrace::local
