// What texts may follow a state of a live automaton.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_set>
#include <utility>

#include "grammar/scalar_automaton.h"

namespace millrace::grammar {

// Whether every character leads to a live state.
bool LiveAutomaton::TakesAll(int32_t state) {
  char32_t from = 0;
  for (const ScalarArc& arc : Arcs(state)) {
    if (arc.low != from) {
      return false;
    }
    from = arc.high + 1 == 0xD800 ? 0xE000 : arc.high + 1;
  }
  return from == kCodePointMax + 1;
}

// Level by level: while all states so far take every character, one more is safe. What is found out
// of the states on the way stays, and the search goes on far enough to be of use to the next ones.
size_t LiveAutomaton::SafeLength(int32_t state, size_t enough) {
  constexpr size_t kStatesMax = 500;
  constexpr size_t kAhead = 64;
  struct Visit {
    int32_t state;
    size_t before;  // characters
    size_t from;
  };
  if (const Known& known = Of(safe_, state); known.is_all || known.least >= enough) {
    return known.least;
  }
  std::vector<Visit> queue = {{state, 0, 0}};
  std::unordered_set<int32_t> seen = {state};
  size_t limit = enough + kAhead;
  std::optional<size_t> limited_by;
  size_t i = 0;
  for (; i < queue.size() && queue[i].before < limit; ++i) {
    const auto [at, before, from] = queue[i];
    const Known known = Of(safe_, at);
    if (!known.is_all && (queue.size() > kStatesMax || !TakesAll(at))) {
      limit = before;
      limited_by = i;
    } else if (!known.is_all) {
      for (const ScalarArc& arc : Arcs(at)) {
        if (seen.insert(arc.next).second) {
          queue.push_back({arc.next, before + 1, i});
        }
      }
    } else if (known.least < limit - before) {
      limit = before + known.least;
      limited_by = i;
    }
  }
  const bool is_forever = i == queue.size() && !limited_by.has_value();
  for (const Visit& visit : queue) {
    Known& safe = Of(safe_, visit.state);
    safe.is_all = safe.is_all || is_forever;
    safe.least =
        is_forever ? SIZE_MAX : std::max(safe.least, limit - std::min(limit, visit.before));
  }
  for (size_t back = limited_by.value_or(0); limited_by.has_value(); back = queue[back].from) {
    Of(safe_, queue[back].state).is_all = true;
    if (back == 0) {
      break;
    }
  }
  return Of(safe_, state).least;
}

bool LiveAutomaton::HasMoreTextsThan(int32_t state, size_t count) {
  if (const Known& known = Of(texts_, state); known.is_all || known.least > count) {
    return known.least > count;
  }
  const size_t enough = (count * 2) + 64;  // the next question asks for more
  const size_t found = CountTexts(state, enough);
  Of(texts_, state) = {.least = found, .is_all = found <= enough};
  return found > count;
}

// How many there are, if not more than `count_max`; else any number that is greater.
size_t LiveAutomaton::CountTexts(int32_t state, size_t count_max) {
  std::vector<std::pair<int32_t, size_t>> front;  // states, and the prefixes that lead there
  if (IsLive(state)) {
    front.emplace_back(state, 1);
  }
  size_t ended = 0;
  while (!front.empty()) {
    std::vector<std::pair<int32_t, size_t>> next;
    size_t prefixes = 0;
    for (const auto& [at, ways] : front) {
      ended += CanEnd(at) ? ways : 0;
      for (const ScalarArc& arc : Arcs(at)) {
        const size_t more = std::min(ways, count_max + 1) * (arc.high - arc.low + size_t{1});
        prefixes += more;
        const auto same = std::find_if(next.begin(), next.end(),
                                       [&](const auto& one) { return one.first == arc.next; });
        same != next.end() ? static_cast<void>(same->second += more)
                           : static_cast<void>(next.emplace_back(arc.next, more));
      }
    }
    // Every live prefix has at least one text of its own.
    if (ended + prefixes > count_max) {
      return ended + prefixes;
    }
    front = std::move(next);
  }
  return ended;
}

bool LiveAutomaton::HasText(int32_t state, std::u32string_view text) {
  for (size_t i = 0; i < text.size() && state != ScalarAutomaton::kDead; ++i) {
    state = Step(state, text[i]);
  }
  return state != ScalarAutomaton::kDead && CanEnd(state);
}

std::optional<std::vector<std::u32string>> LiveAutomaton::Texts(int32_t state, size_t count_max) {
  struct Prefix {
    int32_t state;
    std::u32string text;
  };
  std::vector<std::u32string> found;
  std::vector<Prefix> front;
  if (IsLive(state)) {
    front.push_back({state, {}});
  }
  while (!front.empty()) {
    std::vector<Prefix> next;
    for (const Prefix& prefix : front) {
      if (CanEnd(prefix.state)) {
        found.push_back(prefix.text);
      }
      const auto view = Arcs(prefix.state);
      const std::vector<ScalarArc> arcs(view.begin(), view.end());
      for (const ScalarArc& arc : arcs) {
        for (char32_t c = arc.low; c <= arc.high && next.size() + found.size() <= count_max; ++c) {
          next.push_back({arc.next, prefix.text + c});
        }
      }
    }
    // Every live prefix has at least one text of its own.
    if (next.size() + found.size() > count_max) {
      return std::nullopt;
    }
    front = std::move(next);
  }
  return found;
}

std::vector<std::u32string> LiveAutomaton::SomeTexts(int32_t state, size_t count) {
  if (some_.state != state || some_.asked < count) {
    // The next question asks for more.
    const size_t asked = some_.state == state ? std::max(count, 2 * some_.asked) : count;
    some_ = {.state = state, .asked = asked, .texts = FindSomeTexts(state, asked)};
  }
  const auto end =
      some_.texts.begin() + static_cast<std::ptrdiff_t>(std::min(count, some_.texts.size()));
  return {some_.texts.begin(), end};
}

std::vector<std::u32string> LiveAutomaton::FindSomeTexts(int32_t state, size_t count) {
  struct Prefix {
    int32_t state;
    std::u32string text;
  };
  constexpr size_t kVisitsMax = 20'000;
  std::vector<std::u32string> found;
  std::vector<Prefix> queue;
  if (IsLive(state)) {
    queue.push_back({state, {}});
  }
  for (size_t i = 0; i < queue.size() && found.size() < count; ++i) {
    if (CanEnd(queue[i].state)) {
      found.push_back(queue[i].text);
    }
    const auto arcs = Arcs(queue[i].state);
    for (const ScalarArc& arc : arcs) {
      for (char32_t c = arc.low; c <= arc.high && c < arc.low + count; ++c) {
        if (queue.size() < kVisitsMax) {
          queue.push_back({arc.next, queue[i].text + c});
        }
      }
    }
  }
  automaton_.Spend(4 * queue.size());
  return found;
}

}  // namespace millrace::grammar
