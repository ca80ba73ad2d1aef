#include "local/testing/served_model.h"

#include <thread>
#include <utility>

#include "base/check.h"

namespace millrace::local::testing {

ServedModel::ServedModel(const std::string& path, engine::EngineOptions options) {
  options.thread_count = 1;
  options.context_tokens = options.context_tokens > 0 ? options.context_tokens : 512;
  options.kv_bytes_max = 8 << 20;
  auto opened = LoadedModel::Open(path, options, &clock_, &metrics_);
  MILLRACE_CHECK(opened.has_value());
  model_ = *std::move(opened);
  const base::Status loaded = model_->Load(LoadedModel::Weights::kOnDemand);
  MILLRACE_CHECK(loaded.has_value());
  backend_ = LocalBackend::Create(model_, {}, &clock_, &random_).value();
}

chat::ChatRequest ServedModel::Ask(std::string text, uint64_t seed) {
  chat::ChatRequest request;
  chat::Message message;
  message.content = std::move(text);
  request.messages.push_back(std::move(message));
  request.sampling.temperature = 1.0;
  request.seed = seed;
  request.answer_tokens_max = 24;
  request.reasoning_tokens_max = 16;
  return request;
}

chat::ChatRequest ServedModel::AskLong(std::string text, uint64_t seed) const {
  chat::ChatRequest request = Ask(std::move(text), seed);
  for (const base::TokenId id : tokenizer().end_tokens()) {
    request.sampling.logit_bias.emplace_back(ToIndex(id), -100.0F);
  }
  return request;
}

void ServedModel::Bias(chat::ChatRequest& request, std::string_view token, float bias) const {
  request.sampling.logit_bias.emplace_back(ToIndex(tokenizer().Find(token).value()), bias);
}

std::unique_ptr<chat::ChatStream> ServedModel::Start(const chat::ChatRequest& request) {
  auto stream = chat::StartChat(*backend_, request);
  MILLRACE_CHECK(stream.has_value());
  return *std::move(stream);
}

chat::CollectedAnswer ServedModel::Answer(const chat::ChatRequest& request) {
  const auto stream = Start(request);
  return chat::Collect(*stream, request.n);
}

void ServedModel::WaitUntilIdle() {
  while (true) {
    const engine::EngineStats stats = backend_->stats();
    if (stats.running_sequences == 0 && stats.waiting_requests == 0 &&
        stats.blocks_free + stats.blocks_cached == stats.blocks_total) {
      return;
    }
    std::this_thread::yield();
  }
}

}  // namespace millrace::local::testing
