// Keys of objects: which may still come of what was read.
#include <algorithm>
#include <optional>

#include "base/utf8.h"
#include "grammar/json_reader.h"

namespace millrace::grammar {

using Mode = JsonPlace::Mode;
using Part = JsonPlace::Part;

bool JsonReader::BeginKey(JsonPlace& place) {
  const JsonFrame& frame = FrameOf(place);
  KeyLanguage& keys = language_.Keys(frame.alternatives);
  place.mode = Mode::kKey;
  place.part = Part::kBetween;
  place.text_begin = static_cast<int32_t>(store_.text.size());
  place.name_low = 0;
  place.name_high = static_cast<int32_t>(keys.names.size());
  place.name_bytes = 0;
  place.state = keys.live->IsLive(ScalarAutomaton::kInitial) ? ScalarAutomaton::kInitial
                                                             : ScalarAutomaton::kDead;
  return KeyIsLive(place, {});
}

// Whether some key can still come of what was read. `last` is the character that the text lacks
// yet.
bool JsonReader::KeyIsLive(const JsonPlace& place, std::u32string_view last) {
  const JsonFrame& frame = FrameOf(place);
  const Facts facts = FactsOf(frame);
  if (place.state != ScalarAutomaton::kDead && UnnamedKeyIsLive(place, facts, last)) {
    return true;
  }
  for (int32_t i = place.name_low; i < place.name_high; ++i) {
    if (language_.PendingOfName(frame.alternatives, static_cast<size_t>(i), facts) != kNone) {
      return true;
    }
  }
  return false;
}

// Whether an unnamed key that begins as the one at `place` may come, as far as its state says; with
// `last`, the character that the text lacks yet, whether there is such a key that the object has
// not had.
bool JsonReader::UnnamedKeyIsLive(const JsonPlace& place, const Facts& facts,
                                  std::optional<std::u32string_view> last) {
  const AlternativesId alternatives = FrameOf(place).alternatives;
  KeyLanguage& keys = language_.Keys(alternatives);
  static const std::string probe = "\x01";  // stands for the key that is to come
  const auto is_possible = [&](int32_t truth) {
    return language_.PendingOfKey(alternatives, truth, probe, facts) != kNone;
  };
  if (keys.conditions.empty()) {
    return is_possible(keys.automaton->Truth(place.state));
  }
  // A kind of key counts only when the object can still be completed after one.
  bool all_possible = true;
  for (size_t truth = 0; truth < keys.generic.size(); ++truth) {
    if (keys.generic[truth] >= 0) {
      all_possible = all_possible && is_possible(static_cast<int32_t>(truth));
    }
  }
  std::optional<LiveAutomaton> narrowed;
  if (!all_possible) {
    narrowed.emplace(*keys.automaton, is_possible);
  }
  LiveAutomaton& live = narrowed.has_value() ? *narrowed : *keys.live;
  if (!live.IsLive(place.state) || !last.has_value()) {
    return live.IsLive(place.state);
  }
  if (all_possible && keys.HasManyKeys(place.state)) {
    return true;
  }
  const size_t taken = keys.names.size() + static_cast<size_t>(facts.count);
  const auto texts = live.Texts(place.state, std::max(taken, KeyLanguage::kManyKeys));
  if (!texts.has_value()) {
    if (all_possible && taken <= KeyLanguage::kManyKeys) {
      keys.SetManyKeys(place.state);
    }
    return true;
  }
  const std::string read = DecodedKey(place, *last);
  return std::any_of(texts->begin(), texts->end(), [&](const std::u32string& rest) {
    const std::string key = read + Utf8Of(rest);
    return !facts.HasKey(key) && !keys.IsNamed(key);
  });
}

// The key as far as it is read, with `last`, the character that the text lacks yet.
std::string JsonReader::DecodedKey(const JsonPlace& place, std::u32string_view last) const {
  const std::string_view text = store_.text;
  const auto begin = std::min(static_cast<size_t>(place.text_begin) + 1, text.size());
  const std::string end = Utf8Of(last);
  return DecodeStringPrefix(text.substr(begin),
                            static_cast<size_t>(place.name_bytes) - end.size()) +
         end;
}

// Moves past one character of a key; says whether some key is left.
bool JsonReader::TakeKeyCharacter(JsonPlace& place, char32_t c) {
  KeyLanguage& keys = language_.Keys(FrameOf(place).alternatives);
  std::string bytes;
  base::AppendUtf8(c, bytes);
  for (const char byte : bytes) {
    const auto at = static_cast<size_t>(place.name_bytes++);
    const auto begin = keys.names.begin() + place.name_low;
    const auto end = keys.names.begin() + place.name_high;
    const auto byte_of = [at](const KeyLanguage::Named& named) {
      return at < named.name.size() ? static_cast<int>(static_cast<uint8_t>(named.name[at])) : -1;
    };
    const int wanted = static_cast<uint8_t>(byte);
    const auto low = std::partition_point(
        begin, end, [&](const KeyLanguage::Named& named) { return byte_of(named) < wanted; });
    const auto high = std::partition_point(
        low, end, [&](const KeyLanguage::Named& named) { return byte_of(named) == wanted; });
    place.name_low = static_cast<int32_t>(low - keys.names.begin());
    place.name_high = static_cast<int32_t>(high - keys.names.begin());
  }
  if (place.state != ScalarAutomaton::kDead) {
    place.state = keys.live->Step(place.state, c);
  }
  return KeyIsLive(place, std::u32string_view(&c, 1));
}

// Whether a key can still come when its next character is one of low..high.
bool JsonReader::AnyKeyCharacter(const JsonPlace& place, char32_t low, char32_t high) {
  const JsonFrame& frame = FrameOf(place);
  KeyLanguage& keys = language_.Keys(frame.alternatives);
  const Facts facts = FactsOf(frame);
  if (place.state != ScalarAutomaton::kDead) {
    const auto live = keys.live->Arcs(place.state);
    const std::vector<ScalarArc> arcs(live.begin(), live.end());
    for (const ScalarArc& arc : arcs) {
      const char32_t end = std::min(high, arc.high);
      JsonPlace after = place;
      after.state = arc.next;
      if (arc.low > high || end < low || !UnnamedKeyIsLive(after, facts, std::nullopt)) {
        continue;
      }
      // Different characters make different keys, so soon one is found that is not taken.
      for (char32_t c = std::max(low, arc.low); c <= end; ++c) {
        JsonPlace next = place;
        if (TakeKeyCharacter(next, c)) {
          return true;
        }
      }
    }
  }
  for (int32_t i = place.name_low; i < place.name_high; ++i) {
    const std::string_view name = keys.names[static_cast<size_t>(i)].name;
    const base::Utf8Char c = base::DecodeUtf8(name.substr(static_cast<size_t>(place.name_bytes)));
    if (c.length > 0 && c.code_point >= low && c.code_point <= high &&
        language_.PendingOfName(frame.alternatives, static_cast<size_t>(i), facts) != kNone) {
      return true;
    }
  }
  return false;
}

bool JsonReader::EndKey(JsonPlace& place) {
  JsonFrame frame = FrameOf(place);
  const Facts facts = FactsOf(frame);
  KeyLanguage& keys = language_.Keys(frame.alternatives);
  std::string name;
  const bool named = place.name_low < place.name_high &&
                     keys.names[static_cast<size_t>(place.name_low)].name.size() ==
                         static_cast<size_t>(place.name_bytes);
  if (named) {
    name = keys.names[static_cast<size_t>(place.name_low)].name;
    place.pending =
        language_.PendingOfName(frame.alternatives, static_cast<size_t>(place.name_low), facts);
  } else if (place.state != ScalarAutomaton::kDead) {
    name = DecodeStringPrefix(
        std::string_view(store_.text).substr(static_cast<size_t>(place.text_begin) + 1),
        static_cast<size_t>(place.name_bytes));
    if (facts.HasKey(name)) {
      return false;
    }
    place.pending =
        language_.PendingOfKey(frame.alternatives, keys.automaton->Truth(place.state), name, facts);
  } else {
    return false;
  }
  if (place.pending == kNone) {
    return false;
  }
  store_.keys.push_back({.previous = frame.last_key, .name = std::move(name)});
  frame.last_key = static_cast<int32_t>(store_.keys.size()) - 1;
  place.frame = static_cast<int32_t>(store_.frames.size());
  store_.frames.push_back(frame);
  place.mode = Mode::kColon;
  return true;
}

}  // namespace millrace::grammar
