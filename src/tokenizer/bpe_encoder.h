// Byte-pair encoding of one piece: the pair of lowest rank is merged, the leftmost first among
// equals, until no neighbours merge.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "tokenizer/merge_table.h"
#include "tokenizer/vocabulary.h"

namespace millrace::tokenizer {

// Buffers of one Encode call, reused from piece to piece. A piece of n bytes takes about 24 n
// bytes.
struct BpeWorkspace {
  struct Symbol {
    int32_t id = 0;  // -1: merged into the symbol before it
    uint32_t previous = 0;
    uint32_t next = 0;
  };
  std::vector<Symbol> symbols;
  std::vector<uint64_t> queue;  // rank and position of pairs, a heap
  uint64_t operation_count =
      0;  // pairs looked at, over all pieces: what the time is proportional to
};

// Borrows the vocabulary and the merges. Thread-safe: what a call writes is its own workspace.
// Time n log n in the length of the piece.
class BpeEncoder {
 public:
  BpeEncoder(const Vocabulary& vocabulary, const MergeTable& merges);

  // Appends the ids of `piece`. A byte that the vocabulary has no token for is left out, as
  // published tokenizers do.
  void Encode(std::string_view piece, std::vector<base::TokenId>& out,
              BpeWorkspace& workspace) const;

 private:
  void EncodeShort(std::string_view piece, std::vector<base::TokenId>& out,
                   BpeWorkspace& workspace) const;
  void EncodeLong(std::string_view piece, std::vector<base::TokenId>& out,
                  BpeWorkspace& workspace) const;
  void FillSymbols(std::string_view piece, BpeWorkspace& workspace) const;
  void PushPair(uint32_t position, BpeWorkspace& workspace) const;

  const MergeTable* merges_;
  std::vector<int32_t> of_byte_;  // -1: none
};

}  // namespace millrace::tokenizer
