// Finds special tokens in raw text.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace millrace::tokenizer {

// A set of token texts as a tree of bytes. Immutable once filled; lookups are thread-safe.
// Time is linear in the text times the longest token that keeps matching.
class SpecialTokenSet {
 public:
  struct Match {
    size_t begin = 0;
    size_t length = 0;
    base::TokenId id{};
  };

  SpecialTokenSet();
  // `text` must not be empty.
  void Add(std::string_view text, base::TokenId id);
  bool empty() const { return nodes_.size() == 1; }

  // The first match in `text`; of those that begin together the longest.
  std::optional<Match> FindFirst(std::string_view text) const;

 private:
  struct Node {
    std::vector<std::pair<char, int32_t>> children;  // few: tokens share prefixes
    int32_t token = -1;                              // that ends here
  };
  int32_t Child(const Node& node, char byte) const;
  // The longest token at the start of `text`.
  std::optional<Match> MatchAtStart(std::string_view text) const;

  std::vector<Node> nodes_;  // the first is the root
  std::array<bool, 256> may_begin_{};
};

}  // namespace millrace::tokenizer
