// Filters on sequences and mappings.
#include <fmt/format.h>

#include <algorithm>

#include "chat_template/arguments.h"
#include "chat_template/builtins.h"
#include "chat_template/operators.h"
#include "chat_template/stringify.h"
#include "chat_template/unicode.h"

namespace millrace::chat_template {

namespace {

using base::Result;
using base::Status;
using Items = std::shared_ptr<const Sequence>;

// ---- sorting ----

struct Keyed {
  Value key;
  Value item;
};

enum class Direction { kRising, kFalling };

// Stable merge sort; equal items keep their order in both directions. Fails where two keys cannot
// be compared.
Status SortByKey(Runtime& runtime, std::vector<Keyed>& entries, Direction direction) {
  std::vector<Keyed> merged(entries.size());
  for (size_t width = 1; width < entries.size(); width *= 2) {
    for (size_t begin = 0; begin < entries.size(); begin += 2 * width) {
      size_t middle = std::min(begin + width, entries.size());
      size_t end = std::min(begin + 2 * width, entries.size());
      size_t left = begin;
      size_t right = middle;
      for (size_t out = begin; out < end; ++out) {
        bool take_right = left == middle;
        if (!take_right && right < end) {
          std::partial_ordering order =
              TRY(Compare(runtime, entries[right].key, entries[left].key));
          take_right = direction == Direction::kRising ? std::is_lt(order) : std::is_gt(order);
        }
        merged[out] = std::move(entries[take_right ? right++ : left++]);
      }
    }
    entries.swap(merged);
  }
  return {};
}

Result<Value> IgnoringCase(Runtime& runtime, Value value, bool case_sensitive) {
  if (case_sensitive || !value.is_string()) {
    return value;
  }
  TRY(runtime.budget().ChargeCharacters(value.bytes().size()));
  return Value::FromText(value.text().MapRuns(Lowercased));
}

// The attribute, or for "a,b" the tuple of both.
Result<Value> KeyOf(Runtime& runtime, const Value& item, const Value* attribute,
                    bool case_sensitive) {
  if (attribute == nullptr || attribute->is_none()) {
    return IgnoringCase(runtime, item, case_sensitive);
  }
  if (!attribute->is_string() || attribute->bytes().find(',') == std::string::npos) {
    return IgnoringCase(runtime, TRY(LookUpPath(runtime, item, *attribute)), case_sensitive);
  }
  std::vector<Value> keys;
  std::string_view rest = attribute->bytes();
  while (true) {
    size_t comma = std::min(rest.find(','), rest.size());
    Value key = TRY(LookUpPath(runtime, item, Value::Literal(std::string(rest.substr(0, comma)))));
    keys.push_back(TRY(IgnoringCase(runtime, std::move(key), case_sensitive)));
    if (comma == rest.size()) {
      return Value::Tuple(std::move(keys));
    }
    rest.remove_prefix(comma + 1);
  }
}

Result<std::vector<Keyed>> WithKeys(Runtime& runtime, const Value& input, const Value* attribute,
                                    bool case_sensitive) {
  Items items = TRY(Iterate(runtime, input));
  TRY(runtime.budget().ChargeItems(items->items.size()));
  std::vector<Keyed> entries;
  for (const Value& item : items->items) {
    Value key = TRY(KeyOf(runtime, item, attribute, case_sensitive));
    entries.push_back({std::move(key), item});
  }
  return entries;
}

std::vector<Value> ItemsOf(std::vector<Keyed> entries) {
  std::vector<Value> items;
  for (Keyed& entry : entries) {
    items.push_back(std::move(entry.item));
  }
  return items;
}

Result<Value> Sort(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound =
      TRY(BoundArguments::Bind("sort", arguments, {"reverse", "case_sensitive", "attribute"}));
  std::vector<Keyed> entries = TRY(WithKeys(runtime, input, bound[2], bound.TruthOr(1, false)));
  TRY(SortByKey(runtime, entries,
                bound.TruthOr(0, false) ? Direction::kFalling : Direction::kRising));
  return Value::List(ItemsOf(std::move(entries)));
}

Result<Value> DictSort(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound =
      TRY(BoundArguments::Bind("dictsort", arguments, {"case_sensitive", "by", "reverse"}));
  Text by = TRY(bound.TextOr(1, Text("key", Origin::kTemplate)));
  if (by.bytes() != "key" && by.bytes() != "value") {
    return base::InvalidArgument("You can only sort by either \"key\" or \"value\"");
  }
  if (!input.is_dict()) {
    return base::InvalidArgument("dictsort needs a mapping");
  }
  TRY(runtime.budget().ChargeItems(input.dict().size() * 2));
  std::vector<Keyed> entries;
  for (const auto& [key, value] : input.dict().entries()) {
    Value sorted_by = by.bytes() == "key" ? key : value;
    sorted_by = TRY(IgnoringCase(runtime, std::move(sorted_by), bound.TruthOr(0, false)));
    entries.push_back({std::move(sorted_by), Value::Tuple({key, value})});
  }
  TRY(SortByKey(runtime, entries,
                bound.TruthOr(2, false) ? Direction::kFalling : Direction::kRising));
  return Value::List(ItemsOf(std::move(entries)));
}

Result<Value> GroupBy(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(
      BoundArguments::Bind("groupby", arguments, {"attribute", "default", "case_sensitive"}, 1));
  bool case_sensitive = bound.TruthOr(2, false);
  Items items = TRY(Iterate(runtime, input));
  std::vector<Keyed> entries;
  for (const Value& item : items->items) {
    Value key = TRY(LookUpPath(runtime, item, *bound[0]));
    if (key.is_undefined() && bound.Has(1)) {
      key = *bound[1];
    }
    TRY(runtime.budget().ChargeItems(3));
    Value sorted_by = TRY(IgnoringCase(runtime, key, case_sensitive));
    entries.push_back({std::move(sorted_by), Value::Tuple({key, item})});
  }
  TRY(SortByKey(runtime, entries, Direction::kRising));
  std::vector<Value> groups;
  for (size_t begin = 0; begin < entries.size();) {
    std::vector<Value> members;
    size_t end = begin;
    while (end < entries.size() && TRY(Equals(runtime, entries[end].key, entries[begin].key))) {
      members.push_back(entries[end++].item.items()[1]);
    }
    if (end == begin) {  // not a number differs from itself
      members.push_back(entries[end++].item.items()[1]);
    }
    groups.push_back(Value::List({entries[begin].item.items()[0], Value::List(std::move(members))},
                                 SequenceKind::kGroup));
    begin = end;
  }
  return Value::List(std::move(groups));
}

Result<Value> Unique(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("unique", arguments, {"case_sensitive", "attribute"}));
  std::vector<Keyed> entries = TRY(WithKeys(runtime, input, bound[1], bound.TruthOr(0, false)));
  std::vector<Value> seen;
  std::vector<Value> kept;
  for (Keyed& entry : entries) {
    bool known = false;
    for (size_t i = 0; i < seen.size() && !known; ++i) {
      known = TRY(Equals(runtime, seen[i], entry.key));
    }
    if (!known) {
      seen.push_back(std::move(entry.key));
      kept.push_back(std::move(entry.item));
    }
  }
  return MakeGenerator(runtime, std::move(kept));
}

template <Direction kBest>  // kRising: the smallest
Result<Value> Extreme(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("min", arguments, {"case_sensitive", "attribute"}));
  std::vector<Keyed> entries = TRY(WithKeys(runtime, input, bound[1], bound.TruthOr(0, false)));
  if (entries.empty()) {
    return Value::Undefined("No aggregated item, sequence was empty.");
  }
  size_t best = 0;
  for (size_t i = 1; i < entries.size(); ++i) {
    std::partial_ordering order = TRY(Compare(runtime, entries[i].key, entries[best].key));
    if (kBest == Direction::kRising ? std::is_lt(order) : std::is_gt(order)) {
      best = i;
    }
  }
  return entries[best].item;
}

// ---- picking and shaping ----

Result<Value> LengthFilter(Runtime& runtime, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("length", arguments, {}));
  int64_t length = TRY(Length(runtime, input));
  return Value::Int(length);
}

Result<Value> First(Runtime& runtime, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("first", arguments, {}));
  Items items = TRY(Iterate(runtime, input));
  return items->items.empty() ? Value::Undefined("No first item, sequence was empty.")
                              : items->items.front();
}

Result<Value> Last(Runtime& runtime, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("last", arguments, {}));
  if (input.is_object_kind(ObjectKind::kGenerator)) {
    return base::InvalidArgument("'generator' object is not reversible");
  }
  Items items = TRY(Iterate(runtime, input));
  return items->items.empty() ? Value::Undefined("No last item, sequence was empty.")
                              : items->items.back();
}

Result<Value> ListFilter(Runtime& runtime, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("list", arguments, {}));
  Items items = TRY(Iterate(runtime, input));
  TRY(runtime.budget().ChargeItems(items->items.size()));
  return Value::List(items->items);
}

Result<Value> Reverse(Runtime& runtime, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("reverse", arguments, {}));
  if (input.is_string()) {
    return GetSlice(runtime, input, {.step = Value::Int(-1)});
  }
  Items items = TRY(Iterate(runtime, input));
  return MakeGenerator(runtime, {items->items.rbegin(), items->items.rend()});
}

Result<Value> ItemsFilter(Runtime& runtime, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("items", arguments, {}));
  if (input.is_undefined()) {
    return MakeGenerator(runtime, {});
  }
  if (!input.is_dict()) {
    return base::InvalidArgument("Can only get item pairs from a mapping.");
  }
  TRY(runtime.budget().ChargeItems(input.dict().size() * 2));
  std::vector<Value> pairs;
  for (const auto& [key, value] : input.dict().entries()) {
    pairs.push_back(Value::Tuple({key, value}));
  }
  return MakeGenerator(runtime, std::move(pairs));
}

Result<Value> Join(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("join", arguments, {"d", "attribute"}));
  Text separator = TRY(ToText(runtime, bound.Or(0, Value::Literal(""))));
  Items items = TRY(Iterate(runtime, input));
  Text text;
  for (size_t i = 0; i < items->items.size(); ++i) {
    Value item = items->items[i];
    if (bound.Has(1)) {
      item = TRY(LookUpPath(runtime, item, *bound[1]));
    }
    Text piece = TRY(ToText(runtime, item));
    TRY(runtime.budget().ChargeText(piece.size() + separator.size()));
    TRY(runtime.budget().LimitText(text.size()));
    if (i > 0) {
      text.Append(separator);
    }
    text.Append(piece);
  }
  return MakeText(runtime, std::move(text));
}

Result<Value> Batch(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("batch", arguments, {"linecount", "fill_with"}, 1));
  int64_t count = TRY(bound.IntOr(0, 1));
  if (count < 1) {
    return base::InvalidArgument("batch() needs a positive count");
  }
  Items items = TRY(Iterate(runtime, input));
  std::vector<Value> batches;
  for (size_t begin = 0; begin < items->items.size();) {
    size_t size = std::min(items->items.size() - begin, static_cast<size_t>(count));
    TRY(runtime.budget().ChargeItems(size + 3));
    auto first = items->items.begin() + static_cast<std::ptrdiff_t>(begin);
    std::vector<Value> batch(first, first + static_cast<std::ptrdiff_t>(size));
    if (bound.Has(1) && size < static_cast<size_t>(count)) {
      TRY(runtime.budget().ChargeItems(static_cast<size_t>(count)));
      batch.resize(static_cast<size_t>(count), *bound[1]);
    }
    batches.push_back(Value::List(std::move(batch)));
    begin += size;
  }
  return MakeGenerator(runtime, std::move(batches));
}

Result<Value> Slice(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("slice", arguments, {"slices", "fill_with"}, 1));
  int64_t count = TRY(bound.IntOr(0, 1));
  if (count < 1) {
    return base::InvalidArgument("slice() needs a positive count");
  }
  auto slices = static_cast<size_t>(count);
  TRY(runtime.budget().ChargeItems(slices));
  Items items = TRY(Iterate(runtime, input));
  size_t each = items->items.size() / slices;
  size_t longer = items->items.size() % slices;
  std::vector<Value> out;
  auto at = items->items.begin();
  for (size_t i = 0; i < slices; ++i) {
    auto size = static_cast<std::ptrdiff_t>(each + (i < longer ? 1 : 0));
    std::vector<Value> slice(at, at + size);
    at += size;
    if (bound.Has(1) && i >= longer) {
      slice.push_back(*bound[1]);
    }
    out.push_back(Value::List(std::move(slice)));
  }
  return MakeGenerator(runtime, std::move(out));
}

Result<Value> Sum(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("sum", arguments, {"attribute", "start"}));
  Items items = TRY(Iterate(runtime, input));
  Value sum = bound.Or(1, Value::Int(0));
  if (sum.is_string()) {
    return base::InvalidArgument("sum() can't sum strings [use ''.join(seq) instead]");
  }
  for (const Value& item : items->items) {
    Value value = item;
    if (bound.Has(0)) {
      value = TRY(LookUpPath(runtime, item, *bound[0]));
    }
    sum = TRY(Apply(runtime, BinaryOperator::kAdd, sum, value));
  }
  return sum;
}

}  // namespace

Filter FindSequenceFilter(std::string_view name) {
  constexpr std::pair<std::string_view, Filter> kFilters[] = {
      {"batch", Batch},
      {"count", LengthFilter},
      {"dictsort", DictSort},
      {"first", First},
      {"groupby", GroupBy},
      {"items", ItemsFilter},
      {"join", Join},
      {"last", Last},
      {"length", LengthFilter},
      {"list", ListFilter},
      {"max", Extreme<Direction::kFalling>},
      {"min", Extreme<Direction::kRising>},
      {"reverse", Reverse},
      {"slice", Slice},
      {"sort", Sort},
      {"sum", Sum},
      {"unique", Unique},
  };
  for (const auto& [filter_name, filter] : kFilters) {
    if (filter_name == name) {
      return filter;
    }
  }
  return nullptr;
}

}  // namespace millrace::chat_template
