#include "grammar/json_reader.h"

#include <algorithm>
#include <utility>

namespace millrace::grammar {

using Mode = JsonPlace::Mode;
using Part = JsonPlace::Part;

namespace {

std::string_view WordOf(int32_t type) {
  switch (type) {
    case kTrueType:
      return "true";
    case kFalseType:
      return "false";
    default:
      return "null";
  }
}

}  // namespace

Facts JsonReader::FactsOf(const JsonFrame& frame) const {
  return {.count = frame.count, .last_key = frame.last_key, .keys = &store_.keys};
}

bool JsonReader::IsComplete(const JsonPlace& place) const {
  if (place.mode == Mode::kDone) {
    return true;
  }
  return place.mode == Mode::kNumber && place.frame == kNone &&
         language_.Values(place.pending).live_numbers->CanEnd(place.state);
}

bool JsonReader::Step(JsonPlace& place, uint8_t byte) {
  if (!StepPlainly(place, byte)) {
    return false;
  }
  const Outlook outlook = OutlookAt(place, byte);
  return outlook == Outlook::kFree || (outlook == Outlook::kDoubtful && ReadAgain(place, byte));
}

bool JsonReader::StepPlainly(JsonPlace& place, uint8_t byte) {
  switch (place.mode) {
    case Mode::kValue:
      return StepValue(place, byte);
    case Mode::kFirstItem:
      if (byte == ']') {
        return Close(place);
      }
      return place.pending != kNone && StepValue(place, byte);
    case Mode::kString:
    case Mode::kKey:
      return StepString(place, byte);
    case Mode::kNumber:
      return StepNumber(place, byte);
    case Mode::kWord:
      return StepWord(place, byte);
    case Mode::kFirstKey:
    case Mode::kNextKey:
    case Mode::kColon:
    case Mode::kAfterEntry:
      return StepObject(place, byte);
    case Mode::kAfterItem:
      return StepArray(place, byte);
    case Mode::kDone:
      return false;
  }
  return false;
}

bool JsonReader::StepValue(JsonPlace& place, uint8_t byte) {
  if (byte == ' ' && place.may_space) {
    place.may_space = false;
    return true;
  }
  place.may_space = false;
  place.text_begin = static_cast<int32_t>(store_.text.size());
  const ValueLanguage& values = language_.Values(place.pending);
  const auto word = [&](int32_t type) {
    place.mode = Mode::kWord;
    place.word_type = type;
    place.word_at = 1;
    return (values.types & type) != 0;
  };
  switch (byte) {
    case '{':
      return values.object != kNone && Open(place, kObject);
    case '[':
      return values.array != kNone && Open(place, kArray);
    case '"':
      place.mode = Mode::kString;
      place.part = Part::kBetween;
      place.state = ScalarAutomaton::kInitial;
      return (values.types & kString) != 0;
    case 't':
      return word(kTrueType);
    case 'f':
      return word(kFalseType);
    case 'n':
      return word(kNull);
    default:
      break;
  }
  if ((values.types & kNumber) == 0 || (byte != '-' && (byte < '0' || byte > '9'))) {
    return false;
  }
  place.mode = Mode::kNumber;
  place.state = values.live_numbers->Step(ScalarAutomaton::kInitial, byte);
  return place.state != ScalarAutomaton::kDead;
}

bool JsonReader::StepWord(JsonPlace& place, uint8_t byte) {
  const std::string_view word = WordOf(place.word_type);
  if (static_cast<uint8_t>(word[place.word_at]) != byte) {
    return false;
  }
  if (++place.word_at < word.size()) {
    return true;
  }
  std::vector<int32_t> members;
  const std::vector<PendingPair>& pairs = language_.pending(place.pending);
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (language_.Admits(pairs[i].value, place.word_type)) {
      members.push_back(static_cast<int32_t>(i));
    }
  }
  store_.text += static_cast<char>(byte);
  const bool alive = Complete(place, members);
  store_.text.pop_back();
  return alive;
}

// Whether the value at `place` is, or is part of, an item that is compared with others.
bool JsonReader::IsCompared(const JsonPlace& place) const {
  for (int32_t frame = place.frame; frame != kNone;) {
    const JsonFrame& around = store_.frames[static_cast<size_t>(frame)];
    if (around.text_read) {
      return true;
    }
    frame = around.parent;
  }
  return false;
}

bool JsonReader::StepNumber(JsonPlace& place, uint8_t byte) {
  LiveAutomaton& numbers = *language_.Values(place.pending).live_numbers;
  const bool is_part = (byte >= '0' && byte <= '9') || byte == '-' || byte == '+' || byte == '.' ||
                       byte == 'e' || byte == 'E';
  if ((byte == 'e' || byte == 'E') && IsCompared(place)) {
    return false;  // equal numbers would have to be found among huge ones
  }
  if (is_part) {
    const int32_t before = std::exchange(place.state, numbers.Step(place.state, byte));
    // Where nothing but zeros may follow and they change nothing, they would have no end.
    const bool is_padding =
        byte == '0' && place.state == before && !numbers.AnyStep(before, U'1', U'9');
    return place.state != ScalarAutomaton::kDead && !is_padding;
  }
  if (place.frame == kNone || !numbers.CanEnd(place.state)) {
    return false;
  }
  const std::vector<int32_t> members =
      numbers.automaton().Members(numbers.automaton().Truth(place.state));
  return Complete(place, members) && StepPlainly(place, byte);
}

bool JsonReader::Open(JsonPlace& place, int32_t type) {
  const ValueLanguage& values = language_.Values(place.pending);
  JsonFrame frame{.parent = place.frame,
                  .parent_pending = place.pending,
                  .alternatives = type == kObject ? values.object : values.array,
                  .type = type,
                  .text_begin = place.text_begin};
  frame.text_read = type == kArray && language_.ComparesItems(frame.alternatives);
  frame.twins = TwinsInside(place);
  place.pending = type == kArray ? BeginItem(frame) : kNone;
  place.frame = static_cast<int32_t>(store_.frames.size());
  store_.frames.push_back(frame);
  place.mode = type == kObject ? Mode::kFirstKey : Mode::kFirstItem;
  return true;
}

bool JsonReader::Close(JsonPlace& place) {
  const JsonFrame frame = FrameOf(place);
  const std::vector<int32_t> members =
      language_.Closing(frame.alternatives, frame.type, FactsOf(frame));
  const bool differs = DiffersAtEnd(frame);
  if (members.empty()) {
    return false;
  }
  place.frame = frame.parent;
  place.pending = frame.parent_pending;
  place.text_begin = frame.text_begin;
  store_.text += frame.type == kObject ? '}' : ']';
  const bool alive = Complete(place, members, differs);
  store_.text.pop_back();
  return alive;
}

// The value that was read satisfies the pending pairs `members`; its text ends the store's text.
// `differs`: it is known to be none that an earlier item has at this place.
bool JsonReader::Complete(JsonPlace& place, const std::vector<int32_t>& members, bool differs) {
  if (members.empty()) {
    return false;
  }
  if (place.frame == kNone) {
    place.mode = Mode::kDone;
    return true;
  }
  JsonFrame frame = FrameOf(place);
  frame.alternatives = language_.AfterValue(place.pending, members);
  if (frame.alternatives == kNone || !CompareValue(frame, place, differs)) {
    return false;
  }
  ++frame.count;
  if (frame.text_read) {
    frame.item_begin = place.text_begin;
    frame.item_end = static_cast<int32_t>(store_.text.size());
  }
  place.frame = static_cast<int32_t>(store_.frames.size());
  place.mode = frame.type == kObject ? Mode::kAfterEntry : Mode::kAfterItem;
  place.pending = kNone;
  store_.frames.push_back(frame);
  return true;
}

bool JsonReader::StepArray(JsonPlace& place, uint8_t byte) {
  if (byte == ']') {
    return Close(place);
  }
  if (byte != ',') {
    return false;
  }
  JsonFrame frame = FrameOf(place);
  if (!RememberItem(frame)) {
    return false;
  }
  place.pending = BeginItem(frame);
  if (frame.text_read) {
    place.frame = static_cast<int32_t>(store_.frames.size());
    store_.frames.push_back(frame);
  }
  place.mode = Mode::kValue;
  place.may_space = AllowsSpace();
  return place.pending != kNone;
}

bool JsonReader::HasStringsToSpare(const JsonPlace& place) const {
  const ValueLanguage& values = language_.Values(place.pending);
  return (values.types & kString) == 0 ||
         values.live_strings->HasMoreTextsThan(ScalarAutomaton::kInitial, 1);
}

bool JsonReader::MayMissItsPlace(const JsonPlace& place) const {
  const JsonFrame& frame = FrameOf(place);
  return language_.ItemPrefix(frame.alternatives) > frame.count + 1;
}

bool JsonReader::StepObject(JsonPlace& place, uint8_t byte) {
  switch (place.mode) {
    case Mode::kFirstKey:
      return byte == '}' ? Close(place) : byte == '"' && BeginKey(place);
    case Mode::kNextKey:
      if (byte == ' ' && place.may_space) {
        place.may_space = false;
        return true;
      }
      return byte == '"' && BeginKey(place);
    case Mode::kColon:
      place.mode = Mode::kValue;
      place.may_space = AllowsSpace();
      return byte == ':';
    default:
      break;
  }
  if (byte == '}') {
    return Close(place);
  }
  if (byte != ',') {
    return false;
  }
  JsonPlace key = place;
  place.mode = Mode::kNextKey;
  place.may_space = AllowsSpace();
  return BeginKey(key);
}

}  // namespace millrace::grammar
