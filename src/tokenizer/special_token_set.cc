#include "tokenizer/special_token_set.h"

namespace millrace::tokenizer {

SpecialTokenSet::SpecialTokenSet() : nodes_(1) {}

int32_t SpecialTokenSet::Child(const Node& node, char byte) const {
  for (const auto& [key, child] : node.children) {
    if (key == byte) {
      return child;
    }
  }
  return -1;
}

void SpecialTokenSet::Add(std::string_view text, base::TokenId id) {
  may_begin_[static_cast<unsigned char>(text.front())] = true;
  size_t node = 0;
  for (const char byte : text) {
    const int32_t child = Child(nodes_[node], byte);
    if (child >= 0) {
      node = static_cast<size_t>(child);
      continue;
    }
    nodes_[node].children.emplace_back(byte, static_cast<int32_t>(nodes_.size()));
    node = nodes_.size();
    nodes_.emplace_back();
  }
  nodes_[node].token = base::ToIndex(id);
}

std::optional<SpecialTokenSet::Match> SpecialTokenSet::MatchAtStart(std::string_view text) const {
  std::optional<Match> longest;
  int32_t node = 0;
  for (size_t length = 1; length <= text.size(); ++length) {
    node = Child(nodes_[static_cast<size_t>(node)], text[length - 1]);
    if (node < 0) {
      break;
    }
    if (const int32_t token = nodes_[static_cast<size_t>(node)].token; token >= 0) {
      longest = Match{.length = length, .id = static_cast<base::TokenId>(token)};
    }
  }
  return longest;
}

std::optional<SpecialTokenSet::Match> SpecialTokenSet::FindFirst(std::string_view text) const {
  for (size_t begin = 0; begin < text.size(); ++begin) {
    if (!may_begin_[static_cast<unsigned char>(text[begin])]) {
      continue;
    }
    if (std::optional<Match> match = MatchAtStart(text.substr(begin))) {
      match->begin = begin;
      return match;
    }
  }
  return std::nullopt;
}

}  // namespace millrace::tokenizer
