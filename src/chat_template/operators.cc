#include "chat_template/operators.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "chat_template/methods.h"
#include "chat_template/search.h"
#include "chat_template/stringify.h"
#include "chat_template/unicode.h"

namespace millrace::chat_template {

bool ScalarEquals(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) {
    if (left.is_integral() && right.is_integral()) {
      return left.AsInt() == right.AsInt();
    }
    if (left.is_unsigned() && right.is_unsigned()) {
      return left.unsigned_value() == right.unsigned_value();
    }
    return left.AsDouble() == right.AsDouble();
  }
  if (left.is_string() && right.is_string()) {
    return left.bytes() == right.bytes();
  }
  return (left.is_none() && right.is_none()) || (left.is_undefined() && right.is_undefined());
}

namespace {

base::Result<bool> SequencesEqual(Runtime& runtime, const Value& left, const Value& right) {
  bool same_kind =
      left.is_tuple() ? right.is_tuple() : left.sequence()->kind == right.sequence()->kind;
  if (!same_kind || left.items().size() != right.items().size()) {
    return false;
  }
  for (size_t i = 0; i < left.items().size(); ++i) {
    if (!TRY(Equals(runtime, left.items()[i], right.items()[i]))) {
      return false;
    }
  }
  return true;
}

base::Result<bool> DictsEqual(Runtime& runtime, const Dict& left, const Dict& right) {
  if (left.size() != right.size()) {
    return false;
  }
  for (const auto& [key, value] : left.entries()) {
    TRY(ChargeLookup(runtime, right, key));
    const Value* other = right.Find(key);
    if (other == nullptr || !TRY(Equals(runtime, value, *other))) {
      return false;
    }
  }
  return true;
}

base::Error NotComparable(const Value& left, const Value& right) {
  if (left.is_undefined() || right.is_undefined()) {
    return base::InvalidArgument((left.is_undefined() ? left : right).missing_message());
  }
  return base::InvalidArgument(
      fmt::format("'{}' and '{}' cannot be ordered", left.TypeName(), right.TypeName()));
}

}  // namespace

base::Result<bool> Equals(Runtime& runtime, const Value& left, const Value& right) {
  TRY(runtime.budget().Charge(1));
  if (left.is_sequence() && right.is_sequence()) {
    return left.sequence() == right.sequence() ? base::Result<bool>(true)
                                               : SequencesEqual(runtime, left, right);
  }
  if (left.is_dict() && right.is_dict()) {
    return &left.dict() == &right.dict() ? base::Result<bool>(true)
                                         : DictsEqual(runtime, left.dict(), right.dict());
  }
  if (left.is_object() && right.is_object()) {
    return left.object() == right.object();
  }
  if (left.is_string() && right.is_string() && left.bytes().size() == right.bytes().size()) {
    TRY(runtime.budget().ChargeReading(left));
  }
  return ScalarEquals(left, right);
}

base::Result<std::partial_ordering> Compare(Runtime& runtime, const Value& left,
                                            const Value& right) {
  TRY(runtime.budget().Charge(1));
  if (left.is_integral() && right.is_integral()) {
    return left.AsInt() <=> right.AsInt();
  }
  if (left.is_number() && right.is_number()) {
    return left.AsDouble() <=> right.AsDouble();
  }
  if (left.is_string() && right.is_string()) {
    TRY(runtime.budget().ChargeReading(left.bytes().size() < right.bytes().size() ? left : right));
    return left.bytes().compare(right.bytes()) <=> 0;
  }
  if ((left.is_list() && right.is_list()) || (left.is_tuple() && right.is_tuple())) {
    size_t common = std::min(left.items().size(), right.items().size());
    for (size_t i = 0; i < common; ++i) {
      if (!TRY(Equals(runtime, left.items()[i], right.items()[i]))) {
        return Compare(runtime, left.items()[i], right.items()[i]);
      }
    }
    return left.items().size() <=> right.items().size();
  }
  return NotComparable(left, right);
}

base::Result<bool> Contains(Runtime& runtime, const Value& container, const Value& item) {
  if (container.is_string()) {
    if (!item.is_string()) {
      return base::InvalidArgument(
          fmt::format("'in <string>' requires string as left operand, not {}", item.TypeName()));
    }
    TRY(runtime.budget().ChargeSearch(container.bytes().size(), item.bytes().size()));
    return FindForward(container.bytes(), item.bytes()) != std::string::npos;
  }
  if (container.is_dict()) {
    if (!item.Hashable()) {
      return base::InvalidArgument(fmt::format("unhashable type: '{}'", item.TypeName()));
    }
    TRY(ChargeLookup(runtime, container.dict(), item));
    return container.dict().Find(item) != nullptr;
  }
  if (!IsIterable(container)) {
    return base::InvalidArgument(
        fmt::format("argument of type '{}' is not iterable", container.TypeName()));
  }
  std::shared_ptr<const Sequence> sequence = TRY(Iterate(runtime, container));
  for (const Value& candidate : sequence->items) {
    if (TRY(Equals(runtime, candidate, item)) || candidate.Same(item)) {
      return true;
    }
  }
  return false;
}

base::Status ChargeLookup(Runtime& runtime, const Dict& dict, const Value& key) {
  return key.is_string() ? runtime.budget().ChargeReading(key)
                         : runtime.budget().ChargeNames(dict.size());
}

std::string Shortened(std::string_view name, size_t bytes_max) {
  if (name.size() <= bytes_max) {
    return std::string(name);
  }
  name = name.substr(0, bytes_max);
  name.remove_suffix(base::IncompleteUtf8Suffix(name));
  return std::string(name) + "…";
}

Value MissingAttribute(const Value& object, std::string_view name) {
  if (object.is_none()) {
    return Value::Undefined(fmt::format("'None' has no attribute '{}'", Shortened(name)));
  }
  return Value::Undefined(
      fmt::format("'{} object' has no attribute '{}'", object.TypeName(), Shortened(name)));
}

base::Result<Value> GetAttribute(Runtime& runtime, const Value& object, std::string_view name) {
  if (object.is_undefined()) {
    return base::InvalidArgument(object.missing_message());
  }
  switch (FindMethod(object, name)) {
    case MethodAccess::kCallable:
      return Value::FromObject(std::make_shared<BoundMethod>(object, std::string(name)));
    case MethodAccess::kUnsafe:
      return Value::Undefined(fmt::format("access to attribute '{}' of '{}' object is unsafe.",
                                          name, object.TypeName()));
    case MethodAccess::kNone:
      break;
  }
  if (object.is_dict()) {
    const Value* value = object.dict().Find(name);
    return value != nullptr ? *value : MissingAttribute(object, name);
  }
  if (object.is_object_kind(ObjectKind::kNamespace)) {
    const auto& space = static_cast<const Namespace&>(*object.object());
    TRY(runtime.budget().ChargeNames(space.attributes.size()));
    const Value* value = space.Find(name);
    return value != nullptr ? *value : MissingAttribute(object, name);
  }
  if (object.is_object_kind(ObjectKind::kLoop)) {
    return runtime.LoopAttribute(*object.object(), name);
  }
  if (object.is_sequence() && object.sequence()->kind == SequenceKind::kGroup &&
      (name == "grouper" || name == "list")) {
    return object.items()[name == "grouper" ? 0 : 1];
  }
  return MissingAttribute(object, name);
}

namespace {

bool IsIndexable(const Value& value) {
  return value.is_string() || value.is_list() || value.is_tuple() ||
         (value.is_sequence() && value.sequence()->kind == SequenceKind::kRange);
}

base::Result<Value> ItemAt(Runtime& runtime, const Value& object, int64_t index) {
  bool text = object.is_string();
  if (text) {
    TRY(runtime.budget().ChargeCharacters(object.bytes().size()));
  }
  auto count = static_cast<int64_t>(text ? CodePointCount(object.bytes()) : object.items().size());
  if (index < 0) {
    index += count;
  }
  if (index < 0 || index >= count) {
    return Value::Undefined(fmt::format("{} object has no element {}", object.TypeName(), index));
  }
  if (!text) {
    return object.items()[static_cast<size_t>(index)];
  }
  size_t begin = ByteOffset(object.bytes(), static_cast<size_t>(index));
  size_t length = base::DecodeUtf8(std::string_view(object.bytes()).substr(begin)).length;
  return Value::FromText(object.text().Slice(begin, begin + length), object.is_markup());
}

}  // namespace

base::Result<Value> GetItem(Runtime& runtime, const Value& object, const Value& key) {
  if (object.is_undefined()) {
    return base::InvalidArgument(object.missing_message());
  }
  if (object.is_dict() && key.Hashable()) {
    TRY(ChargeLookup(runtime, object.dict(), key));
    if (const Value* value = object.dict().Find(key)) {
      return *value;
    }
  }
  if (IsIndexable(object) && key.is_integral()) {
    return ItemAt(runtime, object, key.AsInt());
  }
  if (key.is_string()) {
    Value value = TRY(GetAttribute(runtime, object, key.bytes()));
    // A key out of the conversation is not quoted in a message.
    bool literal = key.text().uniform() && key.text().OriginAt(0) == Origin::kTemplate;
    return value.is_undefined() && !literal ? MissingAttribute(object, "…") : value;
  }
  return Value::Undefined(fmt::format("{} object has no such element", object.TypeName()));
}

namespace {

struct Range {
  int64_t start = 0;
  int64_t stop = 0;
  int64_t step = 1;
};

base::Result<int64_t> BoundOr(const Value& bound, int64_t otherwise) {
  if (bound.is_none()) {
    return otherwise;
  }
  if (!bound.is_integral()) {
    return base::InvalidArgument(bound.is_undefined() ? bound.missing_message()
                                                      : "slice indices must be integers or None");
  }
  return bound.AsInt();
}

// Python's rules: negative bounds count from the end, all are clamped.
base::Result<Range> Resolve(const SliceBounds& bounds, int64_t count) {
  Range range;
  range.step = TRY(BoundOr(bounds.step, 1));
  if (range.step == 0) {
    return base::InvalidArgument("slice step cannot be zero");
  }
  bool backward = range.step < 0;
  auto clamp = [&](int64_t index) {
    if (index < 0) {
      index = index < -count ? -1 : index + count;
      return std::max<int64_t>(index, backward ? -1 : 0);
    }
    return std::min(index, backward ? count - 1 : count);
  };
  int64_t first = TRY(BoundOr(bounds.start, 0));
  int64_t last = TRY(BoundOr(bounds.stop, 0));
  range.start = !bounds.start.is_none() ? clamp(first) : backward ? count - 1 : 0;
  range.stop = !bounds.stop.is_none() ? clamp(last) : backward ? -1 : count;
  // No longer step than the count makes a difference, and a clamped one cannot overflow.
  range.step = std::clamp(range.step, -count - 1, count + 1);
  return range;
}

bool Within(const Range& range, int64_t index) {
  return range.step > 0 ? index < range.stop : index > range.stop;
}

base::Result<Value> SliceOfText(Runtime& runtime, const Value& object, const SliceBounds& bounds) {
  const std::string& bytes = object.bytes();
  TRY(runtime.budget().ChargeCharacters(bytes.size()));
  std::vector<uint32_t> offsets;  // of each character, and the end
  for (size_t at = 0; at < bytes.size();) {
    offsets.push_back(static_cast<uint32_t>(at));
    at += base::DecodeUtf8(std::string_view(bytes).substr(at)).length;
  }
  auto count = static_cast<int64_t>(offsets.size());
  offsets.push_back(static_cast<uint32_t>(bytes.size()));
  Range range = TRY(Resolve(bounds, count));
  if (range.step == 1) {
    auto begin = static_cast<size_t>(range.start);
    auto end = static_cast<size_t>(std::max(range.start, range.stop));
    return Value::FromText(object.text().Slice(offsets[begin], offsets[end]), object.is_markup());
  }
  Text text;
  for (int64_t i = range.start; Within(range, i); i += range.step) {
    auto index = static_cast<size_t>(i);
    text.Append(std::string_view(bytes).substr(offsets[index], offsets[index + 1] - offsets[index]),
                object.text().OriginAt(offsets[index]));
  }
  return Value::FromText(std::move(text), object.is_markup());
}

}  // namespace

base::Result<Value> GetSlice(Runtime& runtime, const Value& object, const SliceBounds& bounds) {
  if (object.is_undefined()) {
    return base::InvalidArgument(object.missing_message());
  }
  if (object.is_string()) {
    return SliceOfText(runtime, object, bounds);
  }
  if (!IsIndexable(object)) {
    return base::InvalidArgument(fmt::format("'{}' object cannot be sliced", object.TypeName()));
  }
  const std::vector<Value>& all = object.items();
  Range range = TRY(Resolve(bounds, static_cast<int64_t>(all.size())));
  TRY(runtime.budget().ChargeItems(all.size()));
  std::vector<Value> items;
  for (int64_t i = range.start; Within(range, i); i += range.step) {
    items.push_back(all[static_cast<size_t>(i)]);
  }
  return Value::List(std::move(items),
                     object.is_tuple() ? SequenceKind::kTuple : SequenceKind::kList);
}

std::vector<Value> Characters(const Text& text) {
  std::vector<Value> characters;
  for (size_t at = 0; at < text.size();) {
    size_t length = base::DecodeUtf8(std::string_view(text.bytes()).substr(at)).length;
    characters.push_back(Value::FromText(text.Slice(at, at + length)));
    at += length;
  }
  return characters;
}

bool IsIterable(const Value& value) {
  return value.is_sequence() || value.is_dict() || value.is_string() || value.is_undefined() ||
         value.is_object_kind(ObjectKind::kGenerator);
}

base::Result<std::shared_ptr<const Sequence>> Iterate(Runtime& runtime, const Value& value) {
  if (value.is_sequence()) {
    TRY(runtime.budget().Charge(static_cast<int64_t>(value.items().size() / 8)));
    return value.sequence();
  }
  std::vector<Value> items;
  if (value.is_dict()) {
    for (const auto& [key, unused] : value.dict().entries()) {
      items.push_back(key);
    }
  } else if (value.is_string()) {
    TRY(runtime.budget().ChargeItems(value.text().size() * 2));
    items = Characters(value.text());
  } else if (value.is_object_kind(ObjectKind::kGenerator)) {
    auto& generator = static_cast<Generator&>(*value.object());
    std::shared_ptr<const Sequence> all = generator.sequence;
    auto rest = all->items.begin() + static_cast<std::ptrdiff_t>(generator.cursor);
    items.assign(rest, all->items.end());
    generator.cursor = all->items.size();
  } else if (!value.is_undefined()) {
    return base::InvalidArgument(fmt::format("'{}' object is not iterable", value.TypeName()));
  }
  TRY(runtime.budget().ChargeItems(items.size()));
  return Value::List(std::move(items)).sequence();
}

base::Result<int64_t> Length(Runtime& runtime, const Value& value) {
  if (value.is_string()) {
    TRY(runtime.budget().ChargeCharacters(value.bytes().size()));
    return static_cast<int64_t>(CodePointCount(value.bytes()));
  }
  if (value.is_sequence()) {
    return static_cast<int64_t>(value.items().size());
  }
  if (value.is_dict()) {
    return static_cast<int64_t>(value.dict().size());
  }
  if (value.is_undefined()) {
    return 0;
  }
  if (value.is_object_kind(ObjectKind::kLoop)) {
    Value length = TRY(runtime.LoopAttribute(*value.object(), "length"));
    return length.int_value();
  }
  return base::InvalidArgument(fmt::format("object of type '{}' has no len()", value.TypeName()));
}

Text EscapedHtml(const Text& text) {
  return text.MapRuns([](std::string_view bytes) {
    std::string out;
    for (char c : bytes) {
      switch (c) {
        case '&':
          out += "&amp;";
          break;
        case '<':
          out += "&lt;";
          break;
        case '>':
          out += "&gt;";
          break;
        case '\'':
          out += "&#39;";
          break;
        case '"':
          out += "&#34;";
          break;
        default:
          out += c;
      }
    }
    return out;
  });
}

}  // namespace millrace::chat_template
