#include "grammar/vocabulary.h"

#include <algorithm>

namespace millrace::grammar {

base::Result<std::shared_ptr<const Vocabulary>> Vocabulary::Create(const Options& options) {
  if (options.tokens.empty() || options.tokens.size() > kTokensMax ||
      options.logit_count > kTokensMax) {
    return base::InvalidArgument("a vocabulary has 1 to 1048576 tokens");
  }
  std::vector<bool> is_text(options.tokens.size(), true);
  for (const std::span<const base::TokenId> list : {options.special, options.end}) {
    for (const base::TokenId id : list) {
      if (base::ToIndex(id) < 0 || static_cast<size_t>(base::ToIndex(id)) >= is_text.size()) {
        return base::InvalidArgument("a special token is not in the vocabulary");
      }
      is_text[static_cast<size_t>(base::ToIndex(id))] = false;
    }
  }
  std::shared_ptr<Vocabulary> result(new Vocabulary());
  result->size_ = std::max(options.tokens.size(), options.logit_count);
  result->end_.assign(options.end.begin(), options.end.end());
  std::vector<int32_t> order;
  for (size_t i = 0; i < options.tokens.size(); ++i) {
    result->begins_.push_back(static_cast<uint32_t>(result->bytes_.size()));
    if (is_text[i] && !options.tokens[i].empty()) {
      result->bytes_ += options.tokens[i];
      if (options.tokens[i].size() <= kTokenBytesMax) {
        order.push_back(static_cast<int32_t>(i));
      }
    }
  }
  result->begins_.push_back(static_cast<uint32_t>(result->bytes_.size()));
  std::vector<StringTokens::Token> sorted;
  for (const int32_t id : order) {
    sorted.push_back({.id = id, .text = result->Text(base::TokenId{id})});
  }
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    const int by_text = a.text.compare(b.text);
    return by_text != 0 ? by_text < 0 : a.id < b.id;
  });
  result->BuildTrie(sorted);
  result->strings_ = std::make_unique<const StringTokens>(sorted, result->mask_words());
  return std::shared_ptr<const Vocabulary>(std::move(result));
}

std::string_view Vocabulary::Text(base::TokenId id) const {
  const auto at = static_cast<size_t>(base::ToIndex(id));
  if (base::ToIndex(id) < 0 || at + 1 >= begins_.size()) {
    return {};
  }
  return std::string_view(bytes_).substr(begins_[at], begins_[at + 1] - begins_[at]);
}

bool Vocabulary::IsEnd(base::TokenId id) const {
  return std::find(end_.begin(), end_.end(), id) != end_.end();
}

void Vocabulary::BuildTrie(std::span<const StringTokens::Token> sorted) {
  ByteTree tree;
  for (const auto& [token, bytes] : sorted) {
    TrieNode& node = tree.Add(bytes);
    if (node.token >= 0) {  // the same text twice: a chain behind the first
      next_same_.resize(begins_.size(), -1);
      next_same_[static_cast<size_t>(token)] = node.token;
    }
    node.token = token;
  }
  nodes_ = tree.Take();
  for (uint32_t at = 1; at < nodes_.size(); at += nodes_[at].subtree) {
    root_child_[nodes_[at].byte] = at;
  }
}

uint32_t Vocabulary::Child(uint32_t node, uint8_t byte) const {
  if (node == 0) {
    return root_child_[byte];
  }
  const uint32_t end = node + nodes_[node].subtree;
  for (uint32_t at = node + 1; at < end && nodes_[at].byte <= byte; at += nodes_[at].subtree) {
    if (nodes_[at].byte == byte) {
      return at;
    }
  }
  return 0;
}

}  // namespace millrace::grammar
