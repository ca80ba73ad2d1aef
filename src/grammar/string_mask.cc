#include "grammar/string_mask.h"

#include "grammar/json_text.h"
#include "grammar/token_bits.h"

namespace millrace::grammar {
namespace {

using Mode = JsonPlace::Mode;

// Such a part of all nodes is worth a question about all of them first, and so many below one.
constexpr size_t kManyNodesPart = 12;
constexpr size_t kManyBelow = 64;
// And of so many characters.
constexpr size_t kSafeEnough = 2 * StringTokens::kMasksMax;

}  // namespace

bool StringMask::Fill(const MatchThread& thread, std::span<uint32_t> mask) {
  const JsonPlace& place = thread.json;
  const bool is_key = place.mode == Mode::kKey;
  if (!move_.IsJson(thread) || (!is_key && place.mode != Mode::kString) ||
      place.part != JsonPlace::Part::kBetween) {
    return false;
  }
  JsonReader reader = move_.ReaderOf(thread);
  const std::optional<FreshKeys> keys = is_key ? reader.FreshKeysAt(place) : std::nullopt;
  if (is_key && (!keys.has_value() || !keys->live().IsLive(place.state))) {
    return false;
  }
  Target target{
      .thread = thread, .live = is_key ? keys->live() : reader.Strings(place), .keys = keys};
  const size_t twins = reader.TwinCount(place);
  if (twins > 0 && !is_key) {
    target.values = FreshKeys(target.live, twins);
  }
  for (int32_t at = place.frame; at != kNone;) {
    const JsonFrame& frame = store_.json.frames[static_cast<size_t>(at)];
    bool& compared = at == place.frame && !is_key ? target.is_compared : target.is_inside_item;
    compared = compared || frame.text_read;
    if (frame.text_read && reader.AsksForEqualItems(frame)) {
      return false;  // no string can stand for the others
    }
    at = frame.parent;
  }
  // Twins are of one array only: of the string's own, or of one further out.
  if (target.is_compared && target.is_inside_item && twins > 0 &&
      !store_.json.frames[static_cast<size_t>(place.frame)].compares_late) {
    return false;
  }
  groups_.clear();
  own_groups_.clear();
  dropped_exits_.clear();
  few_texts_ = false;
  dropped_any_ = false;
  const Chain chain = FindChain(target);
  AddInside(chain.most(), mask);
  GroupExits(target.live, chain);
  WalkTokens(target, chain, mask);
  for (const ExitGroup& group : groups_) {
    AddExits(target, group, mask);
  }
  for (const int32_t token : dropped_exits_) {
    ClearToken(mask, token);
  }
  for (const ExitGroup& group : own_groups_) {
    AddExits(target, group, mask);
  }
  if (is_key) {
    CorrectKeys(thread, mask);
  }
  if (twins > 0) {
    CorrectTwins(thread, mask);
  }
  return true;
}

// The chain that the widest arcs make; its first state alone when too many tokens would leave it.
StringMask::Chain StringMask::FindChain(const Target& target) const {
  constexpr size_t kDeviationsMax = 20'000;
  const int32_t state = target.thread.json.state;
  const Chain none{.states = {state}, .is_bounded = true};
  Chain chain{.states = {state}};
  const int32_t first = target.live.UsualNext(state, chain.first);
  size_t at_once = 0;
  for (const CodePointRange& range : chain.first) {
    at_once += strings_.First(range.low, range.high).size();
  }
  if (first == ScalarAutomaton::kDead || at_once * 2 > strings_.First(0, kCodePointMax).size()) {
    return none;
  }
  chain.states.push_back(first);
  while (chain.states.size() <= strings_.characters_max()) {
    CodePointSet others;
    const int32_t next = target.live.UsualNext(chain.states.back(), others);
    if (next == ScalarAutomaton::kDead) {
      chain.is_bounded = true;
      break;
    }
    others.insert(others.end(), chain.later.begin(), chain.later.end());
    others = Normalize(std::move(others));
    if (others != chain.later) {
      chain.later = std::move(others);
      size_t later = 0;
      for (const CodePointRange& range : chain.later) {
        later += strings_.Later(range.low, range.high).size();
      }
      if (later > kDeviationsMax) {
        return none;
      }
    }
    if (next == chain.states.back()) {
      break;
    }
    chain.states.push_back(next);
  }
  return chain;
}

// Tokens of up to `most` characters that stay inside.
void StringMask::AddInside(size_t most, std::span<uint32_t> mask) const {
  const bool all = most >= strings_.characters_max();
  const std::span<const uint32_t> prepared =
      all ? strings_.Inside() : strings_.InsideUpTo(std::min(most, StringTokens::kMasksMax));
  std::copy(prepared.begin(), prepared.end(), mask.begin());
  for (size_t count = StringTokens::kMasksMax + 1; !all && count <= most; ++count) {
    SetTokens(mask, strings_.InsideWith(count));
  }
}

StringMask::ExitGroup& StringMask::GroupOf(std::vector<ExitGroup>& groups, int32_t truth,
                                           int32_t state) const {
  const auto at = std::find_if(groups.begin(), groups.end(),
                               [truth](const ExitGroup& group) { return group.truth == truth; });
  return at != groups.end() ? *at : groups.emplace_back(ExitGroup{.truth = truth, .state = state});
}

// From one character on; tokens that close the string at once are looked at by themselves.
void StringMask::GroupExits(LiveAutomaton& live, const Chain& chain) {
  for (size_t count = 1; count <= strings_.characters_max() && chain.Reaches(count); ++count) {
    const int32_t state = chain.After(count);
    if (live.CanEnd(state)) {
      ExitGroup& group = GroupOf(groups_, live.automaton().Truth(state), state);
      group.characters.resize(count + 1, false);
      group.characters[count] = true;
    }
  }
}

// Takes tokens back that the chain allowed.
void StringMask::Drop(const StringTokens::Range& range, std::span<uint32_t> mask) {
  dropped_any_ = true;
  for (const int32_t token : range.ends) {
    ClearToken(mask, token);
  }
  for (const StringExit& exit : range.exits) {
    dropped_exits_.push_back(exit.token);
  }
}

// Follows the tokens that leave the chain.
void StringMask::WalkTokens(const Target& target, const Chain& chain, std::span<uint32_t> mask) {
  const int32_t state = target.thread.json.state;
  TakeExits(target.live, state, strings_.Exits(0), false);
  const FreshKeys* const fresh = target.fresh();
  for (size_t i = 1; fresh != nullptr && i < chain.states.size(); ++i) {
    few_texts_ = few_texts_ || !fresh->HasMany(chain.states[i]);
  }
  states_.assign(strings_.characters_max() + 1, state);
  steps_.assign(states_.size(), nullptr);
  FindDeviations(chain, target.live);
  size_t below = 0;
  uint32_t counted = 0;  // the nodes in front of it
  for (const uint32_t node : deviations_) {
    const uint32_t end = node + strings_.nodes()[node].subtree;
    below += end > counted ? end - std::max(node, counted) : 0;
    counted = std::max(counted, end);
  }
  if ((!chain.exists() || below > strings_.nodes().size() / kManyNodesPart) &&
      TryWithoutChain(target, mask)) {
    return;
  }
  WalkDeviations(target, chain, 1, static_cast<uint32_t>(strings_.nodes().size()), mask);
  any_text_ = chain.exists() && !chain.is_bounded && !dropped_any_ && !few_texts_;
}

// Without a chain: all nodes of first characters that may come.
void StringMask::FindDeviations(const Chain& chain, LiveAutomaton& live) {
  deviations_.clear();
  const auto add = [this](std::span<const StringTokens::Placed> nodes) {
    for (const auto& [c, node] : nodes) {
      deviations_.push_back(node);
    }
  };
  if (!chain.exists()) {
    for (const ScalarArc& arc : live.Arcs(chain.states[0])) {
      add(strings_.First(arc.low, arc.high));
    }
  }
  for (const CodePointRange& range : chain.first) {
    add(strings_.First(range.low, range.high));
  }
  for (const CodePointRange& range : chain.later) {
    add(strings_.Later(range.low, range.high));
  }
  const auto first_parts = strings_.first_parts();
  if (!chain.exists() || !chain.first.empty()) {
    deviations_.insert(deviations_.end(), first_parts.begin(), first_parts.end());
  }
  if (!chain.later.empty()) {
    const auto later_parts = strings_.later_parts();
    deviations_.insert(deviations_.end(), later_parts.begin(), later_parts.end());
  }
  std::sort(deviations_.begin(), deviations_.end());
}

// Deviations among the nodes begin..end, whose parents are on the chain or below such a node.
void StringMask::WalkDeviations(const Target& target, const Chain& chain, uint32_t begin,
                                uint32_t end, std::span<uint32_t> mask) {
  auto at = std::lower_bound(deviations_.begin(), deviations_.end(), begin);
  while (at != deviations_.end() && *at < end) {
    WalkBelow(target, chain, *at, mask);
    at = std::lower_bound(at, deviations_.end(), *at + strings_.nodes()[*at].subtree);
  }
}

// How many characters may come in `state` whichever they are, where `rest` matter; nullopt when too
// few of them for that to be of use.
std::optional<size_t> StringMask::SafeLength(const Target& target, int32_t state, size_t rest) {
  // Where texts are counted, behind all of them must be many.
  const bool counts = target.fresh() != nullptr;
  const size_t safe = target.live.SafeLength(state, counts ? rest : std::min(rest, kSafeEnough));
  const size_t wanted = counts ? rest : std::min(rest, StringTokens::kMasksMax);
  return safe >= wanted ? std::optional(safe) : std::nullopt;
}

// Where any characters may come for long enough, only tokens that close the string and very long
// ones need a look.
bool StringMask::TryWithoutChain(const Target& target, std::span<uint32_t> mask) {
  const auto safe =
      SafeLength(target, target.thread.json.state, strings_.characters_max() + size_t{1});
  if (!safe.has_value()) {
    return false;
  }
  any_text_ = true;
  groups_.clear();
  AddInside(*safe, mask);
  WalkWays(target.live, strings_.Ways(1, static_cast<uint32_t>(strings_.nodes().size())), *safe,
           false, mask);
  return true;
}

// The same at and below `top`, which is in `state`.
bool StringMask::TryAllBelow(const Target& target, uint32_t top, int32_t state, bool has_chain,
                             std::span<uint32_t> mask) {
  const StringNode* const nodes = strings_.nodes().data();
  const size_t rest = nodes[top].most + size_t{1} - nodes[top].depth;
  const auto safe = SafeLength(target, state, rest);
  if (!safe.has_value()) {
    return false;
  }
  const size_t most = *safe < rest ? nodes[top].depth + *safe : SIZE_MAX;
  const uint32_t end = top + nodes[top].subtree;
  for (uint32_t at = top; at < end; ++at) {
    if (nodes[at].token >= 0 && nodes[at].depth <= most) {
      SetTokens(mask, strings_.Ends(at));
    }
  }
  WalkWays(target.live, strings_.Ways(top, end), most, has_chain, mask);
  return true;
}

// Tokens that end on `ways` with more than `safe` characters, and those that close the string.
void StringMask::WalkWays(LiveAutomaton& live, std::span<const uint32_t> ways, size_t safe,
                          bool has_chain, std::span<uint32_t> mask) {
  uint32_t dead_until = 0;
  for (const uint32_t at : ways) {
    const StringNode& node = strings_.nodes()[at];
    if (at < dead_until || (!node.leads_out && node.most <= safe)) {
      continue;
    }
    const int32_t state = StepTo(live, at);
    if (state == ScalarAutomaton::kDead) {
      dead_until = at + node.subtree;
      if (has_chain) {
        Drop(strings_.Below(at), mask);
      }
      continue;
    }
    states_[node.depth] = state;
    steps_[node.depth] = nullptr;
    if (node.token >= 0 && node.depth > safe) {
      SetTokens(mask, strings_.Ends(at));
    }
    if (node.has_exits) {
      TakeExits(live, state, strings_.Exits(at), has_chain);
    }
  }
}

// The state behind a node; where a token ends inside of a character, any but kDead.
int32_t StringMask::StepTo(LiveAutomaton& live, uint32_t node) const {
  const StringNode& what = strings_.nodes()[node];
  const SpelledRange& range = what.characters;
  const int32_t before = states_[what.depth - size_t{1}];
  if (range.low == range.high) {
    return live.Step(before, range.low);
  }
  const SpelledRange more = strings_.MoreOf(node);
  const bool alive = (!range.is_empty() && live.AnyStep(before, range.low, range.high)) ||
                     (!more.is_empty() && live.AnyStep(before, more.low, more.high));
  return alive ? before : ScalarAutomaton::kDead;
}

// Goes below a node of `depth` characters, which is in `state`.
void StringMask::Enter(LiveAutomaton& live, size_t depth, int32_t state) {
  const bool same = depth > 0 && states_[depth - 1] == state && steps_[depth - 1] != nullptr;
  states_[depth] = state;
  steps_[depth] = same ? steps_[depth - 1] : live.AsciiSteps(state);
}

// The tokens at and below `top`, whose parent is on the chain.
void StringMask::WalkBelow(const Target& target, const Chain& chain, uint32_t top,
                           std::span<uint32_t> mask) {
  const StringNode* const nodes = strings_.nodes().data();
  LiveAutomaton& live = target.live;
  const FreshKeys* const fresh = target.fresh();
  const bool has_chain = chain.exists();
  const uint32_t end = top + nodes[top].subtree;
  int32_t judged = ScalarAutomaton::kDead;  // the last state that keys were found to be left from
  Enter(live, nodes[top].depth - size_t{1}, chain.After(nodes[top].depth - size_t{1}));
  for (uint32_t at = top; at < end;) {
    const StringNode& node = nodes[at];
    const char32_t c = node.characters.low;
    const bool is_ascii = c == node.characters.high && c < 128;
    const int32_t state = is_ascii ? steps_[node.depth - size_t{1}][c] : StepTo(live, at);
    if (state == ScalarAutomaton::kDead) {
      if (has_chain) {
        Drop(strings_.Below(at), mask);
      }
      at += node.subtree;
      continue;
    }
    if (has_chain && chain.Reaches(node.depth) && chain.After(node.depth) == state) {
      WalkDeviations(target, chain, at + 1, at + node.subtree, mask);
      at += node.subtree;
      continue;
    }
    if (node.subtree > kManyBelow && TryAllBelow(target, at, state, has_chain, mask)) {
      at += node.subtree;
      continue;
    }
    if (fresh != nullptr && state != judged) {
      few_texts_ = few_texts_ || !fresh->HasMany(state);
      judged = state;
    }
    if (node.subtree > 1) {
      Enter(live, node.depth, state);
    }
    if (node.token >= 0) {
      SetToken(mask, node.token);
      SetTokens(mask, node.has_others ? strings_.Ends(at) : std::span<const int32_t>());
    }
    if (node.has_exits) {
      TakeExits(live, state, strings_.Exits(at), has_chain);
    }
    ++at;
  }
}

// Tokens that close the string in `state`, which the chain judged otherwise or not at all.
void StringMask::TakeExits(LiveAutomaton& live, int32_t state, std::span<const StringExit> exits,
                           bool has_chain) {
  for (const StringExit& exit : has_chain ? exits : std::span<const StringExit>()) {
    dropped_exits_.push_back(exit.token);
  }
  if (live.CanEnd(state)) {
    ExitGroup& group = GroupOf(own_groups_, live.automaton().Truth(state), state);
    group.exits.insert(group.exits.end(), exits.begin(), exits.end());
  }
}

// The threads behind the quote of a string that ends as the group's do. Leaves the quote, and what
// stands for an item that is like no other, in the store's text.
ThreadSet StringMask::AfterQuote(const Target& target, const ExitGroup& group) {
  ThreadSet after;
  MatchThread leaving = target.thread;
  if (target.is_inside_item || target.is_compared) {
    store_.json.text += strings_.unspelled();  // so that the item around it is like no other
  }
  if (target.keys.has_value()) {
    // No token spells a key of this length, so no token makes it come twice.
    static const std::string fresh(Vocabulary::kTokenBytesMax + 1, 'x');
    if (move_.ReaderOf(leaving).EndFreshKey(leaving.json, group.truth, fresh)) {
      after.push_back(leaving);
    }
  } else {
    leaving.json.state = group.state;
    move_.Step({leaving}, '"', after);
  }
  store_.json.text += '"';
  return after;
}

// Rests after which it matters what the string was: a token before one is judged by itself.
uint8_t StringMask::DoubtfulRests(const Target& target, const ThreadSet& after_quote) {
  uint8_t doubtful = target.is_inside_item ? uint8_t{StringTokens::kCloses} : uint8_t{0};
  if (target.keys.has_value()) {
    return doubtful | StringTokens::kHasComma;
  }
  if (target.is_compared) {
    doubtful |= StringTokens::kBeginsString;
    if (move_.ReaderOf(target.thread).MayMissItsPlace(target.thread.json)) {
      return StringTokens::kAny;
    }
    // Where few strings may come next, it is a question whether this one was the last of them.
    ThreadSet next;
    const MatchStore::Mark mark = store_.mark();
    if (move_.Step(after_quote, ',', next) &&
        !std::all_of(next.begin(), next.end(), [this](const MatchThread& thread) {
          return !move_.IsJson(thread) || thread.json.mode != Mode::kValue ||
                 move_.ReaderOf(thread).HasStringsToSpare(thread.json);
        })) {
      doubtful |= StringTokens::kHasComma;
    }
    store_.Cut(mark);
  }
  return doubtful;
}

// Which rests may follow; into rest_allowed_ and rests_.
void StringMask::FindRests(const ThreadSet& after_quote) {
  rest_allowed_.assign(strings_.rest_count(), 0);
  rests_.clear();
  move_.WalkTree(strings_.rests(), after_quote, [this](int32_t rest) {
    rest_allowed_[static_cast<size_t>(rest)] = 1;
    rests_.push_back(rest);
  });
}

void StringMask::AddExits(const Target& target, const ExitGroup& group, std::span<uint32_t> mask) {
  const MatchStore::Mark mark = store_.mark();
  const ThreadSet after = AfterQuote(target, group);
  uint8_t doubtful = 0;
  if (!after.empty()) {
    doubtful = DoubtfulRests(target, after);
    FindRests(after);
  }
  store_.Cut(mark);
  if (after.empty()) {
    return;
  }
  const auto add = [&](const StringExit& exit) {
    if ((strings_.TraitsOf(exit.rest) & doubtful) == 0 || Allows(target.thread, exit.token)) {
      SetToken(mask, exit.token);
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
// and unless every text may come, whatever else came, tokens that lead to them.
void StringMask::CorrectKeys(const MatchThread& thread, std::span<uint32_t> mask) {
  JsonReader reader = move_.ReaderOf(thread);
  for (const JsonReader::KnownKey& key : reader.KnownKeys(thread.json)) {
    strings_.ForEachBeginning(CodePointsOf(key.rest), !any_text_, [&](uint32_t node, bool whole) {
      for (const int32_t token : any_text_ ? std::span<const int32_t>() : strings_.Ends(node)) {
        SetTokenTo(Allows(thread, token), mask, token);
      }
      if (whole && strings_.nodes()[node].has_exits) {
        CorrectExits(thread, key, strings_.Exits(node), mask);
      }
    });
  }
}

// Tokens that end the key `key`.
void StringMask::CorrectExits(const MatchThread& thread, const JsonReader::KnownKey& key,
                              std::span<const StringExit> exits, std::span<uint32_t> mask) {
  if (move_.ReaderOf(thread).TwinCount(thread.json) > 0) {
    Judge(thread, exits, mask);
    return;
  }
  const MatchStore::Mark mark = store_.mark();
  MatchThread after = thread;
  const bool may_come = move_.ReaderOf(thread).EndKnownKey(after.json, key);
  store_.json.text += '"';
  for (const StringExit& exit : exits) {
    const std::string_view text = vocabulary_.Text(base::TokenId{exit.token});
    const std::string_view rest = text.substr(text.size() - strings_.RestSize(exit.rest));
    SetTokenTo(may_come && Allows({after}, rest), mask, exit.token);
  }
  store_.Cut(mark);
}

bool StringMask::Allows(ThreadSet threads, std::string_view text) {
  const MatchStore::Mark mark = store_.mark();
  const bool alive = move_.Read(text, threads);
  store_.Cut(mark);
  return alive;
}

bool StringMask::Allows(const MatchThread& thread, int32_t token) {
  return Allows({thread}, vocabulary_.Text(base::TokenId{token}));
}

}  // namespace millrace::grammar
