// Items that must differ from earlier ones. Where there are many values to choose from, an item is
// read as if there were none before, and compared with them entry by entry: those that agree with
// all that was read are its twins. As long as there is a way to go on that no twin has, nothing
// else is asked. Where that is not plain to see, what was read of the item is read again under a
// formula that excludes the twins, which decides exactly.
#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "grammar/json_reader.h"

namespace millrace::grammar {

using Mode = JsonPlace::Mode;
using Part = JsonPlace::Part;

namespace {

constexpr size_t kDepthMax = 100'000;

}  // namespace

// Adds the last item to those that later ones are compared with. This takes memory for every new
// item, so it waits until there is a next one.
bool JsonReader::RememberItem(JsonFrame& frame) const {
  if (frame.item_begin == kNone) {
    return true;
  }
  const std::string_view text = store_.text;
  const auto begin = static_cast<size_t>(frame.item_begin);
  base::Result<JsonNode> value =
      ParseJson(text.substr(begin, static_cast<size_t>(frame.item_end) - begin), kDepthMax);
  if (!value.has_value()) {
    return false;
  }
  frame.seen = store_.items.Add(frame.seen, *std::move(value));
  frame.item_begin = kNone;
  frame.item_end = kNone;
  return true;
}

// The formula of any of an array's items up to `last`.
FormulaId JsonReader::AnySeen(int32_t last) {
  std::vector<int32_t> missing;
  FormulaId any = kFalse;
  for (; last != kNone && any == kFalse; last = store_.items.previous(last)) {
    any = store_.items.any(last);
    if (any == kFalse) {
      missing.push_back(last);
    }
  }
  for (auto item = missing.rbegin(); item != missing.rend(); ++item) {
    any = language_.algebra().Or({any, language_.Constant(store_.items.value(*item))});
    store_.items.set_any(*item, any);
  }
  return any;
}

// What the next item of `frame` may be, and how it is compared.
PendingId JsonReader::BeginItem(JsonFrame& frame) {
  Facts facts = FactsOf(frame);
  frame.compares_late = false;
  if (frame.seen == kNone) {
    return language_.PendingOfItem(frame.alternatives, facts);
  }
  // Of containers inside of each other that are, one is compared late.
  if (frame.twins == kNone) {
    if (const auto pending = language_.PendingOfAnyItem(frame.alternatives, facts)) {
      frame.compares_late = true;
      return *pending;
    }
  }
  facts.seen_items = AnySeen(frame.seen);
  return language_.PendingOfItem(frame.alternatives, facts);
}

size_t JsonReader::TwinCount(const JsonPlace& place) const {
  if (place.frame == kNone) {
    return 0;
  }
  const JsonFrame& frame = FrameOf(place);
  if (frame.twins >= 0) {
    return store_.twins[static_cast<size_t>(frame.twins)]->size();
  }
  if (frame.twins == JsonFrame::kAllItems) {
    const JsonFrame& around = store_.frames[static_cast<size_t>(frame.parent)];
    return store_.items.CountOf(around.seen);
  }
  const bool is_item = frame.compares_late && place.mode != Mode::kAfterItem;
  return is_item ? store_.items.CountOf(frame.seen) : 0;
}

// The twins of the container that `frame` reads.
std::vector<Twin> JsonReader::TwinsOf(const JsonFrame& frame) const {
  if (frame.twins != JsonFrame::kAllItems) {
    return frame.twins == kNone ? std::vector<Twin>()
                                : *store_.twins[static_cast<size_t>(frame.twins)];
  }
  std::vector<Twin> all;
  const JsonFrame& around = store_.frames[static_cast<size_t>(frame.parent)];
  for (int32_t item = around.seen; item != kNone; item = store_.items.previous(item)) {
    all.push_back({&store_.items.value(item), item});
  }
  return all;
}

int32_t JsonReader::AddTwins(TwinList twins) const {
  if (twins->empty()) {
    return kNone;
  }
  store_.twin_count += twins->size();
  store_.twins.push_back(std::move(twins));
  return static_cast<int32_t>(store_.twins.size()) - 1;
}

// What `value` has where `frame` reads an entry; null when it has none.
const JsonNode* JsonReader::PartOf(const JsonFrame& frame, const JsonNode& value) const {
  if (frame.type == kObject) {
    return value.Find(store_.keys[static_cast<size_t>(frame.last_key)].name);
  }
  const auto index = static_cast<size_t>(frame.count);
  return index < value.items.size() ? &value.items[index] : nullptr;
}

// The twins of a container that begins at `place`.
int32_t JsonReader::TwinsInside(const JsonPlace& place) const {
  if (TwinCount(place) == 0) {
    return kNone;
  }
  const JsonFrame& frame = FrameOf(place);
  if (frame.compares_late) {
    return JsonFrame::kAllItems;
  }
  std::vector<Twin> parts;
  for (const Twin& twin : TwinsOf(frame)) {
    if (const JsonNode* part = PartOf(frame, *twin.value); part != nullptr) {
      parts.push_back({part, twin.item});
    }
  }
  return AddTwins(std::make_shared<const std::vector<Twin>>(std::move(parts)));
}

// Whether a container, which may end now, is none that an earlier item has in its place.
bool JsonReader::DiffersAtEnd(const JsonFrame& closed) const {
  if (closed.twins < 0) {
    return closed.twins == kNone;
  }
  const std::vector<Twin>& twins = *store_.twins[static_cast<size_t>(closed.twins)];
  return std::none_of(twins.begin(), twins.end(), [&](const Twin& twin) {
    return twin.value->is_object() == (closed.type == kObject) &&
           twin.value->members.size() + twin.value->items.size() ==
               static_cast<size_t>(closed.count);
  });
}

// The twins that are left when `key` comes: none, when none of them has it.
int32_t JsonReader::TwinsWithKey(const JsonFrame& frame, std::string_view key) const {
  if (frame.twins == kNone) {
    return kNone;
  }
  if (frame.twins == JsonFrame::kAllItems) {
    const int32_t last = store_.frames[static_cast<size_t>(frame.parent)].seen;
    return store_.items.AnyHasMember(last, key) ? frame.twins : kNone;
  }
  const std::vector<Twin>& twins = *store_.twins[static_cast<size_t>(frame.twins)];
  return std::any_of(twins.begin(), twins.end(),
                     [&](const Twin& twin) { return twin.value->Find(key) != nullptr; })
             ? frame.twins
             : kNone;
}

// Leaves the frame those twins that have the value, which ends the store's text. False when the
// value is an item that has come before.
bool JsonReader::CompareValue(JsonFrame& frame, const JsonPlace& place, bool differs) {
  const bool is_item = frame.compares_late;
  if (!is_item && frame.twins == kNone) {
    return true;
  }
  if (differs) {
    frame.twins = is_item ? frame.twins : kNone;
    return true;
  }
  const std::string_view text =
      std::string_view(store_.text).substr(static_cast<size_t>(place.text_begin));
  if (is_item) {
    const base::Result<JsonNode> value = ParseJson(text, kDepthMax);
    return value.has_value() && !store_.items.Has(frame.seen, *value);
  }
  ComparedValue compared;
  if (frame.twins == JsonFrame::kAllItems) {
    compared.last = store_.frames[static_cast<size_t>(frame.parent)].seen;
  } else {
    compared.from = store_.twins[static_cast<size_t>(frame.twins)];
  }
  compared.index = frame.count;
  compared.key =
      frame.type == kObject ? store_.keys[static_cast<size_t>(frame.last_key)].name : std::string();
  compared.text = text;
  if (!store_.compared.has_value() || !store_.compared->IsSame(compared)) {
    const base::Result<JsonNode> value = ParseJson(text, kDepthMax);
    if (!value.has_value()) {
      return false;
    }
    compared.left = TwinsWithValue(frame, *value);
    store_.compared = std::move(compared);
  }
  frame.twins = AddTwins(store_.compared->left);
  return true;
}

// Those twins that have `value` where `frame` reads an entry.
TwinList JsonReader::TwinsWithValue(const JsonFrame& frame, const JsonNode& value) const {
  std::vector<Twin> twins;
  if (frame.twins == JsonFrame::kAllItems) {
    const int32_t last = store_.frames[static_cast<size_t>(frame.parent)].seen;
    twins = frame.type == kObject
                ? store_.items.WithMember(
                      last, store_.keys[static_cast<size_t>(frame.last_key)].name, value)
                : store_.items.WithItem(last, static_cast<size_t>(frame.count), value);
  } else {
    twins = TwinsOf(frame);
    std::erase_if(twins, [&](const Twin& twin) {
      const JsonNode* part = PartOf(frame, *twin.value);
      return part == nullptr || !IsEqual(*part, value);
    });
  }
  return std::make_shared<const std::vector<Twin>>(std::move(twins));
}

// Whether it is plain, behind `byte`, that the item can or cannot become one that differs from its
// twins.
JsonReader::Outlook JsonReader::OutlookAt(const JsonPlace& place, uint8_t byte) {
  const size_t count = TwinCount(place);
  if (count == 0) {
    return Outlook::kFree;
  }
  const bool is_scalar = place.mode == Mode::kString || place.mode == Mode::kNumber;
  if (is_scalar && FrameOf(place).compares_late) {
    return OutlookOfScalar(place, byte);
  }
  return count < JsonLanguage::kManyValues && (HasManyEnds(place, count) || HasManyRests(place))
             ? Outlook::kFree
             : Outlook::kDoubtful;
}

// The same of an item that is a string or number.
JsonReader::Outlook JsonReader::OutlookOfScalar(const JsonPlace& place, uint8_t byte) {
  const int32_t last = FrameOf(place).seen;
  if (HasManyEnds(place, store_.items.CountOf(last))) {
    return Outlook::kFree;
  }
  std::string text =
      store_.text.substr(static_cast<size_t>(place.text_begin)) + static_cast<char>(byte);
  const auto outlook = [](bool is_free) { return is_free ? Outlook::kFree : Outlook::kDead; };
  if (place.mode == Mode::kNumber) {
    const JsonLanguage::Numbers numbers = language_.NumbersOf(place.pending);
    if (numbers != JsonLanguage::Numbers::kIntegers) {
      return numbers == JsonLanguage::Numbers::kAll ? Outlook::kFree : Outlook::kDoubtful;
    }
    return outlook(HasFreshText(*language_.Values(place.pending).live_numbers, place.state, text,
                                JsonNode::Kind::kNumber, last));
  }
  LiveAutomaton& strings = Strings(place);
  if (place.part == Part::kBetween) {
    const std::string read = DecodeStringPrefix(std::string_view(text).substr(1), text.size());
    return outlook(HasFreshText(strings, place.state, read, JsonNode::Kind::kString, last));
  }
  const auto [low, high] = NextCharacters(place);
  text.resize(text.size() - BytesOfPart(place));
  const std::string read = DecodeStringPrefix(std::string_view(text).substr(1), text.size());
  const auto view = strings.Arcs(place.state);
  const std::vector<ScalarArc> arcs(view.begin(), view.end());
  for (const ScalarArc& arc : arcs) {
    const char32_t end = std::min(high, arc.high);
    // With more characters than there are items, one of them is fresh.
    const size_t most = store_.items.CountOf(last) + 1;
    size_t tried = 0;
    for (char32_t c = std::max(low, arc.low); c <= end; ++c) {
      std::string longer = read;
      base::AppendUtf8(c, longer);
      if (++tried > most ||
          HasFreshText(strings, arc.next, longer, JsonNode::Kind::kString, last)) {
        return Outlook::kFree;
      }
    }
  }
  return low > high ? Outlook::kDoubtful : Outlook::kDead;
}

// Whether a text that begins with `read` and goes on from `state` is none of the items up to
// `last`.
bool JsonReader::HasFreshText(LiveAutomaton& live, int32_t state, const std::string& read,
                              JsonNode::Kind kind, int32_t last) {
  const std::span<const std::string> taken = store_.items.Texts(last, kind, read);
  if (live.HasMoreTextsThan(state, taken.size())) {
    return true;
  }
  const auto count = std::count_if(taken.begin(), taken.end(), [&](std::string_view text) {
    return live.HasText(state, CodePointsOf(text.substr(read.size())));
  });
  return live.HasMoreTextsThan(state, static_cast<size_t>(count));
}

// The bytes that were read of a character that is not complete.
size_t JsonReader::BytesOfPart(const JsonPlace& place) {
  switch (place.part) {
    case Part::kBetween:
      return 0;
    case Part::kEscape:
      return 1;
    case Part::kHex:
      return size_t{2} + place.digits;
    case Part::kLowEscape:
      return 6;
    case Part::kLowU:
      return 7;
    case Part::kLowHex:
      return size_t{8} + place.digits;
    case Part::kUtf8:
      break;
  }
  return static_cast<size_t>(place.utf8_length - place.digits);
}

// Whether what is read at `place` by itself can end in more than `count` ways.
bool JsonReader::HasManyEnds(const JsonPlace& place, size_t count) {
  const auto any_alternative = [&] {
    const JsonFrame& frame = FrameOf(place);
    const std::vector<Alternative> list = language_.alternatives(frame.alternatives);
    return std::any_of(list.begin(), list.end(), [&](const Alternative& one) {
      return language_.HasManyRests(one.formula, frame.type, FactsOf(frame));
    });
  };
  switch (place.mode) {
    case Mode::kString: {
      LiveAutomaton& strings = Strings(place);
      if (place.part == Part::kBetween) {
        return strings.HasMoreTextsThan(place.state, count);
      }
      const auto view = strings.Arcs(place.state);
      const std::vector<ScalarArc> arcs(view.begin(), view.end());
      return std::all_of(arcs.begin(), arcs.end(), [&](const ScalarArc& arc) {
        return strings.HasMoreTextsThan(arc.next, count);
      });
    }
    case Mode::kNumber:
      return HasManyNumbers(place, count);
    case Mode::kFirstKey:
    case Mode::kNextKey:
    case Mode::kAfterEntry:
    case Mode::kAfterItem:
      return any_alternative();
    case Mode::kFirstItem:
      return !FrameOf(place).compares_late && any_alternative();
    case Mode::kKey:
      return HasManyKeys(place, count);
    case Mode::kColon:
    case Mode::kValue: {
      const ValueLanguage& values = language_.Values(place.pending);
      JsonPlace begun = place;
      begun.state = ScalarAutomaton::kInitial;
      return ((values.types & kString) != 0 &&
              values.live_strings->HasMoreTextsThan(begun.state, count)) ||
             ((values.types & kNumber) != 0 && HasManyNumbers(begun, count)) ||
             language_.MayBeMany(place.pending);
    }
    case Mode::kWord:
    case Mode::kDone:
      return false;
  }
  return false;
}

// Different texts are different numbers only among integers; any number may be followed by digits
// that make it another one.
bool JsonReader::HasManyNumbers(const JsonPlace& place, size_t count) {
  switch (language_.NumbersOf(place.pending)) {
    case JsonLanguage::Numbers::kAll:
      return true;
    case JsonLanguage::Numbers::kIntegers:
      return language_.Values(place.pending).live_numbers->HasMoreTextsThan(place.state, count);
    case JsonLanguage::Numbers::kOther:
      break;
  }
  return false;
}

// Whether more keys may come of what was read of one than the twins have, or one behind which much
// may come.
bool JsonReader::HasManyKeys(const JsonPlace& place, size_t count) {
  const JsonFrame frame = FrameOf(place);
  const Facts facts = FactsOf(frame);
  if (const std::optional<FreshKeys> fresh = FreshKeysAt(place);
      fresh.has_value() && place.part == Part::kBetween && fresh->live().IsLive(place.state)) {
    size_t members = count;
    if (frame.twins == JsonFrame::kAllItems) {
      members += store_.items.MembersOf(store_.frames[static_cast<size_t>(frame.parent)].seen);
    } else {
      for (const Twin& twin : *store_.twins[static_cast<size_t>(frame.twins)]) {
        members += twin.value->members.size();
      }
    }
    if (fresh->live().HasMoreTextsThan(place.state, fresh->taken() + members)) {
      return true;
    }
  }
  const auto [low, high] = NextCharacters(place);
  for (int32_t i = place.name_low; i < place.name_high; ++i) {
    const auto index = static_cast<size_t>(i);
    const std::string name = language_.Keys(frame.alternatives).names[index].name;
    const base::Utf8Char next =
        base::DecodeUtf8(std::string_view(name).substr(static_cast<size_t>(place.name_bytes)));
    if (place.part != Part::kBetween &&
        (next.length == 0 || next.code_point < low || next.code_point > high)) {
      continue;
    }
    const PendingId pending = language_.PendingOfName(frame.alternatives, index, facts);
    if (pending == kNone) {
      continue;
    }
    Facts after = facts;
    ++after.count;
    after.one_more_key = &name;
    if (language_.MayBeMany(pending) || AllRestsAreMany(pending, kObject, after)) {
      return true;
    }
  }
  return false;
}

// Of a place inside of a character: what it may become; {1, 0} where that is not known.
std::pair<char32_t, char32_t> JsonReader::NextCharacters(const JsonPlace& place) {
  constexpr uint32_t kHexDigits = 4;
  const auto from = [&](uint32_t shift) {
    const char32_t low = place.partial << shift;
    return std::pair{low, low | ((char32_t{1} << shift) - 1)};
  };
  switch (place.part) {
    case Part::kBetween:
    case Part::kEscape:
      return {0, kCodePointMax};
    case Part::kHex: {
      if (place.digits == 0) {
        return {0, kCodePointMax};
      }
      constexpr char32_t kSurrogates = 0xD800;
      constexpr char32_t kAfterSurrogates = 0xE000;
      const auto [low, high] = from(kHexDigits * (kHexDigits - place.digits));
      const bool is_plain = high < kSurrogates || low >= kAfterSurrogates;
      return is_plain ? std::pair<char32_t, char32_t>{low, high}
                      : std::pair<char32_t, char32_t>{1, 0};
    }
    case Part::kUtf8: {
      // The first byte told the length; longer spellings of small characters are not valid.
      constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
      const auto [low, high] = from(6U * place.digits);
      return {std::max(low, kLeast[place.utf8_length]), high};
    }
    default:
      return {1, 0};
  }
}

bool JsonReader::AllRestsAreMany(PendingId pending, int32_t type, const Facts& after) {
  const std::vector<PendingPair> pairs = language_.pending(pending);
  return std::all_of(pairs.begin(), pairs.end(), [&](const PendingPair& pair) {
    return language_.HasManyRests(pair.rest, type, after);
  });
}

// Whether a container around the value at `place` can go on in many ways, whatever the value will
// be.
bool JsonReader::HasManyRests(const JsonPlace& place) {
  const bool is_between = place.mode == Mode::kFirstKey || place.mode == Mode::kNextKey ||
                          place.mode == Mode::kKey || place.mode == Mode::kAfterEntry ||
                          place.mode == Mode::kAfterItem;
  PendingId pending = is_between ? kNone : place.pending;
  for (int32_t at = place.frame;;) {
    const JsonFrame frame = store_.frames[static_cast<size_t>(at)];
    if (frame.compares_late) {
      return false;
    }
    if (pending != kNone) {
      Facts after = FactsOf(frame);
      ++after.count;
      if (AllRestsAreMany(pending, frame.type, after)) {
        return true;
      }
    }
    pending = frame.parent_pending;
    at = frame.parent;
  }
}

// Reads what was read of the item, and `byte`, under a formula that excludes its twins.
bool JsonReader::ReadAgain(JsonPlace& place, uint8_t byte) {
  int32_t begin = place.text_begin;
  int32_t at = place.frame;
  FormulaId twins = kFalse;
  if (FrameOf(place).twins >= 0) {
    std::vector<FormulaId> formulas;
    for (const Twin& twin : TwinsOf(FrameOf(place))) {
      formulas.push_back(language_.Constant(store_.items.value(twin.item)));
    }
    twins = language_.algebra().Or(std::move(formulas));
  }
  for (; !store_.frames[static_cast<size_t>(at)].compares_late;
       at = store_.frames[static_cast<size_t>(at)].parent) {
    begin = store_.frames[static_cast<size_t>(at)].text_begin;
  }
  JsonFrame array = store_.frames[static_cast<size_t>(at)];
  array.compares_late = false;
  Facts facts = FactsOf(array);
  facts.seen_items = twins == kFalse ? AnySeen(array.seen) : twins;
  const bool has_begun = at != place.frame || place.mode != Mode::kValue;
  JsonPlace again{.frame = static_cast<int32_t>(store_.frames.size()),
                  .pending = language_.PendingOfItem(array.alternatives, facts)};
  store_.frames.push_back(array);
  bool alive = again.pending != kNone;
  if (has_begun && alive) {
    const std::string text =
        store_.text.substr(static_cast<size_t>(begin)) + static_cast<char>(byte);
    store_.text.resize(static_cast<size_t>(begin));
    for (size_t i = 0; i < text.size(); ++i) {
      alive = alive && StepPlainly(again, static_cast<uint8_t>(text[i]));
      if (i + 1 < text.size()) {
        store_.text += text[i];
      }
    }
  } else {
    again.may_space = place.may_space;
  }
  place = again;
  return alive;
}

std::vector<std::string> JsonReader::KnownTexts(const JsonPlace& place) const {
  std::vector<std::string> known;
  if (TwinCount(place) == 0) {
    return known;
  }
  const std::string_view text = store_.text;
  const std::string read = DecodeStringPrefix(
      text.substr(std::min(static_cast<size_t>(place.text_begin) + 1, text.size())), text.size());
  const JsonFrame& frame = FrameOf(place);
  if (frame.compares_late) {
    for (const std::string& whole : store_.items.Texts(frame.seen, JsonNode::Kind::kString, read)) {
      known.push_back(whole.substr(read.size()));
    }
    return known;
  }
  const auto add = [&](const std::string& whole) {
    if (whole.starts_with(read)) {
      known.push_back(whole.substr(read.size()));
    }
  };
  const auto add_string = [&](const JsonNode* value) {
    if (value != nullptr && value->is_string()) {
      add(value->text);
    }
  };
  for (const Twin& twin : TwinsOf(frame)) {
    if (place.mode != Mode::kKey) {
      add_string(PartOf(frame, *twin.value));
      continue;
    }
    for (const auto& [key, member] : twin.value->members) {
      if (!language_.Keys(frame.alternatives).IsNamed(key) && !FactsOf(frame).HasKey(key)) {
        add(key);
      }
    }
  }
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  return known;
}

}  // namespace millrace::grammar
