#include "tokenizer/split.h"

#include <vector>

#include "tokenizer/split_families.h"

namespace millrace::tokenizer {
namespace {

constexpr auto kNfc = Normalization::kNfc;

// Names are those of `tokenizer.ggml.pre`. Source: llama.cpp `src/llama-vocab.cpp`; for
// normalisation the published tokenizer files, see docs/decisions/tokenizer-nfc.md.
std::vector<Split> MakeSplits() {
  return {
      {.name = "gpt-2", .passes = Gpt2Passes()},
      {.name = "mpt", .passes = Gpt2Passes()},
      {.name = "phi-2", .passes = Gpt2Passes()},
      {.name = "olmo", .passes = Gpt2Passes()},
      {.name = "starcoder", .passes = StarcoderPasses()},
      {.name = "refact", .passes = StarcoderPasses()},
      {.name = "smollm", .passes = StarcoderPasses()},
      {.name = "llama3", .passes = Llama3Passes(), .ignore_merges = true, .adds_bos = true},
      {.name = "llama-v3", .passes = Llama3Passes(), .ignore_merges = true, .adds_bos = true},
      {.name = "llama-bpe", .passes = Llama3Passes(), .ignore_merges = true, .adds_bos = true},
      {.name = "glm4", .passes = Llama3Passes(), .drops_bos = true},
      {.name = "chatglm-bpe", .passes = Llama3Passes(), .drops_bos = true},
      {.name = "qwen2", .passes = Qwen2Passes(), .normalization = kNfc},
      {.name = "deepseek-r1-qwen", .passes = Qwen2Passes(), .normalization = kNfc},
      {.name = "hunyuan", .passes = Qwen2Passes(), .normalization = kNfc},
      {.name = "qwen35", .passes = Qwen35Passes(), .normalization = kNfc},
      {.name = "deepseek-coder", .passes = DeepseekCoderPasses()},
      {.name = "deepseek-llm", .passes = DeepseekLlmPasses()},
      {.name = "deepseek-v3", .passes = DeepseekV3Passes()},
      {.name = "hunyuan-dense", .passes = DeepseekV3Passes()},
  };
}

const std::vector<Split>& Splits() {
  static const std::vector<Split> kSplits = MakeSplits();
  return kSplits;
}

// Hands each piece of one pass to the passes after it.
class NextPasses final : public PieceSink {
 public:
  NextPasses(std::span<const Pass> passes, PieceSink& sink) : passes_(passes), sink_(sink) {}
  void Add(std::string_view piece) override { RunPasses(piece, passes_, sink_); }

 private:
  std::span<const Pass> passes_;
  PieceSink& sink_;
};

void RunOnePass(std::string_view text, Pass pass, PieceSink& sink) {
  size_t gap_begin = 0;
  size_t position = 0;
  while (position < text.size()) {
    const Stretch stretch = pass(text.substr(position));
    if (stretch.is_match) {
      if (position > gap_begin) {
        sink.Add(text.substr(gap_begin, position - gap_begin));
      }
      sink.Add(text.substr(position, stretch.length));
      gap_begin = position + stretch.length;
    }
    position += stretch.length;
  }
  if (position > gap_begin) {
    sink.Add(text.substr(gap_begin));
  }
}

}  // namespace

const Split* FindSplit(std::string_view name) {
  for (const Split& split : Splits()) {
    if (split.name == name) {
      return &split;
    }
  }
  return nullptr;
}

std::string KnownSplitNames() {
  std::string names;
  for (const Split& split : Splits()) {
    names += names.empty() ? "" : ", ";
    names += split.name;
  }
  return names;
}

void RunPasses(std::string_view text, std::span<const Pass> passes, PieceSink& sink) {
  if (passes.size() == 1) {
    RunOnePass(text, passes.front(), sink);
    return;
  }
  NextPasses next(passes.subspan(1), sink);
  RunOnePass(text, passes.front(), next);
}

}  // namespace millrace::tokenizer
