// Texts as a tree of bytes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace millrace::grammar {

// One node; nodes lie in depth-first order, so that the nodes below one follow it and skipping them
// is one addition. Node 0 is the root.
struct TrieNode {
  int32_t token = -1;    // the number of a text that ends here: of a token, say
  uint32_t subtree = 1;  // nodes from this one to the end of what lies below it, itself included
  uint8_t byte = 0;      // the byte that leads here
  uint8_t depth = 0;     // bytes from the root, 0 at the root
};

// Makes the tree of texts that come in order.
class ByteTree {
 public:
  ByteTree() : nodes_(1) {}

  // The node of `text`, which is not before the last one, at most 255 bytes long and borrowed until
  // the next one comes.
  TrieNode& Add(std::string_view text);
  // The finished tree; nothing may be added any more.
  std::vector<TrieNode> Take();

 private:
  void Close(size_t depth);

  std::vector<TrieNode> nodes_;
  std::vector<uint32_t> open_ = {0};  // the node of every depth of the last text
  std::string_view before_;
};

}  // namespace millrace::grammar
