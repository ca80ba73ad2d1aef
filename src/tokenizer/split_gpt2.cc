// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
#include "tokenizer/character.h"
#include "tokenizer/split_families.h"
#include "tokenizer/split_rules.h"

namespace millrace::tokenizer {
namespace {

constexpr Pass kPasses[] = {MatchGpt2};

size_t MatchRun(std::string_view rest) {
  const Character first = FirstCharacter(rest);
  if (first.Is(kLetter)) {
    return RunLength(rest, kLetter);
  }
  if (first.Is(kNumber)) {
    return RunLength(rest, kNumber);
  }
  return RunLengthWithout(rest, kSpace | kLetter | kNumber);
}

}  // namespace

Stretch MatchGpt2(std::string_view rest) {
  if (const size_t length = MatchContraction(rest, LetterCase::kExact); length > 0) {
    return {.length = length, .is_match = true};
  }
  const size_t lead = rest.starts_with(' ') ? 1 : 0;
  if (const size_t run = MatchRun(rest.substr(lead)); run > 0) {
    return {.length = lead + run, .is_match = true};
  }
  return {.length = MatchSpaces(rest), .is_match = true};
}

std::span<const Pass> Gpt2Passes() { return kPasses; }

}  // namespace millrace::tokenizer
