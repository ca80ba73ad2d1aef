// Reads one JSON value under a schema, byte by byte, refusing the first byte after which nothing
// valid can follow.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "grammar/json_language.h"
#include "grammar/seen_items.h"

namespace millrace::grammar {

// Where a reader stands: a small value that may be copied and restored. Containers and keys lie in
// a JsonStore.
struct JsonPlace {
  enum class Mode : uint8_t {
    kValue,       // before a value
    kFirstItem,   // before a value or ']'
    kString,      // inside of a string value
    kNumber,      // inside of a number, or at its end
    kWord,        // inside of true, false or null
    kFirstKey,    // before '"' or '}'
    kNextKey,     // before '"'
    kKey,         // inside of a key
    kColon,       // before ':'
    kAfterEntry,  // before ',' or '}'
    kAfterItem,   // before ',' or ']'
    kDone,
  };
  // Inside of a character of a string.
  enum class Part : uint8_t {
    kBetween,    // between characters
    kEscape,     // after a backslash
    kHex,        // after \u, `digits` of four read
    kLowEscape,  // after a high surrogate
    kLowU,       // and its backslash
    kLowHex,     // and its u, `digits` of four read
    kUtf8,       // `digits` bytes missing
  };
  Mode mode = Mode::kValue;
  Part part = Part::kBetween;
  uint8_t digits = 0;
  uint8_t utf8_length = 0;  // of kUtf8: the bytes of the whole character
  bool may_space = false;
  uint8_t word_at = 0;        // of kWord: the letters read
  int32_t word_type = 0;      // of kWord: the type it spells
  char32_t partial = 0;       // of the character being read
  int32_t frame = kNone;      // innermost container, in the store
  PendingId pending = kNone;  // of the value that is read or comes next
  int32_t state = 0;          // of the scalar's automaton; kNone when no unnamed key can be meant
  int32_t name_low = 0;       // of kKey: the names that begin as it does, in the KeyLanguage
  int32_t name_high = 0;
  int32_t name_bytes = 0;  // of kKey: bytes of the decoded key
  int32_t text_begin = 0;  // where the key or the value that is read begins in the text
};

// A container being read. Immutable: every entry makes a new one.
struct JsonFrame {
  int32_t parent = kNone;
  PendingId parent_pending = kNone;
  AlternativesId alternatives = kNone;
  int32_t type = kObject;
  int32_t count = 0;
  int32_t last_key = kNone;
  int32_t seen = kNone;  // its last item in SeenItems but one, whose text is item_begin..item_end
  int32_t item_begin = kNone;
  int32_t item_end = kNone;
  int32_t text_begin = 0;
  bool text_read = false;  // its items are compared, so their text is read again
  // The item that is read is not held to differ from earlier ones by its formula, but compared
  // with them while it is read.
  bool compares_late = false;
  int32_t twins = kNone;  // of a container in such an item: a list of twins, or kAllItems
  static constexpr int32_t kAllItems = -2;  // nothing was read yet that tells it from any
};

using TwinList = std::shared_ptr<const std::vector<Twin>>;

// The twins that a value left. Many tokens end the same one.
struct ComparedValue {
  TwinList from;  // null: all items up to `last`
  int32_t last = SeenItems::kNone;
  std::string key;  // of the member, or empty and the place of the item
  int32_t index = 0;
  std::string text;
  TwinList left;

  bool IsSame(const ComparedValue& other) const {
    return from == other.from && last == other.last && key == other.key && index == other.index &&
           text == other.text;
  }
};

// What places point into. Grows only; `Cut` takes back what was added since a mark.
struct JsonStore {
  std::string text;  // everything read, since keys and compared items must be read again
  std::vector<JsonFrame> frames;
  std::vector<SeenKey> keys;
  SeenItems items;
  std::vector<TwinList> twins;            // none empty
  size_t twin_count = 0;                  // in all lists
  std::optional<ComparedValue> compared;  // the last one

  struct Mark {
    size_t text = 0;
    size_t frames = 0;
    size_t keys = 0;
    size_t items = 0;
    size_t twins = 0;
  };
  Mark mark() const {
    return {text.size(), frames.size(), keys.size(), items.size(), twins.size()};
  }
  void Cut(const Mark& mark) {
    text.resize(mark.text);
    frames.resize(mark.frames);
    keys.resize(mark.keys);
    items.Cut(mark.items);
    for (; twins.size() > mark.twins; twins.pop_back()) {
      twin_count -= twins.back() != nullptr ? twins.back()->size() : 0;
    }
    if (compared.has_value() && compared->last >= static_cast<int32_t>(mark.items)) {
      compared.reset();
    }
  }
  // Adds the lists of twins that the frames from `frame` outwards have.
  void FindTwins(int32_t frame, std::vector<bool>& used) const {
    for (; frame != kNone; frame = frames[static_cast<size_t>(frame)].parent) {
      if (const int32_t list = frames[static_cast<size_t>(frame)].twins; list >= 0) {
        used[static_cast<size_t>(list)] = true;
      }
    }
  }
  void KeepTwins(const std::vector<bool>& used) {
    for (size_t i = 0; i < twins.size(); ++i) {
      if (twins[i] != nullptr && !used[i]) {
        twin_count -= twins[i]->size();
        twins[i] = nullptr;
      }
    }
  }
  size_t memory_bytes() const {
    return (frames.capacity() * sizeof(JsonFrame)) + text.capacity() +
           (keys.capacity() * sizeof(SeenKey)) + items.memory_bytes() +
           (twins.capacity() * sizeof(TwinList)) + (twin_count * sizeof(Twin));
  }
};

// The keys that may come next and are not named.
class FreshKeys {
 public:
  // `taken` keys cannot come, for they are named or came before.
  FreshKeys(LiveAutomaton& live, size_t taken) : live_(&live), taken_(taken) {}
  LiveAutomaton& live() const { return *live_; }
  size_t taken() const { return taken_; }
  // Whether so many keys can come from `state` that it does not matter which are taken.
  bool HasMany(int32_t state) const { return live_->HasMoreTextsThan(state, taken_); }

 private:
  LiveAutomaton* live_;
  size_t taken_;
};

// The language's mutex is held by the caller.
class JsonReader {
 public:
  JsonReader(JsonLanguage& language, JsonStore& store) : language_(language), store_(store) {}

  JsonPlace Start() const { return {.pending = language_.root()}; }

  // Moves `place` past `byte`, which the caller appends to the store's text when this is true.
  // False: nothing valid follows; `place` is then of no use.
  bool Step(JsonPlace& place, uint8_t byte);

  // The value is complete: it may end here. (A number may still go on.)
  bool IsComplete(const JsonPlace& place) const;

  // The automaton of the string value that is read.
  LiveAutomaton& Strings(const JsonPlace& place) const {
    return *language_.Values(place.pending).live_strings;
  }

  // For masks, of a place inside of a key. A key is fresh when it is neither named by the schema
  // nor one that came before.
  //
  // Nothing when no fresh key may come.
  std::optional<FreshKeys> FreshKeysAt(const JsonPlace& place) const;
  // As EndKey, for a fresh key `name` of the kind `truth`.
  bool EndFreshKey(JsonPlace& place, int32_t truth, const std::string& name);
  // Of a place before an item: whether two different strings may come, or none.
  bool HasStringsToSpare(const JsonPlace& place) const;
  // Of a place in an item of an array whose items differ: what the item is may decide whether the
  // array can be completed, because later places ask for something else.
  bool MayMissItsPlace(const JsonPlace& place) const;
  // Of an array whose items are compared: whether it may have to have two that are equal.
  bool AsksForEqualItems(const JsonFrame& frame) const {
    return language_.AsksForEqualItems(frame.alternatives);
  }
  // A key that is not fresh and begins as the one that is read.
  struct KnownKey {
    std::string rest = {};       // what is missing
    int32_t name_index = kNone;  // in the KeyLanguage; kNone for one that came before
  };
  std::vector<KnownKey> KnownKeys(const JsonPlace& place) const;
  // Of a place inside of a string or key in an item that is compared while it is read: what is
  // missing of those that earlier items have there and that begin alike; sorted. Not of KnownKeys.
  std::vector<std::string> KnownTexts(const JsonPlace& place) const;
  // How many earlier items may still turn out equal to the one that is read; 0 outside of such.
  size_t TwinCount(const JsonPlace& place) const;
  // As EndKey, when `key` is complete.
  bool EndKnownKey(JsonPlace& place, const KnownKey& key);

 private:
  bool StepPlainly(JsonPlace& place, uint8_t byte);
  bool StepValue(JsonPlace& place, uint8_t byte);
  bool StepString(JsonPlace& place, uint8_t byte);
  bool StepBoundary(JsonPlace& place, uint8_t byte);
  bool StepEscape(JsonPlace& place, uint8_t byte);
  bool StepHex(JsonPlace& place, uint8_t byte);
  bool IsCompared(const JsonPlace& place) const;
  bool StepNumber(JsonPlace& place, uint8_t byte);
  bool StepWord(JsonPlace& place, uint8_t byte);
  bool StepObject(JsonPlace& place, uint8_t byte);
  bool StepArray(JsonPlace& place, uint8_t byte);
  bool TakeCharacter(JsonPlace& place, char32_t c);
  bool AnyCharacter(const JsonPlace& place, char32_t low, char32_t high);
  bool AnyOfPartial(const JsonPlace& place);
  bool EndString(JsonPlace& place);
  bool EndKey(JsonPlace& place);
  bool TakeKey(JsonPlace& place, std::string name);
  std::string KeyReadSoFar(const JsonPlace& place, size_t bytes) const;
  bool BeginKey(JsonPlace& place);
  bool KeyIsLive(const JsonPlace& place, std::u32string_view last);
  bool UnnamedKeyIsLive(const JsonPlace& place, const Facts& facts, std::u32string_view last);
  bool TakeKeyCharacter(JsonPlace& place, char32_t c);
  bool AnyKeyCharacter(const JsonPlace& place, char32_t low, char32_t high);
  bool Open(JsonPlace& place, int32_t type);
  bool Close(JsonPlace& place);
  bool Complete(JsonPlace& place, const std::vector<int32_t>& members, bool differs = false);
  bool RememberItem(JsonFrame& frame) const;
  PendingId BeginItem(JsonFrame& frame);
  FormulaId AnySeen(int32_t last);
  bool DiffersAtEnd(const JsonFrame& closed) const;
  bool CompareValue(JsonFrame& frame, const JsonPlace& place, bool differs);
  int32_t TwinsInside(const JsonPlace& place) const;
  int32_t TwinsWithKey(const JsonFrame& frame, std::string_view key) const;
  int32_t AddTwins(TwinList twins) const;
  TwinList TwinsWithValue(const JsonFrame& frame, const JsonNode& value) const;
  const JsonNode* PartOf(const JsonFrame& frame, const JsonNode& value) const;
  std::vector<Twin> TwinsOf(const JsonFrame& frame) const;
  enum class Outlook : uint8_t { kFree, kDead, kDoubtful };
  Outlook OutlookAt(const JsonPlace& place, uint8_t byte);
  Outlook OutlookOfScalar(const JsonPlace& place, uint8_t byte);
  bool HasFreshText(LiveAutomaton& live, int32_t state, const std::string& read,
                    JsonNode::Kind kind, int32_t last);
  bool HasManyEnds(const JsonPlace& place, size_t count);
  bool HasManyKeys(const JsonPlace& place, size_t count);
  static std::pair<char32_t, char32_t> NextCharacters(const JsonPlace& place);
  bool AllRestsAreMany(PendingId pending, int32_t type, const Facts& after);
  static size_t BytesOfPart(const JsonPlace& place);
  bool HasManyNumbers(const JsonPlace& place, size_t count);
  bool HasManyRests(const JsonPlace& place);
  bool ReadAgain(JsonPlace& place, uint8_t byte);
  Facts FactsOf(const JsonFrame& frame) const;
  const JsonFrame& FrameOf(const JsonPlace& place) const {
    return store_.frames[static_cast<size_t>(place.frame)];
  }
  bool AllowsSpace() const { return language_.options().whitespace == Whitespace::kSingleSpace; }

  JsonLanguage& language_;
  JsonStore& store_;
};

}  // namespace millrace::grammar
