#include "grammar/vocabulary.h"

#include <algorithm>

#include "base/utf8.h"

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
  result->BuildTrie(std::move(order));
  result->BuildPlainMask();
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

void Vocabulary::BuildTrie(std::vector<int32_t> order) {
  const auto text = [this](int32_t token) { return Text(base::TokenId{token}); };
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    const int by_text = text(a).compare(text(b));
    return by_text != 0 ? by_text < 0 : a < b;
  });
  nodes_.push_back({});
  std::vector<uint32_t> open = {0};  // the node of every depth of the last token
  std::string_view before;
  const auto close = [&](size_t depth) {
    for (; open.size() > depth + 1; open.pop_back()) {
      nodes_[open.back()].subtree = static_cast<uint32_t>(nodes_.size()) - open.back();
    }
  };
  for (const int32_t token : order) {
    const std::string_view bytes = text(token);
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

void Vocabulary::BuildPlainMask() {
  plain_mask_.assign(mask_words(), 0);
  for (size_t i = 0; i + 1 < begins_.size(); ++i) {
    std::string_view text = Text(base::TokenId{static_cast<int32_t>(i)});
    bool plain = !text.empty() && text.size() <= kTokenBytesMax;
    while (plain && !text.empty()) {
      const base::Utf8Char next = base::DecodeUtf8(text);
      if (!next.valid) {  // a character may be cut by the end of the token only
        plain = base::IncompleteUtf8Suffix(text) == text.size();
        break;
      }
      plain = next.code_point >= 0x20 && next.code_point != U'"' && next.code_point != U'\\';
      text.remove_prefix(next.length);
    }
    if (plain) {
      plain_mask_[i / 32] |= uint32_t{1} << (i % 32);
    }
  }
  // Where a free string can end or escape: the first quote or backslash of a path of plain
  // characters.
  for (uint32_t at = 1; at < nodes_.size();) {
    const uint8_t byte = nodes_[at].byte;
    if (byte == '"' || byte == '\\') {
      string_exits_.push_back(at);
    }
    at += byte == '"' || byte == '\\' || byte < 0x20 ? nodes_[at].subtree : 1;
  }
  std::erase_if(string_exits_, [this](uint32_t node) { return !IsAfterWholeCharacters(node); });
}

// Whether the bytes before `node` are whole, valid characters.
bool Vocabulary::IsAfterWholeCharacters(uint32_t node) const {
  uint32_t below = node;
  while (nodes_[below].token < 0) {
    ++below;  // the first token of the subtree passes through the node
  }
  const std::string_view text = Text(base::TokenId{nodes_[below].token});
  return base::IsValidUtf8(text.substr(0, static_cast<size_t>(nodes_[node].depth) - 1));
}

}  // namespace millrace::grammar
