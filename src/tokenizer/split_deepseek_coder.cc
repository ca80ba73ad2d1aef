// [\r\n], then \s?\p{L}+, then \s?\p{P}+, then CJK runs, then \p{N}.
#include "tokenizer/character.h"
#include "tokenizer/split_families.h"
#include "tokenizer/split_rules.h"

namespace millrace::tokenizer {
namespace {

Stretch MatchLetters(std::string_view rest) {
  return MatchSpacedRun(rest, [](const Character& c) { return c.Is(kLetter); });
}

Stretch MatchPunctuation(std::string_view rest) {
  return MatchSpacedRun(rest, [](const Character& c) { return c.Is(kPunctuation); });
}

constexpr Pass kPasses[] = {MatchLineBreak, MatchLetters, MatchPunctuation, MatchWideCjk,
                            MatchNumber};

}  // namespace

std::span<const Pass> DeepseekCoderPasses() { return kPasses; }

}  // namespace millrace::tokenizer
