// JSON's spelling of characters: UTF-8, escapes and surrogate pairs, so that the automata below see
// code points.
#include <algorithm>

#include "grammar/json_reader.h"

namespace millrace::grammar {
namespace {

using Mode = JsonPlace::Mode;
using Part = JsonPlace::Part;

constexpr char32_t kHighSurrogate = 0xD800;
constexpr char32_t kLowSurrogate = 0xDC00;
constexpr char32_t kAfterSurrogates = 0xE000;

// The smallest character that UTF-8 spells in so many bytes.
constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};

int HexValue(uint8_t byte) {
  if (byte >= '0' && byte <= '9') {
    return byte - '0';
  }
  const int lower = byte | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

char32_t JoinSurrogates(char32_t high, char32_t low) {
  return 0x10000 + ((high - kHighSurrogate) << 10U) + (low - kLowSurrogate);
}

}  // namespace

bool JsonReader::StepString(JsonPlace& place, uint8_t byte) {
  switch (place.part) {
    case Part::kBetween:
      return StepBoundary(place, byte);
    case Part::kEscape:
      return StepEscape(place, byte);
    case Part::kHex:
    case Part::kLowHex:
      return StepHex(place, byte);
    case Part::kLowEscape:
      place.part = Part::kLowU;
      return byte == '\\';
    case Part::kLowU:
      place.part = Part::kLowHex;
      place.digits = 0;
      return byte == 'u';
    case Part::kUtf8:
      break;
  }
  if ((byte & 0xC0) != 0x80) {
    return false;
  }
  place.partial = (place.partial << 6U) | (byte & 0x3FU);
  if (--place.digits > 0) {
    return AnyOfPartial(place);
  }
  place.part = Part::kBetween;
  return place.partial >= kLeast[place.utf8_length] && place.partial <= kCodePointMax &&
         TakeCharacter(place, place.partial);
}

bool JsonReader::StepBoundary(JsonPlace& place, uint8_t byte) {
  if (byte == '"') {
    return place.mode == Mode::kKey ? EndKey(place) : EndString(place);
  }
  if (byte == '\\') {
    place.part = Part::kEscape;
    return AnyCharacter(place, 0, kCodePointMax);
  }
  if (byte < 0x80) {
    return byte >= 0x20 && TakeCharacter(place, byte);
  }
  if (byte < 0xC2 || byte > 0xF4) {
    return false;
  }
  place.part = Part::kUtf8;
  place.digits = byte < 0xE0 ? 1 : (byte < 0xF0 ? 2 : 3);
  place.utf8_length = static_cast<uint8_t>(place.digits + 1);
  place.partial = byte & (0x3FU >> place.digits);
  return AnyOfPartial(place);
}

// Whether the bytes that a character lacks can be found. What is read of it are its upper bits.
bool JsonReader::AnyOfPartial(const JsonPlace& place) {
  const auto shift = 6U * place.digits;
  char32_t low = place.partial << shift;
  char32_t high = low | ((char32_t{1} << shift) - 1);
  // The first byte told the length; longer spellings of small characters are not valid.
  low = std::max(low, kLeast[place.utf8_length]);
  high = std::min(high, kCodePointMax);
  if (low > high) {
    return false;
  }
  if (low >= kHighSurrogate && high < kAfterSurrogates) {
    return false;
  }
  return AnyCharacter(place, low, high);
}

bool JsonReader::StepEscape(JsonPlace& place, uint8_t byte) {
  place.part = Part::kBetween;
  switch (byte) {
    case '"':
    case '\\':
    case '/':
      return TakeCharacter(place, byte);
    case 'b':
      return TakeCharacter(place, U'\b');
    case 'f':
      return TakeCharacter(place, U'\f');
    case 'n':
      return TakeCharacter(place, U'\n');
    case 'r':
      return TakeCharacter(place, U'\r');
    case 't':
      return TakeCharacter(place, U'\t');
    case 'u':
      place.part = Part::kHex;
      place.digits = 0;
      place.partial = 0;
      return AnyCharacter(place, 0, kCodePointMax);
    default:
      return false;
  }
}

bool JsonReader::StepHex(JsonPlace& place, uint8_t byte) {
  const int value = HexValue(byte);
  if (value < 0) {
    return false;
  }
  place.partial = (place.partial << 4U) | static_cast<char32_t>(value);
  ++place.digits;
  const auto shift = 4U * (4U - place.digits);
  if (place.part == Part::kLowHex) {  // the high surrogate stands above these 16 bits
    const char32_t surrogate = place.partial >> (4U * place.digits);
    const char32_t digits = place.partial & ((char32_t{1} << (4U * place.digits)) - 1);
    const auto low = std::max<char32_t>(digits << shift, kLowSurrogate);
    const char32_t high =
        std::min<char32_t>((digits << shift) | ((char32_t{1} << shift) - 1), kAfterSurrogates - 1);
    if (low > high) {
      return false;
    }
    if (place.digits == 4) {
      place.part = Part::kBetween;
      return TakeCharacter(place, JoinSurrogates(surrogate, low));
    }
    return AnyCharacter(place, JoinSurrogates(surrogate, low), JoinSurrogates(surrogate, high));
  }
  const char32_t low = place.partial << shift;
  const char32_t high = low | ((char32_t{1} << shift) - 1);
  const bool is_high = low >= kHighSurrogate && low < kLowSurrogate;
  if (place.digits == 4) {
    if (is_high) {
      place.part = Part::kLowEscape;
      return AnyCharacter(place, JoinSurrogates(low, kLowSurrogate),
                          JoinSurrogates(low, kAfterSurrogates - 1));
    }
    place.part = Part::kBetween;
    return (low < kLowSurrogate || low >= kAfterSurrogates) && TakeCharacter(place, low);
  }
  const auto first_high = std::max<char32_t>(low, kHighSurrogate);
  const auto last_high = std::min<char32_t>(high, kLowSurrogate - 1);
  if (first_high <= last_high && AnyCharacter(place, JoinSurrogates(first_high, kLowSurrogate),
                                              JoinSurrogates(last_high, kAfterSurrogates - 1))) {
    return true;
  }
  return AnyCharacter(place, low, high);
}

bool JsonReader::TakeCharacter(JsonPlace& place, char32_t c) {
  if (c >= kHighSurrogate && c < kAfterSurrogates) {
    return false;
  }
  if (place.mode == Mode::kKey) {
    return TakeKeyCharacter(place, c);
  }
  place.state = Strings(place).Step(place.state, c);
  return place.state != ScalarAutomaton::kDead;
}

bool JsonReader::AnyCharacter(const JsonPlace& place, char32_t low, char32_t high) {
  return place.mode == Mode::kKey ? AnyKeyCharacter(place, low, high)
                                  : Strings(place).AnyStep(place.state, low, high);
}

bool JsonReader::EndString(JsonPlace& place) {
  LiveAutomaton& strings = Strings(place);
  if (!strings.CanEnd(place.state)) {
    return false;
  }
  const std::vector<int32_t> members =
      strings.automaton().Members(strings.automaton().Truth(place.state));
  store_.text += '"';
  const bool alive = Complete(place, members);
  store_.text.pop_back();
  return alive;
}

}  // namespace millrace::grammar
