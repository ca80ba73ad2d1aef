#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "chat_template/arguments.h"
#include "chat_template/methods.h"
#include "chat_template/operators.h"
#include "chat_template/search.h"
#include "chat_template/splitting.h"
#include "chat_template/unicode.h"

namespace millrace::chat_template {

namespace {

using base::Result;

bool HasCodePoint(std::string_view set, std::string_view character) {
  return set.find(character) != std::string_view::npos;
}

std::string_view FirstCharacter(std::string_view text) {
  return text.substr(0, base::DecodeUtf8(text).length);
}

Result<Value> Same(Runtime& runtime, const Value& receiver, Text text) {
  return MakeText(runtime, std::move(text), receiver.is_markup());
}

Value ListOf(std::vector<Text> parts, bool markup) {
  std::vector<Value> items;
  items.reserve(parts.size());
  for (Text& part : parts) {
    items.push_back(Value::FromText(std::move(part), markup));
  }
  return Value::List(std::move(items));
}

// ---- case ----

Text Upper(const Text& text) { return text.MapRuns(Uppercased); }
Text Lower(const Text& text) { return text.MapRuns(Lowercased); }

Text SwapCase(const Text& text) {
  return text.MapRuns([](std::string_view bytes) {
    std::string out;
    while (!bytes.empty()) {
      std::string_view character = FirstCharacter(bytes);
      char32_t c = base::DecodeUtf8(bytes).code_point;
      out += IsUpper(c) ? Lowercased(character) : Uppercased(character);
      bytes.remove_prefix(character.size());
    }
    return out;
  });
}

// str.title(): a letter is a capital unless a letter precedes it.
Text TitleCase(const Text& text) {
  bool after_letter = false;
  return text.MapRuns([&after_letter](std::string_view bytes) {
    std::string out;
    while (!bytes.empty()) {
      std::string_view character = FirstCharacter(bytes);
      char32_t c = base::DecodeUtf8(bytes).code_point;
      bool letter = IsUpper(c) || IsLower(c);
      out += letter && !after_letter ? Uppercased(character) : Lowercased(character);
      after_letter = letter;
      bytes.remove_prefix(character.size());
    }
    return out;
  });
}

template <Text (*kMap)(const Text&)>
Result<Value> Mapped(Runtime& runtime, const Value& receiver, const Arguments& arguments) {
  TRY(BoundArguments::Bind("method", arguments, {}));
  TRY(runtime.budget().ChargeCharacters(receiver.bytes().size()));
  return Same(runtime, receiver, kMap(receiver.text()));
}

// ---- stripping ----

template <StripEnds kEnds>
Result<Value> Strip(Runtime& runtime, const Value& receiver, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("strip", arguments, {"chars"}));
  std::optional<Text> chars;
  if (bound.Has(0)) {
    chars = TRY(bound.TextOr(0, {}));
  }
  Text stripped = TRY(Stripped(runtime, receiver.text(), chars, kEnds));
  return Same(runtime, receiver, std::move(stripped));
}

template <bool kPrefix>
Result<Value> RemoveAffix(Runtime& runtime, const Value& receiver, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("removeprefix", arguments, {"affix"}, 1));
  Text affix = TRY(bound.TextOr(0, {}));
  const std::string& bytes = receiver.bytes();
  if (kPrefix ? !bytes.starts_with(affix.bytes()) : !bytes.ends_with(affix.bytes())) {
    return receiver;
  }
  return Same(runtime, receiver,
              kPrefix ? receiver.text().Slice(affix.size(), bytes.size())
                      : receiver.text().Slice(0, bytes.size() - affix.size()));
}

// ---- splitting ----

template <bool kFromRight>
Result<Value> Split(Runtime& runtime, const Value& receiver, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("split", arguments, {"sep", "maxsplit"}));
  int64_t splits_max = TRY(bound.IntOr(1, -1));
  const Text& text = receiver.text();
  std::vector<Text> parts;
  if (!bound.Has(0)) {
    parts = TRY(kFromRight ? SplitAtSpaceFromRight(runtime, text, splits_max)
                           : SplitAtSpace(runtime, text, splits_max));
  } else {
    Text separator = TRY(bound.TextOr(0, {}));
    if (separator.empty()) {
      return base::InvalidArgument("empty separator");
    }
    parts = TRY(kFromRight ? SplitAtFromRight(runtime, text, separator.bytes(), splits_max)
                           : SplitAt(runtime, text, separator.bytes(), splits_max));
  }
  return ListOf(std::move(parts), receiver.is_markup());
}

Result<Value> SplitLinesMethod(Runtime& runtime, const Value& receiver,
                               const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("splitlines", arguments, {"keepends"}));
  std::vector<Text> lines = TRY(SplitLines(runtime, receiver.text(), bound.TruthOr(0, false)));
  return ListOf(std::move(lines), receiver.is_markup());
}

template <bool kFromRight>
Result<Value> Partition(Runtime& runtime, const Value& receiver, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("partition", arguments, {"sep"}, 1));
  Text separator = TRY(bound.TextOr(0, {}));
  const Text& text = receiver.text();
  if (separator.empty()) {
    return base::InvalidArgument("empty separator");
  }
  TRY(runtime.budget().ChargeSearch(text.size(), separator.size()));
  size_t found = kFromRight
                     ? BackwardSearch(text.bytes(), separator.bytes()).FindBefore(text.size())
                     : FindForward(text.bytes(), separator.bytes());
  std::vector<Text> parts(3);
  if (found == std::string::npos) {
    parts[kFromRight ? 2 : 0] = text;
  } else {
    parts[0] = text.Slice(0, found);
    parts[1] = text.Slice(found, found + separator.size());
    parts[2] = text.Slice(found + separator.size(), text.size());
  }
  return Value::Tuple(ListOf(std::move(parts), receiver.is_markup()).items());
}

// ---- searching ----

// The bytes between two character positions, which may be negative.
struct Window {
  size_t begin = 0;
  std::string_view bytes;
};

Result<Window> WindowOf(Runtime& runtime, const std::string& bytes, const BoundArguments& bound) {
  if (!bound.Has(1) && !bound.Has(2)) {
    return Window{0, bytes};
  }
  TRY(runtime.budget().ChargeCharacters(bytes.size()));
  auto count = static_cast<int64_t>(CodePointCount(bytes));
  auto clamp = [count](int64_t index) {
    return static_cast<size_t>(std::clamp<int64_t>(index < 0 ? index + count : index, 0, count));
  };
  size_t first = clamp(bound.Has(1) ? TRY(bound.IntOr(1, 0)) : 0);
  size_t last = clamp(bound.Has(2) ? TRY(bound.IntOr(2, 0)) : count);
  size_t begin = ByteOffset(bytes, first);
  size_t end = std::max(begin, ByteOffset(bytes, last));
  return Window{begin, std::string_view(bytes).substr(begin, end - begin)};
}

template <bool kPrefix>
Result<Value> HasAffix(Runtime& runtime, const Value& receiver, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("startswith", arguments, {"affix", "start", "end"}, 1));
  Window window = TRY(WindowOf(runtime, receiver.bytes(), bound));
  auto matches = [&](const Value& affix) {
    return kPrefix ? window.bytes.starts_with(affix.bytes())
                   : window.bytes.ends_with(affix.bytes());
  };
  if (bound[0]->is_tuple()) {
    TRY(runtime.budget().ChargeItems(bound[0]->items().size()));
    for (const Value& affix : bound[0]->items()) {
      if (!affix.is_string()) {
        return base::InvalidArgument("the tuple must hold strings");
      }
      if (matches(affix)) {
        return Value::Bool(true);
      }
    }
    return Value::Bool(false);
  }
  TRY(bound.TextOr(0, {}));
  return Value::Bool(matches(*bound[0]));
}

enum class Search { kFind, kIndex, kCount };

template <Search kSearch, bool kFromRight>
Result<Value> FindText(Runtime& runtime, const Value& receiver, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("find", arguments, {"sub", "start", "end"}, 1));
  Text wanted = TRY(bound.TextOr(0, {}));
  TRY(runtime.budget().ChargeSearch(receiver.bytes().size(), wanted.size()));
  Window window = TRY(WindowOf(runtime, receiver.bytes(), bound));
  if (kSearch == Search::kCount) {
    if (wanted.empty()) {
      TRY(runtime.budget().ChargeCharacters(window.bytes.size()));
      return Value::Int(static_cast<int64_t>(CodePointCount(window.bytes)) + 1);
    }
    int64_t count = 0;
    size_t at = 0;
    while ((at = FindForward(window.bytes, wanted.bytes(), at)) != std::string_view::npos) {
      at += wanted.size();
      ++count;
    }
    return Value::Int(count);
  }
  size_t found = kFromRight
                     ? BackwardSearch(window.bytes, wanted.bytes()).FindBefore(window.bytes.size())
                     : FindForward(window.bytes, wanted.bytes());
  if (found == std::string_view::npos) {
    return kSearch == Search::kIndex ? Result<Value>(base::InvalidArgument("substring not found"))
                                     : Value::Int(-1);
  }
  TRY(runtime.budget().ChargeCharacters(window.begin + found));
  std::string_view before = std::string_view(receiver.bytes()).substr(0, window.begin + found);
  return Value::Int(static_cast<int64_t>(CodePointCount(before)));
}

// ---- classes of characters ----

template <bool (*kTest)(char32_t)>
Result<Value> AllAre(Runtime& runtime, const Value& receiver, const Arguments& arguments) {
  TRY(BoundArguments::Bind("method", arguments, {}));
  std::string_view bytes = receiver.bytes();
  TRY(runtime.budget().ChargeCharacters(bytes.size()));
  bool all = !bytes.empty();
  while (all && !bytes.empty()) {
    base::Utf8Char c = base::DecodeUtf8(bytes);
    all = c.valid && kTest(c.code_point);
    bytes.remove_prefix(c.length);
  }
  return Value::Bool(all);
}

bool IsLetterOrDigit(char32_t c) { return IsLetter(c) || IsDigit(c); }
bool IsAscii(char32_t c) { return c < 0x80; }

// At least one letter with case, and none of the other case.
template <bool kUpperCase>
Result<Value> IsCase(Runtime& runtime, const Value& receiver, const Arguments& arguments) {
  TRY(BoundArguments::Bind("method", arguments, {}));
  std::string_view bytes = receiver.bytes();
  TRY(runtime.budget().ChargeCharacters(bytes.size()));
  bool any = false;
  while (!bytes.empty()) {
    base::Utf8Char c = base::DecodeUtf8(bytes);
    if (kUpperCase ? IsLower(c.code_point) : IsUpper(c.code_point)) {
      return Value::Bool(false);
    }
    any = any || (kUpperCase ? IsUpper(c.code_point) : IsLower(c.code_point));
    bytes.remove_prefix(c.length);
  }
  return Value::Bool(any);
}

// ---- building ----

Result<Value> JoinMethod(Runtime& runtime, const Value& receiver, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("join", arguments, {"iterable"}, 1));
  std::shared_ptr<const Sequence> sequence = TRY(Iterate(runtime, *bound[0]));
  Text text;
  for (size_t i = 0; i < sequence->items.size(); ++i) {
    const Value& item = sequence->items[i];
    if (!item.is_string()) {
      return base::InvalidArgument(
          fmt::format("sequence item {}: expected str instance, {} found", i, item.TypeName()));
    }
    TRY(runtime.budget().ChargeText(item.text().size() + receiver.text().size()));
    TRY(runtime.budget().LimitText(text.size()));
    if (i > 0) {
      text.Append(receiver.text());
    }
    text.Append(receiver.is_markup() && !item.is_markup() ? EscapedHtml(item.text()) : item.text());
  }
  return Same(runtime, receiver, std::move(text));
}

Result<Value> Replace(Runtime& runtime, const Value& receiver, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("replace", arguments, {"old", "new", "count"}, 2));
  Text from = TRY(bound.TextOr(0, {}));
  Text to = TRY(bound.TextOr(1, {}));
  int64_t count = TRY(bound.IntOr(2, -1));
  if (receiver.is_markup() && !bound[1]->is_markup()) {
    to = EscapedHtml(to);
  }
  Text replaced = TRY(Replaced(runtime, receiver.text(), from, to, count));
  return Same(runtime, receiver, std::move(replaced));
}

// Pays for counting.
Result<int64_t> CharactersOf(Runtime& runtime, const Text& text) {
  TRY(runtime.budget().ChargeCharacters(text.size()));
  return static_cast<int64_t>(CodePointCount(text.bytes()));
}

Result<Text> Padding(Runtime& runtime, int64_t count, const Text& fill) {
  if (TRY(CharactersOf(runtime, fill)) != 1) {
    return base::InvalidArgument("the fill must be exactly one character long");
  }
  Text padding;
  auto copies = static_cast<size_t>(std::max<int64_t>(count, 0));
  TRY(runtime.budget().ChargeText(copies > SIZE_MAX / 4 ? SIZE_MAX : copies * fill.size()));
  TRY(runtime.budget().ChargeCharacters(copies));
  for (size_t i = 0; i < copies; ++i) {
    padding.Append(fill);
  }
  return padding;
}

enum class Align { kLeft, kRight, kCenter };

template <Align kAlign>
Result<Value> Justify(Runtime& runtime, const Value& receiver, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("ljust", arguments, {"width", "fillchar"}, 1));
  int64_t width = TRY(bound.IntOr(0, 0));
  Text fill = TRY(bound.TextOr(1, Text(" ", Origin::kTemplate)));
  const Text& text = receiver.text();
  if (kAlign == Align::kCenter) {
    Text centered = TRY(Centered(runtime, text, width, fill));
    return Same(runtime, receiver, std::move(centered));
  }
  int64_t length = TRY(CharactersOf(runtime, text));
  Text padding = TRY(Padding(runtime, width < length ? 0 : width - length, fill));
  Text result = kAlign == Align::kLeft ? text : padding;
  result.Append(kAlign == Align::kLeft ? padding : text);
  return Same(runtime, receiver, std::move(result));
}

Result<Value> ZeroFill(Runtime& runtime, const Value& receiver, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("zfill", arguments, {"width"}, 1));
  int64_t width = TRY(bound.IntOr(0, 0));
  const Text& text = receiver.text();
  int64_t length = TRY(CharactersOf(runtime, text));
  Text zeros =
      TRY(Padding(runtime, width < length ? 0 : width - length, Text("0", Origin::kTemplate)));
  bool sign = !text.empty() && (text.bytes()[0] == '-' || text.bytes()[0] == '+');
  Text result = text.Slice(0, sign ? 1 : 0);
  result.Append(zeros);
  result.Append(text.Slice(sign ? 1 : 0, text.size()));
  return Same(runtime, receiver, std::move(result));
}

struct NamedMethod {
  std::string_view name;
  StringMethod method;
};

constexpr NamedMethod kMethods[] = {
    {"capitalize", Mapped<Capitalized>},
    {"casefold", Mapped<Lower>},
    {"center", Justify<Align::kCenter>},
    {"count", FindText<Search::kCount, false>},
    {"endswith", HasAffix<false>},
    {"find", FindText<Search::kFind, false>},
    {"format", FormatBraces},
    {"index", FindText<Search::kIndex, false>},
    {"isalnum", AllAre<IsLetterOrDigit>},
    {"isalpha", AllAre<IsLetter>},
    {"isascii", AllAre<IsAscii>},
    {"isdecimal", AllAre<IsDigit>},
    {"isdigit", AllAre<IsDigit>},
    {"islower", IsCase<false>},
    {"isnumeric", AllAre<IsDigit>},
    {"isspace", AllAre<IsSpace>},
    {"isupper", IsCase<true>},
    {"join", JoinMethod},
    {"ljust", Justify<Align::kLeft>},
    {"lower", Mapped<Lower>},
    {"lstrip", Strip<StripEnds::kLeft>},
    {"partition", Partition<false>},
    {"removeprefix", RemoveAffix<true>},
    {"removesuffix", RemoveAffix<false>},
    {"replace", Replace},
    {"rfind", FindText<Search::kFind, true>},
    {"rindex", FindText<Search::kIndex, true>},
    {"rjust", Justify<Align::kRight>},
    {"rpartition", Partition<true>},
    {"rsplit", Split<true>},
    {"rstrip", Strip<StripEnds::kRight>},
    {"split", Split<false>},
    {"splitlines", SplitLinesMethod},
    {"startswith", HasAffix<true>},
    {"strip", Strip<StripEnds::kBoth>},
    {"swapcase", Mapped<SwapCase>},
    {"title", Mapped<TitleCase>},
    {"upper", Mapped<Upper>},
    {"zfill", ZeroFill},
};

}  // namespace

StringMethod FindStringMethod(std::string_view name) {
  auto found = std::lower_bound(
      std::begin(kMethods), std::end(kMethods), name,
      [](const NamedMethod& method, std::string_view wanted) { return method.name < wanted; });
  return found != std::end(kMethods) && found->name == name ? found->method : nullptr;
}

Result<Text> Stripped(Runtime& runtime, const Text& text, const std::optional<Text>& chars,
                      StripEnds ends) {
  TRY(runtime.budget().Charge(
      static_cast<int64_t>(text.size() / 64 * (1 + (chars.has_value() ? chars->size() / 16 : 0)))));
  std::string_view bytes = text.bytes();
  size_t begin = 0;
  size_t end = bytes.size();
  if (!chars.has_value()) {
    begin = ends == StripEnds::kRight ? 0 : LeadingSpace(bytes);
    end -= ends == StripEnds::kLeft ? 0 : TrailingSpace(bytes.substr(begin));
    TRY(runtime.budget().ChargeCharacters(begin + bytes.size() - end));
    return text.Slice(begin, end);
  }
  while (ends != StripEnds::kRight && begin < end &&
         HasCodePoint(chars->bytes(), FirstCharacter(bytes.substr(begin, end - begin)))) {
    begin += FirstCharacter(bytes.substr(begin, end - begin)).size();
  }
  while (ends != StripEnds::kLeft && begin < end) {
    size_t last = begin + LastCodePoint(bytes.substr(begin, end - begin));
    if (!HasCodePoint(chars->bytes(), bytes.substr(last, end - last))) {
      break;
    }
    end = last;
  }
  TRY(runtime.budget().ChargeCharacters(begin + bytes.size() - end));
  return text.Slice(begin, end);
}

Result<Text> Replaced(Runtime& runtime, const Text& text, const Text& from, const Text& to,
                      int64_t count) {
  TRY(runtime.budget().ChargeSearch(text.size(), from.size()));
  Text out;
  size_t at = 0;
  while (count != 0) {
    size_t found = FindForward(text.bytes(), from.bytes(), at);
    if (found == std::string::npos) {
      break;
    }
    TRY(runtime.budget().ChargeText(to.size()));
    TRY(runtime.budget().LimitText(out.size()));
    out.Append(text.Slice(at, found));
    out.Append(to);
    at = found + from.size();
    --count;
    if (from.empty()) {  // between all characters, and at both ends
      if (at == text.size()) {
        return out;
      }
      size_t next = at + FirstCharacter(std::string_view(text.bytes()).substr(at)).size();
      out.Append(text.Slice(at, next));
      at = next;
    }
  }
  out.Append(text.Slice(at, text.size()));
  return out;
}

Text Capitalized(const Text& text) {
  size_t first = text.empty() ? 0 : FirstCharacter(text.bytes()).size();
  Text result = text.Slice(0, first).MapRuns(Uppercased);
  result.Append(text.Slice(first, text.size()).MapRuns(Lowercased));
  return result;
}

Result<Text> Centered(Runtime& runtime, const Text& text, int64_t width, const Text& fill) {
  int64_t length = TRY(CharactersOf(runtime, text));
  int64_t margin = width < length ? 0 : width - length;
  int64_t left = margin / 2 + (margin & width & 1);  // an odd rest goes left in odd widths
  Text result = TRY(Padding(runtime, left, fill));
  Text right = TRY(Padding(runtime, margin - left, fill));
  result.Append(text);
  result.Append(right);
  return result;
}

}  // namespace millrace::chat_template
