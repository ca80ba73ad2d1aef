// One instance followed through a grammar, token by token, as an answer of a model would be.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "grammar/grammar.h"
#include "grammar/json_schema.h"
#include "grammar/matcher.h"
#include "grammar/vocabulary.h"
#include "tokenizer/tokenizer.h"

namespace millrace::app {

// A vocabulary and how text is split into its tokens. Without a tokenizer every byte is a token.
struct TrialVocabulary {
  std::shared_ptr<const tokenizer::Tokenizer> tokenizer = {};
  std::shared_ptr<const grammar::Vocabulary> tokens = {};

  // Errors: those of opening the file and of its vocabulary.
  static base::Result<TrialVocabulary> FromGguf(const std::string& path);
  static TrialVocabulary OfBytes();
  std::vector<base::TokenId> Split(std::string_view text) const;
};

// `limits`: schemas are held to the server's limits of size; `free_numbers`: integers may have a
// fraction of zeros.
grammar::SchemaOptions TrialOptions(bool limits, bool free_numbers);

struct InstanceTrail {
  bool admitted = false;
  size_t bytes = 0;          // those at the beginning that were admitted
  bool ended_early = false;  // all bytes were, but nothing may end there
  bool dead_end = false;     // a mask allowed nothing at all
  std::vector<double> mask_us = {};
  std::vector<double> accept_us = {};
  double longest_mask_us = 0;
  size_t longest_mask_at = 0;  // bytes read before it
};

// Fills the mask before every token and behind the last one, in time measured by `clock`. Leaves
// `matcher` where the instance stopped being admitted, or at its end.
InstanceTrail Follow(grammar::Matcher& matcher, const TrialVocabulary& vocabulary,
                     std::string_view text, const base::Clock& clock);

}  // namespace millrace::app
