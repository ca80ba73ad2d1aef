// Which pairs of tokens merge, into what, and in which order.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "tokenizer/vocabulary.h"

namespace millrace::tokenizer {

// Bounds of a vocabulary: ids and ranks take 21 bits each in the table.
constexpr size_t kTokenCountMax = (size_t{1} << 21) - 1;
constexpr size_t kMergeCountMax = (size_t{1} << 21) - 1;

// Place in the list of merges; the lower the rank the earlier the merge. kNoMerge is higher than
// every rank.
using MergeRank = uint32_t;
constexpr MergeRank kNoMerge = UINT32_MAX;

struct Merge {
  int32_t left = 0;
  int32_t right = 0;
  int32_t merged = 0;
};

// Immutable after Create.
class MergeTable {
 public:
  // `merges` are "left right" in gpt-2's mapping, by falling priority; of equal ones the first
  // counts. Errors: kCorruptData naming the merge (no separator, token not in the vocabulary),
  // kUnsupported (too many).
  static base::Result<MergeTable> Create(std::span<const std::string> merges,
                                         const Vocabulary& vocabulary);

  MergeRank Find(int32_t left, int32_t right) const {
    const uint64_t pair = PairOf(left, right);
    for (uint64_t slot = SlotOf(pair);; slot = (slot + 1) & mask_) {
      const uint64_t entry = slots_[slot];
      if ((entry >> kRankBits) == pair) {
        return static_cast<MergeRank>(entry & kRankMask);
      }
      if (entry == kEmpty) {
        return kNoMerge;
      }
    }
  }

  const Merge& At(MergeRank rank) const { return merges_[rank]; }

 private:
  static constexpr int kRankBits = 21;
  static constexpr uint64_t kRankMask = (uint64_t{1} << kRankBits) - 1;
  static constexpr uint64_t kEmpty = UINT64_MAX;

  MergeTable() = default;
  void Insert(const Merge& merge, MergeRank rank);

  static uint64_t PairOf(int32_t left, int32_t right) {
    return static_cast<uint64_t>(left) << kRankBits | static_cast<uint64_t>(right);
  }
  // Multiplicative hashing by 2^64 over the golden ratio: the upper bits are the well-mixed ones.
  uint64_t SlotOf(uint64_t pair) const { return (pair * 0x9E3779B97F4A7C15ULL) >> shift_; }

  std::vector<Merge> merges_;    // by rank
  std::vector<uint64_t> slots_;  // open addressing, at most half full: pair, then rank
  uint64_t mask_ = 0;
  int shift_ = 63;
};

}  // namespace millrace::tokenizer
