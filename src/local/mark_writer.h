// Writes the fixed text of a syntax into a grammar, its marks as the special tokens they are.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "grammar/grammar.h"
#include "output_parser/syntax.h"
#include "tokenizer/tokenizer.h"

namespace millrace::local {

// A mark that is a special token of the vocabulary is admitted as that token only, so that no
// other place of an answer, such as a string in arguments, can hold it. Immutable.
class MarkWriter {
 public:
  MarkWriter(const output_parser::Syntax& syntax, const tokenizer::Tokenizer& tokenizer);

  grammar::Expression Write(std::string_view text) const;

  // The text in `text` before the first special mark, and that mark's token; no token when there is
  // none.
  struct Split {
    std::string_view before;
    std::optional<base::TokenId> mark;
    std::string_view after;
  };
  Split SplitAtMark(std::string_view text) const;

 private:
  std::vector<std::pair<std::string, base::TokenId>> marks_;
};

}  // namespace millrace::local
