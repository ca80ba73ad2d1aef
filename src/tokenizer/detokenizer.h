// Turns a stream of tokens into text that never ends inside a character.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "tokenizer/tokenizer.h"

namespace millrace::tokenizer {

// Whether control tokens (type 3) come out as their text or as nothing.
enum class ControlText { kHidden, kShown };

// One answer's detokeniser. Bytes of an unfinished character are held back (at most 3); bytes that
// can never become valid come out as one U+FFFD for each maximal run.
class Detokenizer {
 public:
  explicit Detokenizer(std::shared_ptr<const Tokenizer> tokenizer,
                       ControlText control_text = ControlText::kHidden);

  // Text that is complete after this token; may be empty.
  std::string Add(base::TokenId id);
  // The answer is over: an incomplete character at the very end is dropped.
  void Finish();

 private:
  std::shared_ptr<const Tokenizer> tokenizer_;
  ControlText control_text_;
  std::string pending_;
};

}  // namespace millrace::tokenizer
