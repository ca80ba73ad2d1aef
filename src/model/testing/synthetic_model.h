// Makes Qwen3 files with random weights: real shapes and real metadata, noise for numbers.
//
// Small ones are fixtures for tests; the shapes of published models are for measurements of speed,
// which needs no trained weights. The same spec gives the same bytes on every machine.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "base/result.h"
#include "gguf/file_mix.h"
#include "gguf/writer.h"

namespace millrace::model::testing {

struct SyntheticModel {
  std::string name = "tiny-random";
  int32_t layer_count = 2;
  int32_t hidden_size = 64;
  int32_t head_count = 4;
  int32_t kv_head_count = 2;
  int32_t head_size = 32;
  int32_t ffn_size = 96;          // of one expert when there are experts
  int32_t expert_count = 0;       // above 0: architecture qwen3moe
  int32_t expert_used_count = 0;  // experts a token goes to
  int32_t context_tokens = 4096;
  bool tied = true;  // no output.weight
  double rope_base = 1e6;
  double yarn_factor = 0;             // above 1: YaRN
  int32_t yarn_original_context = 0;  // tokens
  gguf::FileMix mix = gguf::FileMix::kF32;
  // Entries of the vocabulary. At least kTinyVocabularySize; entries beyond are words, then
  // padding.
  int32_t vocabulary_size = 272;
  bool with_vocabulary = true;  // tokenizer and chat template
  // Sets the keys of a tokenizer of `vocabulary_size` entries in place of the made-up one.
  std::function<void(gguf::Writer&)> set_vocabulary = {};
  std::string chat_template = {};  // empty: one in the way of Qwen3
  uint64_t seed = 1;
};

// 256 bytes and the special tokens of Qwen3.
inline constexpr int32_t kTinyVocabularySize = 272;

// "tiny", "qwen3-0.6b", "qwen3-4b", "qwen3-8b"; nullopt for other names.
std::optional<SyntheticModel> FindShape(std::string_view name);

// Writes the whole file. Errors: kInvalidArgument for shapes that cannot be, kIo.
base::Status WriteSyntheticModel(const SyntheticModel& model, std::ostream& out);

}  // namespace millrace::model::testing
