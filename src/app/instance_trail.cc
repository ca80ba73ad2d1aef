#include "app/instance_trail.h"

#include <array>
#include <memory>

#include "gguf/reader.h"
#include "local/grammar_vocabulary.h"

namespace millrace::app {
namespace {

bool IsSet(const std::vector<uint32_t>& mask, base::TokenId id) {
  const auto bit = static_cast<size_t>(base::ToIndex(id));
  return (mask[bit / 32] >> (bit % 32) & 1U) != 0;
}

double MicrosecondsBetween(base::TimePoint from, base::TimePoint to) {
  return std::chrono::duration<double, std::micro>(to - from).count();
}

}  // namespace

base::Result<TrialVocabulary> TrialVocabulary::FromGguf(const std::string& path) {
  const auto file = TRY(gguf::File::Open(path));
  TrialVocabulary result;
  result.tokenizer = TRY(tokenizer::Tokenizer::FromGguf(*file));
  result.tokens = TRY(local::MakeGrammarVocabulary(*result.tokenizer, 0));
  return result;
}

TrialVocabulary TrialVocabulary::OfBytes() {
  constexpr int32_t kEnd = 256;
  std::array<char, kEnd> bytes{};
  std::vector<std::string_view> tokens;
  for (size_t byte = 0; byte < bytes.size(); ++byte) {
    bytes[byte] = static_cast<char>(byte);
    tokens.emplace_back(&bytes[byte], 1);
  }
  tokens.emplace_back("end");
  const base::TokenId end{kEnd};
  return {.tokens = *grammar::Vocabulary::Create({.tokens = tokens, .end = std::span(&end, 1)})};
}

std::vector<base::TokenId> TrialVocabulary::Split(std::string_view text) const {
  std::vector<base::TokenId> ids;
  if (tokenizer != nullptr) {
    tokenizer->Encode(text, tokenizer::SpecialTokens::kPlainText, ids);
    return ids;
  }
  for (const char byte : text) {
    ids.push_back(base::TokenId{static_cast<uint8_t>(byte)});
  }
  return ids;
}

grammar::SchemaOptions TrialOptions(bool limits, bool free_numbers) {
  grammar::SchemaOptions options;
  if (free_numbers) {
    options.numbers = grammar::NumberSpelling::kFreeNumbers;
  }
  if (!limits) {
    options.limits = {
        .text_bytes = 0, .nesting = 0, .properties = 0, .enum_values = 0, .name_characters = 0};
  }
  return options;
}

InstanceTrail Follow(grammar::Matcher& matcher, const TrialVocabulary& vocabulary,
                     std::string_view text, const base::Clock& clock) {
  InstanceTrail trail;
  std::vector<uint32_t> mask(vocabulary.tokens->mask_words());
  const auto fill = [&] {
    const base::TimePoint before = clock.Now();
    const size_t count = matcher.FillMask(mask);
    trail.mask_us.push_back(MicrosecondsBetween(before, clock.Now()));
    if (trail.mask_us.back() > trail.longest_mask_us) {
      trail.longest_mask_us = trail.mask_us.back();
      trail.longest_mask_at = trail.bytes;
    }
    trail.dead_end = trail.dead_end || count == 0;
  };
  for (const base::TokenId id : vocabulary.Split(text)) {
    fill();
    const std::string_view bytes = vocabulary.tokens->Text(id);
    const base::TimePoint before = clock.Now();
    if (!IsSet(mask, id) || !matcher.Accept(id)) {
      for (size_t i = 0; i < bytes.size() && matcher.AcceptText(bytes.substr(i, 1)); ++i) {
        ++trail.bytes;
      }
      return trail;
    }
    trail.accept_us.push_back(MicrosecondsBetween(before, clock.Now()));
    trail.bytes += bytes.size();
  }
  fill();
  trail.admitted = IsSet(mask, vocabulary.tokens->end_tokens().front());
  trail.ended_early = !trail.admitted;
  return trail;
}

}  // namespace millrace::app
