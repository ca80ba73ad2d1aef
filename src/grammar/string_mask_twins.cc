// The mask inside of a string or key of an item that is compared with earlier ones while it is
// read.
#include <algorithm>
#include <map>

#include "grammar/json_text.h"
#include "grammar/string_mask.h"
#include "grammar/token_bits.h"

namespace millrace::grammar {

// Tokens that end what earlier items have here are judged one by one: this item may have it, too,
// as long as it differs elsewhere. Unless every text may come, whatever else came, so are tokens
// that lead there.
void StringMask::CorrectTwins(const MatchThread& thread, std::span<uint32_t> mask) {
  std::vector<std::u32string> texts;
  for (const std::string& rest : move_.ReaderOf(thread).KnownTexts(thread.json)) {
    texts.push_back(CodePointsOf(rest));
  }
  if (any_text_) {
    if (!texts.empty() && texts.front().empty()) {
      Judge(thread, strings_.Exits(0), mask);
    }
    CorrectEnds(thread, texts, 0, 0, mask);
    return;
  }
  std::map<uint32_t, bool> nodes;  // once each, though many texts begin so; whether some end there
  for (const std::u32string& text : texts) {
    strings_.ForEachBeginning(text, true, [&](uint32_t node, bool whole) {
      bool& ends = nodes[node];
      ends = ends || whole;
    });
  }
  for (const auto& [node, ends] : nodes) {
    for (const int32_t token : strings_.Ends(node)) {
      SetTokenTo(Allows(thread, token), mask, token);
    }
    if (ends && strings_.nodes()[node].has_exits) {
      Judge(thread, strings_.Exits(node), mask);
    }
  }
}

// Those of `texts`, sorted, which have `depth` characters in common that the node `parent` spells.
// What many texts begin with is looked for once.
void StringMask::CorrectEnds(const MatchThread& thread, std::span<const std::u32string> texts,
                             size_t depth, uint32_t parent, std::span<uint32_t> mask) {
  const auto go_below = [&](uint32_t node, std::span<const std::u32string> same) {
    if (same.front().size() == depth + 1 && strings_.nodes()[node].has_exits) {
      Judge(thread, strings_.Exits(node), mask);
    }
    CorrectEnds(thread, same, depth + 1, node, mask);
  };
  const auto character = [depth](const std::u32string& text) { return text[depth]; };
  const auto longer = std::find_if(texts.begin(), texts.end(),
                                   [&](const std::u32string& text) { return text.size() > depth; });
  texts = texts.subspan(static_cast<size_t>(longer - texts.begin()));
  if (texts.empty()) {
    return;
  }
  const auto with = [&](char32_t c) {
    const auto same = std::ranges::equal_range(texts, c, {}, character);
    return std::span<const std::u32string>(same.begin(), same.end());
  };
  if (depth == 0) {
    for (auto same = with(texts.front().front());;) {
      for (const auto& [c, node] : strings_.First(same.front().front(), same.front().front())) {
        go_below(node, same);
      }
      if (&same.back() == &texts.back()) {
        return;
      }
      same = with((&same.back() + 1)->front());
    }
  }
  const uint32_t end = parent + strings_.nodes()[parent].subtree;
  for (uint32_t at = parent + 1; at < end; at += strings_.nodes()[at].subtree) {
    const SpelledRange& range = strings_.nodes()[at].characters;
    if (const auto same = with(range.low); range.low == range.high && !same.empty()) {
      go_below(at, same);
    }
  }
}

void StringMask::Judge(const MatchThread& thread, std::span<const StringExit> exits,
                       std::span<uint32_t> mask) {
  for (const StringExit& exit : exits) {
    SetTokenTo(Allows(thread, exit.token), mask, exit.token);
  }
}

}  // namespace millrace::grammar
