// \p{N}, then as gpt-2.
#include "tokenizer/split_families.h"
#include "tokenizer/split_rules.h"

namespace millrace::tokenizer {
namespace {

constexpr Pass kPasses[] = {MatchNumber, MatchGpt2};

}  // namespace

std::span<const Pass> StarcoderPasses() { return kPasses; }

}  // namespace millrace::tokenizer
