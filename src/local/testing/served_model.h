// A tiny model served in a test: real file, real engine, one record.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/testing/fake_clock.h"
#include "base/testing/fake_random.h"
#include "chat/testing/collected_answer.h"
#include "engine/engine.h"
#include "local/local_backend.h"
#include "metrics/registry.h"
#include "tokenizer/tokenizer.h"

namespace millrace::local::testing {

// Aborts when the file cannot be served.
class ServedModel {
 public:
  explicit ServedModel(const std::string& path, engine::EngineOptions options = {});

  LocalBackend& backend() { return *backend_; }
  const tokenizer::Tokenizer& tokenizer() const { return *model_->facts().tokenizer; }

  // One user message, a small limit, temperature 1.
  static chat::ChatRequest Ask(std::string text, uint64_t seed = 1);
  // The same where the model will not end by itself.
  chat::ChatRequest AskLong(std::string text, uint64_t seed = 1) const;
  // Makes the model fond of a token, or averse to it.
  void Bias(chat::ChatRequest& request, std::string_view token, float bias) const;

  // Aborts when the request is refused.
  std::unique_ptr<chat::ChatStream> Start(const chat::ChatRequest& request);
  chat::CollectedAnswer Answer(const chat::ChatRequest& request);

  // Waits, without sleeping, until nothing waits or runs and every block is given back.
  void WaitUntilIdle();

 private:
  base::FakeClock clock_;
  base::FakeRandom random_;
  metrics::Registry metrics_;
  std::shared_ptr<LoadedModel> model_;
  std::unique_ptr<LocalBackend> backend_;
};

}  // namespace millrace::local::testing
