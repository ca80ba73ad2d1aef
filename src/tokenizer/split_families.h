// The passes of each family of splits; one file each.
#pragma once

#include <span>

#include "tokenizer/split.h"

namespace millrace::tokenizer {

std::span<const Pass> Gpt2Passes();
std::span<const Pass> StarcoderPasses();
std::span<const Pass> Llama3Passes();
std::span<const Pass> Qwen2Passes();
std::span<const Pass> Qwen35Passes();
std::span<const Pass> DeepseekCoderPasses();
std::span<const Pass> DeepseekLlmPasses();
std::span<const Pass> DeepseekV3Passes();

// The expression of gpt-2, which other families use as their last pass.
Stretch MatchGpt2(std::string_view rest);

}  // namespace millrace::tokenizer
