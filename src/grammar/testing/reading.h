// What a grammar says to a whole text.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "grammar/grammar.h"
#include "grammar/vocabulary.h"

namespace millrace::grammar::testing {

// Whether the text, read byte by byte, is complete at its end.
bool ReadsBytes(const std::shared_ptr<const Grammar>& grammar,
                const std::shared_ptr<const Vocabulary>& vocabulary, std::string_view text);

// Whether all tokens are allowed, one after the other, and an end token behind them. Every token is
// asked about (Allows) before it is taken (Accept); should the two differ, the process ends.
bool ReadsTokens(const std::shared_ptr<const Grammar>& grammar,
                 const std::shared_ptr<const Vocabulary>& vocabulary,
                 std::span<const base::TokenId> tokens);

}  // namespace millrace::grammar::testing
