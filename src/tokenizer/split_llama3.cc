// The rule of words with letters alone; numbers in groups of up to three. GLM-4 splits the same
// way.
#include "tokenizer/character.h"
#include "tokenizer/split_families.h"
#include "tokenizer/split_rules.h"

namespace millrace::tokenizer {
namespace {

constexpr WordRule kRule = {.word_classes = kLetter, .digits_max = 3};

Stretch Match(std::string_view rest) {
  return {.length = MatchWordRule(rest, kRule), .is_match = true};
}

constexpr Pass kPasses[] = {Match};

}  // namespace

std::span<const Pass> Llama3Passes() { return kPasses; }

}  // namespace millrace::tokenizer
