#include "tokenizer/merge_table.h"

#include <fmt/format.h>

#include <bit>
#include <optional>
#include <string_view>

namespace millrace::tokenizer {
namespace {

base::Error BadMerge(size_t rank, std::string_view merge, std::string_view why) {
  return base::CorruptData(fmt::format("merge {} (\"{}\") {}", rank, merge, why));
}

base::Result<int32_t> FindToken(const Vocabulary& vocabulary, std::string_view bytes, size_t rank,
                                std::string_view merge) {
  const std::optional<base::TokenId> id = vocabulary.FindMergeable(bytes);
  if (!id) {
    return BadMerge(rank, merge, "needs or makes a token that is not in the vocabulary");
  }
  return base::ToIndex(*id);
}

base::Result<Merge> ParseMerge(std::string_view text, size_t rank, const Vocabulary& vocabulary) {
  const size_t space = text.find(' ', 1);
  if (space == std::string_view::npos || space + 1 == text.size()) {
    return BadMerge(rank, text, "is not two tokens with a space between");
  }
  const std::optional<std::string> left = BytesOfMappedText(text.substr(0, space));
  const std::optional<std::string> right = BytesOfMappedText(text.substr(space + 1));
  if (!left || !right) {
    return BadMerge(rank, text, "has a character outside of the mapping of bytes");
  }
  Merge merge;
  merge.left = TRY(FindToken(vocabulary, *left, rank, text));
  merge.right = TRY(FindToken(vocabulary, *right, rank, text));
  merge.merged = TRY(FindToken(vocabulary, *left + *right, rank, text));
  return merge;
}

}  // namespace

base::Result<MergeTable> MergeTable::Create(std::span<const std::string> merges,
                                            const Vocabulary& vocabulary) {
  if (merges.size() > kMergeCountMax) {
    return base::Unsupported(fmt::format("the vocabulary has {} merges, at most {} are supported",
                                         merges.size(), kMergeCountMax));
  }
  MergeTable table;
  table.merges_.reserve(merges.size());
  const size_t slot_count = std::bit_ceil(2 * merges.size() + 2);
  table.slots_.assign(slot_count, kEmpty);
  table.mask_ = slot_count - 1;
  table.shift_ = 64 - std::countr_zero(slot_count);
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const Merge merge = TRY(ParseMerge(merges[rank], rank, vocabulary));
    table.merges_.push_back(merge);
    table.Insert(merge, static_cast<MergeRank>(rank));
  }
  return table;
}

void MergeTable::Insert(const Merge& merge, MergeRank rank) {
  const uint64_t pair = PairOf(merge.left, merge.right);
  uint64_t slot = SlotOf(pair);
  while (slots_[slot] != kEmpty) {
    if ((slots_[slot] >> kRankBits) == pair) {
      return;
    }
    slot = (slot + 1) & mask_;
  }
  slots_[slot] = pair << kRankBits | rank;
}

}  // namespace millrace::tokenizer
