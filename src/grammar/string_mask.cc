#include "grammar/string_mask.h"

#include "grammar/json_text.h"

namespace millrace::grammar {
namespace {

using Mode = JsonPlace::Mode;

void Set(std::span<uint32_t> mask, int32_t token) {
  const auto id = static_cast<uint32_t>(token);
  mask[id / 32] |= uint32_t{1} << (id % 32);
}

void Clear(std::span<uint32_t> mask, int32_t token) {
  const auto id = static_cast<uint32_t>(token);
  mask[id / 32] &= ~(uint32_t{1} << (id % 32));
}

}  // namespace

bool StringMask::Fill(const MatchThread& thread, std::span<uint32_t> mask) {
  const JsonPlace& place = thread.json;
  const bool is_key = place.mode == Mode::kKey;
  if (!move_.IsJson(thread) || (!is_key && place.mode != Mode::kString) ||
      place.part != JsonPlace::Part::kBetween) {
    return false;
  }
  for (int32_t at = place.frame; at != kNone;) {
    const JsonFrame& frame = store_.json.frames[static_cast<size_t>(at)];
    if (frame.text_read) {  // what the string says matters behind it
      return false;
    }
    at = frame.parent;
  }
  JsonReader reader = move_.ReaderOf(thread);
  if (is_key && !reader.MayBeAnyFreshKey(place)) {
    return false;
  }
  LiveAutomaton& live = is_key ? reader.FreshKeys(place) : reader.Strings(place);
  groups_.clear();
  Chain chain;
  const bool any_text =
      FindChain(live, place.state, chain) && (!is_key || chain.states.size() == 1);
  if (any_text) {
    AddInside(chain, mask);
    GroupExits(live, chain);
  } else if (!WalkTokens(live, thread, mask)) {
    std::fill(mask.begin(), mask.end(), 0);
    return false;
  }
  for (const ExitGroup& group : groups_) {
    AddExits(thread, group, mask);
  }
  if (is_key) {
    CorrectKeys(thread, any_text, mask);
  }
  return true;
}

bool StringMask::FindChain(LiveAutomaton& live, int32_t state, Chain& chain) const {
  chain.states.push_back(state);
  while (chain.states.size() <= strings_.characters_max()) {
    const std::optional<int32_t> next = live.OnlyNext(chain.states.back());
    if (!next.has_value()) {
      return false;
    }
    if (*next == ScalarAutomaton::kDead) {
      chain.is_bounded = true;
      return true;
    }
    if (*next == chain.states.back()) {
      return true;
    }
    chain.states.push_back(*next);
  }
  return true;
}

void StringMask::AddInside(const Chain& chain, std::span<uint32_t> mask) const {
  const bool all = chain.Reaches(strings_.characters_max());
  const size_t most = chain.states.size() - 1;
  const std::span<const uint32_t> prepared =
      all ? strings_.Inside() : strings_.InsideUpTo(std::min(most, StringTokens::kMasksMax));
  std::copy(prepared.begin(), prepared.end(), mask.begin());
  for (size_t count = StringTokens::kMasksMax + 1; !all && count <= most; ++count) {
    for (const int32_t token : strings_.InsideWith(count)) {
      Set(mask, token);
    }
  }
}

StringMask::ExitGroup& StringMask::GroupOf(int32_t truth, int32_t state) {
  const auto at = std::find_if(groups_.begin(), groups_.end(),
                               [truth](const ExitGroup& group) { return group.truth == truth; });
  return at != groups_.end() ? *at
                             : groups_.emplace_back(ExitGroup{.truth = truth, .state = state});
}

void StringMask::GroupExits(LiveAutomaton& live, const Chain& chain) {
  for (size_t count = 0; count <= strings_.characters_max() && chain.Reaches(count); ++count) {
    const int32_t state = chain.After(count);
    if (live.CanEnd(state)) {
      ExitGroup& group = GroupOf(live.automaton().Truth(state), state);
      group.characters.resize(count + 1, false);
      group.characters[count] = true;
    }
  }
}

// Follows every token through the automaton. False when a key cannot be judged by it.
bool StringMask::WalkTokens(LiveAutomaton& live, const MatchThread& thread,
                            std::span<uint32_t> mask) {
  const std::span<const StringNode> nodes = strings_.nodes();
  const bool is_key = thread.json.mode == Mode::kKey;
  JsonReader reader = move_.ReaderOf(thread);
  std::vector<int32_t> states(strings_.characters_max() + 1, thread.json.state);
  for (uint32_t at = 0; at < nodes.size();) {
    const StringNode& node = nodes[at];
    int32_t& state = states[node.depth];
    bool alive = true;
    if (node.depth > 0) {
      const int32_t before = states[node.depth - 1];
      if (node.characters.low == node.characters.high) {
        state = live.Step(before, node.characters.low);
        alive = state != ScalarAutomaton::kDead;
      } else {
        const SpelledRange more = strings_.MoreOf(at);
        alive = (!node.characters.is_empty() &&
                 live.AnyStep(before, node.characters.low, node.characters.high)) ||
                (!more.is_empty() && live.AnyStep(before, more.low, more.high));
        state = before;
      }
    }
    if (!alive) {
      at += node.subtree;
      continue;
    }
    if (is_key && !reader.HasManyFreshKeys(thread.json, state)) {
      return false;
    }
    for (const int32_t token : strings_.Ends(at)) {
      Set(mask, token);
    }
    if (const auto exits = strings_.Exits(at); !exits.empty() && live.CanEnd(state)) {
      ExitGroup& group = GroupOf(live.automaton().Truth(state), state);
      group.exits.insert(group.exits.end(), exits.begin(), exits.end());
    }
    ++at;
  }
  return true;
}

// The threads behind the quote of a string that ends as the group's do.
ThreadSet StringMask::AfterQuote(const MatchThread& thread, const ExitGroup& group) {
  ThreadSet after;
  MatchThread leaving = thread;
  if (thread.json.mode == Mode::kKey) {
    // No token spells a key of this length, so no token makes it come twice.
    static const std::string fresh(Vocabulary::kTokenBytesMax + 1, 'x');
    if (move_.ReaderOf(thread).EndFreshKey(leaving.json, group.truth, fresh)) {
      after.push_back(leaving);
    }
    return after;
  }
  leaving.json.state = group.state;
  move_.Step({leaving}, '"', after);
  return after;
}

// Which rests may follow; into rest_allowed_ and rests_.
void StringMask::FindRests(const ThreadSet& after_quote) {
  const std::span<const RestNode> nodes = strings_.rests();
  rest_allowed_.assign(strings_.rest_count(), 0);
  rests_.clear();
  struct Level {
    ThreadSet threads = {};
    MatchStore::Mark mark = {};
  };
  std::vector<Level> levels(2);
  levels[0] = {after_quote, store_.mark()};
  const auto allow = [&](int32_t rest) {
    if (rest >= 0) {
      rest_allowed_[static_cast<size_t>(rest)] = 1;
      rests_.push_back(rest);
    }
  };
  allow(nodes[0].rest);
  for (uint32_t at = 1; at < nodes.size();) {
    const RestNode& node = nodes[at];
    const size_t level = node.depth - size_t{1};
    if (levels.size() < level + 2) {
      levels.resize(level + 2);
    }
    store_.Cut(levels[level].mark);
    if (!move_.Step(levels[level].threads, node.byte, levels[level + 1].threads)) {
      at += node.subtree;
      continue;
    }
    store_.json.text += static_cast<char>(node.byte);
    levels[level + 1].mark = store_.mark();
    allow(node.rest);
    ++at;
  }
  store_.Cut(levels[0].mark);
}

void StringMask::AddExits(const MatchThread& thread, const ExitGroup& group,
                          std::span<uint32_t> mask) {
  const MatchStore::Mark mark = store_.mark();
  const ThreadSet after = AfterQuote(thread, group);
  if (!after.empty()) {
    store_.json.text += '"';
    FindRests(after);
  }
  store_.Cut(mark);
  if (after.empty()) {
    return;
  }
  const bool is_key = thread.json.mode == Mode::kKey;
  const auto add = [&](const StringExit& exit) {
    // What comes behind the next key depends on what this one was.
    if (!is_key || !strings_.ReachesNextKey(exit.rest) || Allows(thread, exit.token)) {
      Set(mask, exit.token);
    }
  };
  for (const StringExit& exit : group.exits) {
    if (rest_allowed_[static_cast<size_t>(exit.rest)] != 0) {
      add(exit);
    }
  }
  for (const int32_t rest : group.characters.empty() ? std::vector<int32_t>() : rests_) {
    for (const StringExit& exit : strings_.ExitsBefore(rest)) {
      if (exit.characters < group.characters.size() && group.characters[exit.characters]) {
        add(exit);
      }
    }
  }
}

// Keys that have a name in the schema or came before are judged one by one: tokens that end them,
// and unless every text may come, tokens that lead to them.
void StringMask::CorrectKeys(const MatchThread& thread, bool any_text, std::span<uint32_t> mask) {
  JsonReader reader = move_.ReaderOf(thread);
  for (const std::string& rest : reader.RestsOfKnownKeys(thread.json)) {
    strings_.ForEachBeginning(CodePointsOf(rest), [&](uint32_t node, bool whole) {
      for (const int32_t token : any_text ? std::span<const int32_t>() : strings_.Ends(node)) {
        if (Allows(thread, token)) {
          Set(mask, token);
        }
      }
      for (const StringExit& exit : whole ? strings_.Exits(node) : std::span<const StringExit>()) {
        Allows(thread, exit.token) ? Set(mask, exit.token) : Clear(mask, exit.token);
      }
    });
  }
}

bool StringMask::Allows(const MatchThread& thread, int32_t token) {
  const MatchStore::Mark mark = store_.mark();
  ThreadSet now = {thread};
  ThreadSet next;
  bool alive = true;
  for (const char byte : vocabulary_.Text(base::TokenId{token})) {
    alive = move_.Step(now, static_cast<uint8_t>(byte), next);
    if (!alive) {
      break;
    }
    store_.json.text += byte;
    std::swap(now, next);
  }
  store_.Cut(mark);
  return alive;
}

}  // namespace millrace::grammar
