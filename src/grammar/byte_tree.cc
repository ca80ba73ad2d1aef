#include "grammar/byte_tree.h"

#include <algorithm>
#include <utility>

namespace millrace::grammar {

void ByteTree::Close(size_t depth) {
  for (; open_.size() > depth + 1; open_.pop_back()) {
    nodes_[open_.back()].subtree = static_cast<uint32_t>(nodes_.size()) - open_.back();
  }
}

TrieNode& ByteTree::Add(std::string_view text) {
  const auto same = static_cast<size_t>(
      std::mismatch(text.begin(), text.end(), before_.begin(), before_.end()).first - text.begin());
  Close(same);
  for (size_t depth = same; depth < text.size(); ++depth) {
    open_.push_back(static_cast<uint32_t>(nodes_.size()));
    nodes_.push_back(
        {.byte = static_cast<uint8_t>(text[depth]), .depth = static_cast<uint8_t>(depth + 1)});
  }
  before_ = text;
  return nodes_[open_.back()];
}

std::vector<TrieNode> ByteTree::Take() {
  Close(0);
  nodes_[0].subtree = static_cast<uint32_t>(nodes_.size());
  return std::move(nodes_);
}

}  // namespace millrace::grammar
