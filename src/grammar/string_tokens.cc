#include "grammar/string_tokens.h"

#include <algorithm>
#include <map>

#include "base/utf8.h"
#include "grammar/regex_algebra.h"
#include "grammar/token_bits.h"

namespace millrace::grammar {

namespace {

uint8_t TraitsOfRest(std::string_view text) {
  constexpr auto kNowhere = std::string_view::npos;
  uint8_t traits = StringTokens::kAny;
  const size_t comma = text.find(',');
  if (comma != kNowhere) {
    traits |= StringTokens::kHasComma;
    const size_t quote = text.find('"', comma);
    if (quote != kNowhere && quote + 1 < text.size()) {
      traits |= StringTokens::kBeginsString;
    }
  }
  if (text.find_first_of("]}") != kNowhere) {
    traits |= StringTokens::kCloses;
  }
  return traits;
}

}  // namespace

template <typename T>
void StringTokens::Lists<T>::Build(std::vector<std::pair<uint32_t, T>> pairs, size_t count) {
  begins.assign(count + 1, 0);
  for (const auto& [key, value] : pairs) {
    ++begins[key + 1];
  }
  for (size_t i = 1; i < begins.size(); ++i) {
    begins[i] += begins[i - 1];
  }
  all.resize(pairs.size());
  std::vector<uint32_t> next(begins.begin(), begins.end());
  for (auto& [key, value] : pairs) {
    all[next[key]++] = std::move(value);
  }
}

// Puts tokens into the tree, which comes out in order because they do.
struct StringTokens::Builder {
  std::vector<StringNode>& nodes;
  std::vector<std::pair<uint32_t, SpelledRange>>& more;
  std::vector<uint32_t> open = {0};  // the node of every depth of the last token

  void Close(size_t depth) {
    for (; open.size() > depth + 1; open.pop_back()) {
      nodes[open.back()].subtree = static_cast<uint32_t>(nodes.size()) - open.back();
    }
  }
  bool IsAt(uint32_t node, const SpelledCharacter& c) const {
    const bool has_more = !more.empty() && more.back().first == node;
    return nodes[node].characters == c.characters &&
           (has_more ? more.back().second == c.more : c.more.is_empty());
  }
  // Goes one character down from `depth`.
  void Descend(size_t depth, const SpelledCharacter& c) {
    if (open.size() > depth + 1 && IsAt(open[depth + 1], c)) {
      return;
    }
    Close(depth);
    const auto node = static_cast<uint32_t>(nodes.size());
    nodes.push_back({.characters = c.characters,
                     .depth = static_cast<uint16_t>(depth + 1),
                     .has_more = !c.more.is_empty()});
    if (!c.more.is_empty()) {
      more.emplace_back(node, c.more);
    }
    open.push_back(node);
  }
};

StringTokens::StringTokens(std::span<const Token> tokens, size_t mask_words) {
  nodes_.push_back({.characters = {0, 0}});
  Builder builder{.nodes = nodes_, .more = more_};
  std::vector<std::pair<uint32_t, int32_t>> ends;
  std::vector<std::pair<uint32_t, StringExit>> exits;
  std::map<std::string_view, std::vector<size_t>> rests = {{"", {}}};  // indices into `exits`
  for (const Token& token : tokens) {
    std::string_view text = token.text;
    size_t depth = 0;
    bool possible = true;
    while (!text.empty() && text.front() != '"' && possible) {
      const auto c = ReadSpelledCharacter(text);
      possible = c.has_value();
      if (possible) {
        builder.Descend(depth++, *c);
        text.remove_prefix(c->bytes);
      }
    }
    if (!possible) {
      continue;
    }
    characters_max_ = std::max(characters_max_, depth);
    StringNode& node = nodes_[builder.open[depth]];
    if (text.empty()) {
      ends.emplace_back(builder.open[depth], token.id);
      node.has_others = node.token >= 0;
      node.token = token.id;
    } else {
      node.has_exits = true;
      rests[text.substr(1)].push_back(exits.size());
      exits.emplace_back(builder.open[depth],
                         StringExit{.token = token.id, .characters = static_cast<uint32_t>(depth)});
    }
  }
  builder.Close(0);
  nodes_[0].subtree = static_cast<uint32_t>(nodes_.size());
  PlaceNodes();
  std::vector<std::pair<std::string_view, int32_t>> sorted;
  std::vector<std::pair<uint32_t, StringExit>> by_rest;
  for (const auto& [rest, indices] : rests) {
    const auto id = static_cast<int32_t>(sorted.size());
    sorted.emplace_back(rest, id);
    for (const size_t index : indices) {
      exits[index].second.rest = id;
      by_rest.emplace_back(static_cast<uint32_t>(id), exits[index].second);
    }
  }
  by_rest_.Build(std::move(by_rest), sorted.size());
  ends_.Build(std::move(ends), nodes_.size());
  exits_.Build(std::move(exits), nodes_.size());
  FindWays();
  ChooseUnspelled(tokens);
  BuildRests(sorted);
  BuildMasks(mask_words);
}

SpelledRange StringTokens::MoreOf(uint32_t node) const {
  if (!nodes_[node].has_more) {
    return {};
  }
  const auto at = std::lower_bound(more_.begin(), more_.end(), node,
                                   [](const auto& entry, uint32_t n) { return entry.first < n; });
  return at != more_.end() && at->first == node ? at->second : SpelledRange();
}

void StringTokens::ForEachBeginning(std::u32string_view text, bool parts,
                                    const Visit& visit) const {
  visit(0, text.empty());
  if (text.empty()) {
    return;
  }
  for (const auto& [c, node] : First(text[0], text[0])) {
    visit(node, text.size() == 1);
    VisitBelow(node, text.substr(1), parts, visit);
  }
  for (const uint32_t node : parts ? first_parts() : std::span<const uint32_t>()) {
    if (MayBecome(node, text[0])) {
      visit(node, false);
    }
  }
}

bool StringTokens::MayBecome(uint32_t node, char32_t c) const {
  const SpelledRange& range = nodes_[node].characters;
  if (range.low <= c && c <= range.high) {
    return true;
  }
  const SpelledRange more = MoreOf(node);
  return more.low <= c && c <= more.high;
}

void StringTokens::VisitBelow(uint32_t parent, std::u32string_view text, bool parts,
                              const Visit& visit) const {
  const uint32_t end = parent + nodes_[parent].subtree;
  for (uint32_t at = parent + 1; at < end && !text.empty(); at += nodes_[at].subtree) {
    const bool is_whole = nodes_[at].characters.low == nodes_[at].characters.high;
    if (!is_whole && parts && MayBecome(at, text[0])) {
      visit(at, false);
    } else if (is_whole && nodes_[at].characters.low == text[0]) {
      visit(at, text.size() == 1);
      VisitBelow(at, text.substr(1), parts, visit);
    }
  }
}

void StringTokens::PlaceNodes() {
  for (uint32_t at = 1; at < nodes_.size(); ++at) {
    const SpelledRange& range = nodes_[at].characters;
    const bool first = nodes_[at].depth == 1;
    if (range.low == range.high) {
      (first ? first_ : later_).emplace_back(range.low, at);
    } else {
      (first ? first_parts_ : later_parts_).push_back(at);
    }
  }
  std::sort(first_.begin(), first_.end());
  std::sort(later_.begin(), later_.end());
}

namespace {

std::span<const StringTokens::Placed> Between(const std::vector<StringTokens::Placed>& nodes,
                                              char32_t low, char32_t high) {
  const auto begin = std::lower_bound(nodes.begin(), nodes.end(), StringTokens::Placed{low, 0});
  const auto end = std::lower_bound(begin, nodes.end(), StringTokens::Placed{high + 1, 0});
  return {begin, end};
}

}  // namespace

std::span<const StringTokens::Placed> StringTokens::First(char32_t low, char32_t high) const {
  return Between(first_, low, high);
}

std::span<const StringTokens::Placed> StringTokens::Later(char32_t low, char32_t high) const {
  return Between(later_, low, high);
}

void StringTokens::FindWays() {
  std::vector<uint32_t> open = {0};  // the node of every depth
  for (uint32_t at = 1; at < nodes_.size(); ++at) {
    const StringNode& node = nodes_[at];
    open.resize(node.depth);
    open.push_back(at);
    for (const uint32_t above : node.token >= 0 ? std::span(open) : std::span<uint32_t>()) {
      nodes_[above].most = std::max(nodes_[above].most, node.depth);
    }
  }
  for (uint32_t at = 1; at < nodes_.size(); ++at) {
    nodes_[at].leads_out = !Below(at).exits.empty();
    if (nodes_[at].leads_out || nodes_[at].most > kMasksMax) {
      ways_.push_back(at);
    }
  }
}

std::span<const uint32_t> StringTokens::Ways(uint32_t begin, uint32_t end) const {
  const auto low = std::lower_bound(ways_.begin(), ways_.end(), begin);
  return {low, std::lower_bound(low, ways_.end(), end)};
}

// Of the private characters, one that occurs in no token, raw or escaped.
void StringTokens::ChooseUnspelled(std::span<const Token> tokens) {
  for (char32_t c = 0xF0000; c < kCodePointMax; ++c) {
    std::string raw;
    base::AppendUtf8(c, raw);
    const bool spelled = std::any_of(tokens.begin(), tokens.end(), [&](const Token& token) {
      return token.text.find(raw) != std::string_view::npos;
    });
    if (!spelled) {
      unspelled_ = raw;
      return;
    }
  }
}

void StringTokens::BuildRests(const std::vector<std::pair<std::string_view, int32_t>>& sorted) {
  ByteTree tree;
  for (const auto& [text, id] : sorted) {
    rest_traits_.push_back(TraitsOfRest(text));
    rest_sizes_.push_back(static_cast<uint8_t>(text.size()));
    tree.Add(text).token = id;
  }
  rest_nodes_ = tree.Take();
}

void StringTokens::BuildMasks(size_t mask_words) {
  std::vector<std::pair<uint32_t, int32_t>> by_count;
  for (uint32_t node = 1; node < nodes_.size(); ++node) {
    for (const int32_t token : ends_.Of(node, 1)) {
      by_count.emplace_back(nodes_[node].depth, token);
    }
  }
  by_count_.Build(std::move(by_count), characters_max_ + 1);
  std::vector<uint32_t> mask(mask_words, 0);
  for (size_t count = 0; count <= characters_max_; ++count) {
    SetTokens(mask, by_count_.Of(count, 1));
    if (count <= kMasksMax) {
      up_to_.push_back(mask);
    }
  }
  inside_ = std::move(mask);
}

std::span<const uint32_t> StringTokens::InsideUpTo(size_t count) const {
  return up_to_[std::min(count, up_to_.size() - 1)];
}

}  // namespace millrace::grammar
