// A model for tests of everything around models: its logits are a hash of the whole text, and it
// learns the text from the KV cache alone.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/ids.h"
#include "model/model.h"

namespace millrace::engine::testing {

struct HashModelOptions {
  int32_t vocabulary_size = 64;
  int32_t context_tokens = 1024;
  // Called on the engine thread at the start of every step; may wait or throw.
  std::function<void(const model::Batch&)> before_step = {};
};

// For each position it stores the token and a hash of the text up to there, in every layer and
// head. Forward reads back every earlier position of a sequence and throws when one of them holds
// another text, so a wrong block table, a lost copy or a block given away too early fails the
// request.
class HashModel final : public model::Model {
 public:
  explicit HashModel(HashModelOptions options = {});

  const model::ModelInfo& info() const override { return info_; }
  void Forward(const model::Batch& batch, kv::Storage& storage, kernels::ThreadPool& pool,
               std::span<float> logits) override;

  // The logits after `text`, computed without a cache.
  static std::vector<float> LogitsAfter(std::span<const base::TokenId> text,
                                        int32_t vocabulary_size);

 private:
  HashModelOptions options_;
  model::ModelInfo info_;
};

}  // namespace millrace::engine::testing
