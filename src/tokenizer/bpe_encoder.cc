#include "tokenizer/bpe_encoder.h"

#include <algorithm>
#include <functional>

namespace millrace::tokenizer {
namespace {

// Up to here looking through all pairs beats a heap.
constexpr size_t kShortBytesMax = 32;
// Longer pieces are cut here, which bounds a workspace to 400 MB.
constexpr size_t kPieceBytesMax = 16U << 20;
constexpr uint32_t kEnd = UINT32_MAX;

constexpr uint64_t QueueEntry(MergeRank rank, uint32_t position) {
  return static_cast<uint64_t>(rank) << 32 | position;
}

}  // namespace

BpeEncoder::BpeEncoder(const Vocabulary& vocabulary, const MergeTable& merges)
    : merges_(&merges), of_byte_(256, -1) {
  for (size_t byte = 0; byte < of_byte_.size(); ++byte) {
    if (const auto id = vocabulary.OfByte(static_cast<uint8_t>(byte))) {
      of_byte_[byte] = base::ToIndex(*id);
    }
  }
}

void BpeEncoder::Encode(std::string_view piece, std::vector<base::TokenId>& out,
                        BpeWorkspace& workspace) const {
  while (piece.size() > kPieceBytesMax) {
    EncodeLong(piece.substr(0, kPieceBytesMax), out, workspace);
    piece.remove_prefix(kPieceBytesMax);
  }
  if (piece.size() <= kShortBytesMax) {
    EncodeShort(piece, out, workspace);
  } else {
    EncodeLong(piece, out, workspace);
  }
}

void BpeEncoder::EncodeShort(std::string_view piece, std::vector<base::TokenId>& out,
                             BpeWorkspace& workspace) const {
  int32_t ids[kShortBytesMax];
  MergeRank ranks[kShortBytesMax];  // of the pair that begins here
  size_t count = 0;
  for (const char byte : piece) {
    const int32_t id = of_byte_[static_cast<unsigned char>(byte)];
    if (id >= 0) {
      ids[count++] = id;
    }
  }
  for (size_t i = 0; i + 1 < count; ++i) {
    ranks[i] = merges_->Find(ids[i], ids[i + 1]);
  }
  workspace.operation_count += count;
  while (count > 1) {
    const MergeRank* lowest = std::min_element(ranks, ranks + count - 1);
    workspace.operation_count += count;
    if (*lowest == kNoMerge) {
      break;
    }
    const auto at = static_cast<size_t>(lowest - ranks);
    ids[at] = merges_->At(*lowest).merged;
    std::copy(ids + at + 2, ids + count, ids + at + 1);
    --count;
    if (at + 1 < count) {
      std::copy(ranks + at + 2, ranks + count, ranks + at + 1);
      ranks[at] = merges_->Find(ids[at], ids[at + 1]);
    }
    if (at > 0) {
      ranks[at - 1] = merges_->Find(ids[at - 1], ids[at]);
    }
  }
  for (size_t i = 0; i < count; ++i) {
    out.push_back(static_cast<base::TokenId>(ids[i]));
  }
}

void BpeEncoder::FillSymbols(std::string_view piece, BpeWorkspace& workspace) const {
  auto& symbols = workspace.symbols;
  symbols.clear();
  symbols.reserve(piece.size());
  for (const char byte : piece) {
    const int32_t id = of_byte_[static_cast<unsigned char>(byte)];
    if (id >= 0) {
      const auto position = static_cast<uint32_t>(symbols.size());
      symbols.push_back({.id = id, .previous = position - 1, .next = position + 1});
    }
  }
  if (!symbols.empty()) {
    symbols.front().previous = kEnd;
    symbols.back().next = kEnd;
  }
}

void BpeEncoder::PushPair(uint32_t position, BpeWorkspace& workspace) const {
  const auto& left = workspace.symbols[position];
  ++workspace.operation_count;
  if (left.next == kEnd) {
    return;
  }
  const MergeRank rank = merges_->Find(left.id, workspace.symbols[left.next].id);
  if (rank != kNoMerge) {
    workspace.queue.push_back(QueueEntry(rank, position));
  }
}

void BpeEncoder::EncodeLong(std::string_view piece, std::vector<base::TokenId>& out,
                            BpeWorkspace& workspace) const {
  FillSymbols(piece, workspace);
  auto& symbols = workspace.symbols;
  auto& queue = workspace.queue;
  queue.clear();
  for (uint32_t position = 0; position < symbols.size(); ++position) {
    PushPair(position, workspace);
  }
  const auto later = std::greater<>();
  std::make_heap(queue.begin(), queue.end(), later);
  while (!queue.empty()) {
    std::pop_heap(queue.begin(), queue.end(), later);
    const uint64_t entry = queue.back();
    queue.pop_back();
    ++workspace.operation_count;
    const Merge& merge = merges_->At(static_cast<MergeRank>(entry >> 32));
    const auto position = static_cast<uint32_t>(entry);
    auto& left = symbols[position];
    // An entry is stale when one of its two has merged with another neighbour since.
    if (left.id != merge.left || left.next == kEnd || symbols[left.next].id != merge.right) {
      continue;
    }
    auto& right = symbols[left.next];
    left.id = merge.merged;
    left.next = right.next;
    right.id = -1;
    if (left.next != kEnd) {
      symbols[left.next].previous = position;
    }
    for (const uint32_t changed : {left.previous, position}) {
      const size_t size_before = queue.size();
      if (changed != kEnd) {
        PushPair(changed, workspace);
      }
      if (queue.size() > size_before) {
        std::push_heap(queue.begin(), queue.end(), later);
      }
    }
  }
  for (const auto& symbol : symbols) {
    if (symbol.id >= 0) {
      out.push_back(static_cast<base::TokenId>(symbol.id));
    }
  }
}

}  // namespace millrace::tokenizer
