// Keys of objects: which may still come of what was read.
#include <algorithm>
#include <optional>

#include "base/utf8.h"
#include "grammar/json_reader.h"
#include "grammar/json_text.h"

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

bool JsonReader::UnnamedKeyIsLive(const JsonPlace& place, const Facts& facts,
                                  std::u32string_view last) {
  const std::optional<FreshKeys> fresh = FreshKeysAt(place);
  if (!fresh.has_value() || !fresh->live().IsLive(place.state)) {
    return false;
  }
  if (fresh->HasMany(place.state)) {
    return true;
  }
  // It matters how many of them are named or came before.
  const KeyLanguage& keys = language_.Keys(FrameOf(place).alternatives);
  const std::string last_bytes = Utf8Of(last);
  const std::string read =
      KeyReadSoFar(place, static_cast<size_t>(place.name_bytes) - last_bytes.size()) + last_bytes;
  const auto may_come = [&](std::string_view key) {
    return fresh->live().HasText(place.state, CodePointsOf(key.substr(read.size())));
  };
  size_t taken = 0;
  for (int32_t i = place.name_low; i < place.name_high; ++i) {
    taken += may_come(keys.names[static_cast<size_t>(i)].name) ? 1 : 0;
  }
  for (int32_t at = facts.last_key; at >= 0;) {
    const SeenKey& seen = store_.keys[static_cast<size_t>(at)];
    const bool counts = seen.name.starts_with(read) && !keys.IsNamed(seen.name);
    taken += counts && may_come(seen.name) ? 1 : 0;
    at = seen.previous;
  }
  return fresh->live().HasMoreTextsThan(place.state, taken);
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
  if (const std::optional<FreshKeys> fresh = FreshKeysAt(place); fresh.has_value()) {
    const auto view = fresh->live().Arcs(place.state);
    const std::vector<ScalarArc> arcs(view.begin(), view.end());
    for (const ScalarArc& arc : arcs) {
      const char32_t end = std::min(high, arc.high);
      const bool overlaps = std::max(low, arc.low) <= end;
      if (overlaps && fresh->HasMany(arc.next)) {
        return true;
      }
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
  const JsonFrame& frame = FrameOf(place);
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
    name = KeyReadSoFar(place, static_cast<size_t>(place.name_bytes));
    if (facts.HasKey(name)) {
      return false;
    }
    place.pending =
        language_.PendingOfKey(frame.alternatives, keys.automaton->Truth(place.state), name, facts);
  } else {
    return false;
  }
  return place.pending != kNone && TakeKey(place, std::move(name));
}

// Goes on behind the quote of a key whose value is pending.
bool JsonReader::TakeKey(JsonPlace& place, std::string name) {
  JsonFrame frame = FrameOf(place);
  frame.twins = TwinsWithKey(frame, name);
  store_.keys.push_back({.previous = frame.last_key, .name = std::move(name)});
  frame.last_key = static_cast<int32_t>(store_.keys.size()) - 1;
  place.frame = static_cast<int32_t>(store_.frames.size());
  store_.frames.push_back(frame);
  place.mode = Mode::kColon;
  return true;
}

// The characters of the key in `bytes` bytes of UTF-8, however they are spelled.
std::string JsonReader::KeyReadSoFar(const JsonPlace& place, size_t bytes) const {
  const std::string_view text = store_.text;
  return DecodeStringPrefix(
      text.substr(std::min(static_cast<size_t>(place.text_begin) + 1, text.size())), bytes);
}

std::optional<FreshKeys> JsonReader::FreshKeysAt(const JsonPlace& place) const {
  if (place.state == ScalarAutomaton::kDead) {
    return std::nullopt;
  }
  const JsonFrame& frame = FrameOf(place);
  LiveAutomaton* live = language_.KeysThatMayCome(frame.alternatives, FactsOf(frame));
  const size_t taken =
      language_.Keys(frame.alternatives).names.size() + static_cast<size_t>(frame.count);
  return live == nullptr ? std::nullopt : std::optional(FreshKeys(*live, taken));
}

bool JsonReader::EndFreshKey(JsonPlace& place, int32_t truth, const std::string& name) {
  const JsonFrame& frame = FrameOf(place);
  place.pending = language_.PendingOfKey(frame.alternatives, truth, name, FactsOf(frame));
  return place.pending != kNone && TakeKey(place, name);
}

std::vector<JsonReader::KnownKey> JsonReader::KnownKeys(const JsonPlace& place) const {
  const JsonFrame& frame = FrameOf(place);
  const KeyLanguage& keys = language_.Keys(frame.alternatives);
  const auto bytes = static_cast<size_t>(place.name_bytes);
  std::vector<KnownKey> known;
  for (int32_t i = place.name_low; i < place.name_high; ++i) {
    known.push_back({keys.names[static_cast<size_t>(i)].name.substr(bytes), i});
  }
  if (frame.last_key < 0) {
    return known;
  }
  const std::string read = KeyReadSoFar(place, bytes);
  for (int32_t at = frame.last_key; at >= 0;) {
    const SeenKey& seen = store_.keys[static_cast<size_t>(at)];
    if (seen.name.starts_with(read) && !keys.IsNamed(seen.name)) {
      known.push_back({seen.name.substr(bytes), kNone});
    }
    at = seen.previous;
  }
  return known;
}

bool JsonReader::EndKnownKey(JsonPlace& place, const KnownKey& key) {
  if (key.name_index == kNone) {
    return false;
  }
  const JsonFrame& frame = FrameOf(place);
  const auto index = static_cast<size_t>(key.name_index);
  place.pending = language_.PendingOfName(frame.alternatives, index, FactsOf(frame));
  return place.pending != kNone &&
         TakeKey(place, language_.Keys(frame.alternatives).names[index].name);
}

}  // namespace millrace::grammar
