// Pre-tokenizers: how a family cuts text into pieces before any merge. Merges never cross a piece.
//
// Published tokenizers describe this by regular expressions, applied one after the other: each pass
// cuts every piece of the pass before it into matches and the gaps between them. Here each
// expression is a hand-written function, so that any text costs time linear in its length; the
// expression stands beside the function.
//
// A new family is a new file `split_<name>.cc`, declared in split_families.h and named in the list
// of split.cc.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace millrace::tokenizer {

// What stands at the beginning of a text: one match of the expression, or bytes in which no match
// begins.
struct Stretch {
  size_t length = 0;  // bytes, > 0
  bool is_match = false;
};

// One expression. `rest` is the piece from the current position to its end: valid UTF-8, never
// empty. A match costs time linear in its length, a gap time linear in its length, whatever
// follows.
using Pass = Stretch (*)(std::string_view rest);

enum class Normalization { kNone, kNfc };

// What the name in `tokenizer.ggml.pre` stands for.
struct Split {
  std::string_view name;
  std::span<const Pass> passes;
  Normalization normalization = Normalization::kNone;  // before the first pass
  bool ignore_merges = false;  // a piece that is a whole token is taken without merging
  bool adds_bos = false;       // when the file does not say
  bool drops_bos =
      false;  // the file's BOS is part of the chat template: not a BOS of the tokenizer
};

// nullptr for a name this build does not know.
const Split* FindSplit(std::string_view name);

// "gpt-2, mpt, qwen2, …": for messages.
std::string KnownSplitNames();

// Takes pieces in order.
class PieceSink {
 public:
  virtual ~PieceSink() = default;
  virtual void Add(std::string_view piece) = 0;
};

// Cuts `text` (valid UTF-8) into pieces, none empty, that together are the text.
void RunPasses(std::string_view text, std::span<const Pass> passes, PieceSink& sink);

}  // namespace millrace::tokenizer
