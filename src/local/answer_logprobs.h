// Finds out which tokens of a choice wrote its content, so that their log probabilities go out with
// it (api-contract 3.6).
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "chat/chat_event.h"
#include "engine/engine.h"
#include "output_parser/parser.h"
#include "tokenizer/tokenizer.h"

namespace millrace::local {

// The text of a choice is what its detokeniser wrote; content is made of stretches of it. A token
// has an entry when any of its text is shown, with the text that holds its first shown byte; tokens
// that share a character go together. Tokens of reasoning and markup, tokens cut off by a stop
// string and tokens without text have none.
//
// Offsets and lengths are in bytes. Not thread-safe.
class AnswerLogprobs {
 public:
  // `syntax` is static.
  AnswerLogprobs(std::shared_ptr<const tokenizer::Tokenizer> tokenizer,
                 const output_parser::Syntax* syntax);

  // The token was given to the detokeniser.
  void AddToken(engine::TokenEvent event);
  // The text from `begin` on is content. Calls come in the order of the text.
  void AddContent(size_t begin, size_t length);
  // The next bytes of the content are shown: the entries that belong to them.
  std::vector<chat::ContentLogprob> Show(size_t length);

 private:
  static constexpr size_t kUnknown = static_cast<size_t>(-1);

  struct Token {
    sampling::SampledToken drawn;
    size_t begin = kUnknown;  // in the text: of the character that holds its first byte
    size_t end = kUnknown;    // of the one that holds its last byte
    size_t raw_begin = 0;     // in `raw_`, until begin and end are known
    size_t raw_end = 0;
  };
  struct Stretch {
    size_t begin = 0;
    size_t length = 0;
  };

  void Resolve();
  bool IsSpecial(base::TokenId id) const;
  std::string ShownBytes(base::TokenId id, base::TokenId chosen) const;
  chat::ContentLogprob EntryOf(const sampling::SampledToken& drawn) const;

  std::shared_ptr<const tokenizer::Tokenizer> tokenizer_;
  const output_parser::Syntax* syntax_;
  std::string raw_;         // bytes of tokens that are not text yet
  size_t text_length_ = 0;  // that came before them
  std::deque<Token> tokens_;
  std::deque<Stretch> content_;  // not shown yet
};

}  // namespace millrace::local
