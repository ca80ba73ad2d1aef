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
  nodes_.push_back({});
  std::vector<uint32_t> open = {0};  // the node of every depth of the last token
  std::string_view before;
  const auto close = [&](size_t depth) {
    for (; open.size() > depth + 1; open.pop_back()) {
      nodes_[open.back()].subtree = static_cast<uint32_t>(nodes_.size()) - open.back();
    }
  };
  for (const auto& [token, bytes] : sorted) {
    if (bytes == before) {  // the same text twice: a chain behind the first
      if (next_same_.empty()) {
        next_same_.assign(begins_.size(), -1);
      }
      next_same_[static_cast<size_t>(token)] = nodes_[open.back()].token;
      nodes_[open.back()].token = token;
      continue;
    }
    const auto same = static_cast<size_t>(
        std::mismatch(bytes.begin(), bytes.end(), before.begin(), before.end()).first -
        bytes.begin());
    close(same);
    for (size_t depth = same; depth < bytes.size(); ++depth) {
      open.push_back(static_cast<uint32_t>(nodes_.size()));
      nodes_.push_back(
          {.byte = static_cast<uint8_t>(bytes[depth]), .depth = static_cast<uint8_t>(depth + 1)});
      if (depth == 0) {
        root_child_[static_cast<uint8_t>(bytes[0])] = open.back();
      }
    }
    nodes_[open.back()].token = token;
    before = bytes;
  }
  close(0);
  nodes_[0].subtree = static_cast<uint32_t>(nodes_.size());
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
