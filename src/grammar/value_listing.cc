// The values of a formula, where there are few. A list is as exact as the answers it rests on:
// every key and item that is followed leads to a value of its own, so no more are followed than
// values were asked for.
#include <algorithm>
#include <bit>

#include "grammar/json_language.h"

namespace millrace::grammar {
namespace {

constexpr size_t kValuesMax = 4'096;
constexpr size_t kNestingMax = 32;
constexpr size_t kCompletionsMax = 1'024;

}  // namespace

using Op = SchemaAlgebra::Op;

struct JsonLanguage::ValueSearch {
  size_t count_max;
  std::vector<FormulaId> values = {};
};

std::optional<std::vector<FormulaId>> JsonLanguage::ValuesOf(FormulaId formula, size_t count_max) {
  if (const auto known = few_values_.find(formula); known != few_values_.end()) {
    const FewValues& few = known->second;
    if (few.values.has_value()) {
      return few.values->size() <= count_max ? few.values : std::nullopt;
    }
    if (few.asked >= count_max) {
      return std::nullopt;
    }
  }
  // The next question asks for a little more.
  const size_t asked = std::max(count_max, std::min(std::bit_ceil(count_max + 1), kValuesMax));
  const bool gave_up = std::exchange(gave_up_, false);
  const int32_t assumed = std::exchange(lowest_assumed_, INT32_MAX);
  ValueSearch search{.count_max = asked};
  const bool all = FindValues(formula, search);
  // A list that rests on an assumption, or on giving up, holds only here.
  if (!gave_up_ && (!all || lowest_assumed_ == INT32_MAX)) {
    own_bytes_ += 64 + (all ? search.values.size() * sizeof(FormulaId) : 0);
    few_values_[formula] = {asked, all ? std::optional(search.values) : std::nullopt};
  }
  gave_up_ = gave_up_ || gave_up;
  lowest_assumed_ = std::min(lowest_assumed_, assumed);
  return all && search.values.size() <= count_max ? std::optional(std::move(search.values))
                                                  : std::nullopt;
}

// False when there are more values than asked for.
bool JsonLanguage::FindValues(FormulaId formula, ValueSearch& search) {
  for (const int32_t type : {kNull, kTrueType, kFalseType}) {
    if (Admits(formula, type)) {
      search.values.push_back(algebra_.Types(type));
    }
  }
  for (const int32_t type : {kString, kNumber}) {
    const FormulaId inside = Expand(formula, type);
    if (inside != kFalse && !FindScalars(inside, type, search)) {
      return false;
    }
  }
  for (const int32_t type : {kObject, kArray}) {
    const FormulaId inside = Expand(formula, type);
    if (inside != kFalse && !FindContainers(inside, type, search)) {
      return false;
    }
  }
  return search.values.size() <= search.count_max;
}

bool JsonLanguage::FindScalars(FormulaId inside, int32_t type, ValueSearch& search) {
  ScalarAutomaton automaton(
      {inside}, {.type = type, .canonical_numbers = true, .some_must_hold = true}, algebra_);
  LiveAutomaton live(automaton);
  if (search.values.size() > search.count_max ||
      live.HasMoreTextsThan(ScalarAutomaton::kInitial, search.count_max)) {
    return false;
  }
  const auto texts = live.Texts(ScalarAutomaton::kInitial, search.count_max);
  gave_up_ = gave_up_ || live.gave_up();
  for (const std::u32string& text : texts.value_or(std::vector<std::u32string>())) {
    algebra_.Spend(8 + text.size());
    JsonNode node{.kind = type == kString ? JsonNode::Kind::kString : JsonNode::Kind::kNumber,
                  .text = Utf8Of(text)};
    if (type == kNumber) {
      node.number = Decimal::Parse(node.text).value_or(Decimal{});
    }
    search.values.push_back(Constant(node));
  }
  return texts.has_value() && search.values.size() <= search.count_max;
}

bool JsonLanguage::FindContainers(FormulaId inside, int32_t type, ValueSearch& search) {
  const FormulaId one = algebra_.And({algebra_.Types(type), inside});
  if (!IsSatisfiable(one)) {
    return true;
  }
  // One that may lie inside of itself, at a place where all of them may lie, has no greatest value.
  if (std::find(listing_.begin(), listing_.end(), one) != listing_.end()) {
    return false;
  }
  if (search.count_max > kValuesMax || listing_.size() == kNestingMax) {
    gave_up_ = true;
    return false;
  }
  listing_.push_back(one);
  const size_t left = search.count_max - std::min(search.count_max, search.values.size());
  bool all = false;
  if (type == kObject) {
    auto objects = ListEntries(inside, {}, left);
    all = objects.has_value();
    for (Entries& entries : all ? *objects : std::vector<Entries>()) {
      search.values.push_back(ConstantObject(std::move(entries)));
    }
  } else {
    auto arrays = ListItems(inside, {}, left);
    all = arrays.has_value();
    for (std::vector<FormulaId>& items : all ? *arrays : std::vector<std::vector<FormulaId>>()) {
      search.values.push_back(ConstantArray(std::move(items)));
    }
  }
  listing_.pop_back();
  return all && search.values.size() <= search.count_max;
}

FormulaId JsonLanguage::AnyValueOf(const std::vector<Split>& splits) {
  std::vector<FormulaId> values;
  for (const Split& split : splits) {
    values.push_back(split.value);
  }
  return algebra_.Or(std::move(values));
}

// What is left of the container after a value that is known.
FormulaId JsonLanguage::RestAfter(const std::vector<Split>& splits, FormulaId value) {
  std::vector<FormulaId> rests;
  for (const Split& split : splits) {
    if (IsSatisfiable(algebra_.And({split.value, value}))) {
      rests.push_back(split.rest);
    }
  }
  return algebra_.Or(std::move(rests));
}

std::optional<std::vector<std::vector<FormulaId>>> JsonLanguage::ListItems(FormulaId inside,
                                                                           const Facts& facts,
                                                                           size_t count_max) {
  struct Begun {
    FormulaId formula;
    FormulaId seen = kFalse;
    int32_t before = -1;  // what it was before its last item
    FormulaId item = kFalse;
    size_t count = 0;
  };
  std::vector<std::vector<FormulaId>> found;
  std::vector<Begun> begun = {{.formula = inside, .seen = facts.seen_items}};
  for (size_t i = 0; i < begun.size(); ++i) {
    algebra_.Spend(16);
    if (begun.size() - i + found.size() > count_max + 1 || !Work()) {
      return std::nullopt;
    }
    const Begun now = begun[i];
    Facts here{.count = facts.count + static_cast<int64_t>(now.count), .seen_items = now.seen};
    if (AcceptsArray(now.formula, here)) {
      std::vector<FormulaId>& items = found.emplace_back(now.count);
      for (Begun at = now; at.count > 0; at = begun[static_cast<size_t>(at.before)]) {
        items[at.count - 1] = at.item;
      }
    }
    std::vector<Split> splits = SplitArray(now.formula, here);
    ++here.count;
    for (Split& split : splits) {
      here.last_item = split.value;
      split.value = algebra_.And({split.value, RoomFor(split.rest, here)});
    }
    const auto items = ValuesOf(AnyValueOf(splits), count_max);
    if (!items.has_value()) {
      return std::nullopt;
    }
    const bool compares = ComparesItems(algebra_.at(now.formula));
    for (const FormulaId item : *items) {
      begun.push_back({.formula = RestAfter(splits, item),
                       .seen = compares ? algebra_.Or({now.seen, item}) : kFalse,
                       .before = static_cast<int32_t>(i),
                       .item = item,
                       .count = now.count + 1});
    }
  }
  return found.size() <= count_max ? std::optional(std::move(found)) : std::nullopt;
}

// The ways to have an entry `key` next and complete the object.
std::vector<JsonLanguage::Split> JsonLanguage::SplitsAtKey(FormulaId formula,
                                                           const std::string& key,
                                                           const Facts& facts) {
  std::vector<Split> splits =
      SplitObject(formula, [&](const PropertyTable& table) { return ValueAt(table, key); });
  Facts after = facts;
  ++after.count;
  after.one_more_key = &key;
  std::erase_if(splits, [&](const Split& split) {
    return !IsSatisfiable(split.value) || !CanComplete(split.rest, kObject, after);
  });
  return splits;
}

// The keys that may still come, sorted; nullopt when there are more than `count_max`.
std::optional<std::vector<std::string>> JsonLanguage::KeysThatCome(FormulaId inside,
                                                                   const Facts& facts,
                                                                   size_t count_max) {
  std::vector<std::string> names;
  std::vector<FormulaId> conditions;
  CollectKeys(inside, names, conditions);
  std::sort(conditions.begin(), conditions.end());
  conditions.erase(std::unique(conditions.begin(), conditions.end()), conditions.end());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const auto comes = [&](const std::string& key) {
    return !facts.HasKey(key) && !SplitsAtKey(inside, key, facts).empty();
  };
  std::vector<std::string> keys;
  for (const std::string& name : names) {
    if (keys.size() <= count_max && comes(name)) {
      keys.push_back(name);
    }
  }
  for (const auto& live : ClassesOf(conditions).live) {
    // Keys without a name that fulfil the same conditions come all or not at all.
    const size_t wanted = names.size() + static_cast<size_t>(facts.count) + count_max + 1;
    bool is_first = true;
    for (const std::u32string& text : live->SomeTexts(ScalarAutomaton::kInitial, wanted)) {
      std::string key = Utf8Of(text);
      if (std::binary_search(names.begin(), names.end(), key) || facts.HasKey(key)) {
        continue;
      }
      if (std::exchange(is_first, false) && !comes(key)) {
        break;
      }
      keys.push_back(std::move(key));
    }
  }
  std::sort(keys.begin(), keys.end());
  return keys.size() <= count_max ? std::optional(std::move(keys)) : std::nullopt;
}

std::optional<std::vector<JsonLanguage::Entries>> JsonLanguage::ListEntries(FormulaId inside,
                                                                            const Facts& facts,
                                                                            size_t count_max) {
  struct Begun {
    FormulaId formula;
    int32_t before = -1;  // what it was before its last entry
    size_t next_key = 0;  // behind that of the last entry
    FormulaId value = kFalse;
    Facts facts = {};
  };
  const auto keys = KeysThatCome(inside, facts, count_max);
  if (!keys.has_value()) {
    return std::nullopt;
  }
  std::vector<Entries> found;
  std::vector<SeenKey> seen;
  const auto note = [&seen](Facts& at, const std::string& key) {
    seen.push_back({.previous = at.last_key, .name = key});
    at.last_key = static_cast<int32_t>(seen.size()) - 1;
  };
  Facts start{.count = facts.count, .keys = &seen};
  for (const std::string& key : facts.AllKeys()) {
    note(start, key);
  }
  std::vector<Begun> begun = {{.formula = inside, .facts = start}};
  for (size_t i = 0; i < begun.size(); ++i) {
    algebra_.Spend(16);
    if (begun.size() - i + found.size() > count_max + 1 || !Work()) {
      return std::nullopt;
    }
    const Begun now = begun[i];
    if (AcceptsObject(now.formula, now.facts)) {
      Entries& entries = found.emplace_back();
      for (Begun at = now; at.before >= 0; at = begun[static_cast<size_t>(at.before)]) {
        entries.emplace_back((*keys)[at.next_key - 1], at.value);
      }
    }
    // Entries are listed in the order of their keys: one that is passed over does not come.
    FormulaId left = now.formula;
    for (size_t k = now.next_key; k < keys->size(); ++k) {
      const std::string& key = (*keys)[k];
      const std::vector<Split> splits = SplitsAtKey(left, key, now.facts);
      if (splits.empty()) {
        continue;
      }
      const auto values = ValuesOf(AnyValueOf(splits), count_max);
      if (!values.has_value() || begun.size() - i + found.size() > count_max + 1) {
        return std::nullopt;
      }
      Facts with_key = now.facts;
      note(with_key, key);
      ++with_key.count;
      for (const FormulaId value : *values) {
        begun.push_back(
            {RestAfter(splits, value), static_cast<int32_t>(i), k + 1, value, with_key});
      }
      left = algebra_.And({left, algebra_.Not(algebra_.Required({key}))});
      if (!CanComplete(left, kObject, now.facts)) {
        break;
      }
    }
  }
  return found.size() <= count_max ? std::optional(std::move(found)) : std::nullopt;
}

// Whether the object can be completed so that every table of `term.violated` is broken, by looking
// at all objects that it may become; nullopt when there are many.
std::optional<bool> JsonLanguage::CompletesByListing(const ObjectTerm& term, const Facts& facts) {
  std::vector<FormulaId> parts = {algebra_.Required(term.required),
                                  algebra_.PropertyCountAtLeast(term.count_min)};
  for (const int32_t table : term.tables) {
    parts.push_back(algebra_.Properties(algebra_.table(table)));
  }
  for (const int32_t list : term.incomplete) {
    parts.push_back(algebra_.Not(algebra_.Required(algebra_.names(list))));
  }
  if (term.count_max < INT32_MAX) {
    parts.push_back(algebra_.Not(algebra_.PropertyCountAtLeast(term.count_max + 1)));
  }
  const FormulaId rest = algebra_.Restrict(algebra_.And(std::move(parts)), kObject);
  const auto objects = ListEntries(rest, facts, kCompletionsMax);
  if (!objects.has_value()) {
    return std::nullopt;
  }
  return std::any_of(objects->begin(), objects->end(), [&](const Entries& entries) {
    return std::all_of(term.violated.begin(), term.violated.end(), [&](int32_t table) {
      return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
        return !IsSatisfiable(
            algebra_.And({entry.second, ValueAt(algebra_.table(table), entry.first)}));
      });
    });
  });
}

// The same of an array whose items are not compared.
std::optional<bool> JsonLanguage::CompletesByListing(const ArrayTerm& term, const Facts& facts) {
  std::vector<FormulaId> parts = {algebra_.ItemCountAtLeast(term.count_min)};
  for (const int32_t table : term.tables) {
    parts.push_back(algebra_.Items(algebra_.items(table)));
  }
  for (const ArrayTerm::Some& some : term.at_least) {
    parts.push_back(algebra_.Contains(some.item, some.count));
  }
  for (const ArrayTerm::Some& some : term.fewer_than) {
    parts.push_back(algebra_.Not(algebra_.Contains(some.item, some.count)));
  }
  if (term.count_max < INT32_MAX) {
    parts.push_back(algebra_.Not(algebra_.ItemCountAtLeast(term.count_max + 1)));
  }
  const FormulaId rest = algebra_.Restrict(algebra_.And(std::move(parts)), kArray);
  const auto arrays = ListItems(rest, facts, kCompletionsMax);
  if (!arrays.has_value()) {
    return std::nullopt;
  }
  return std::any_of(arrays->begin(), arrays->end(), [&](const std::vector<FormulaId>& items) {
    return std::all_of(term.violated.begin(), term.violated.end(), [&](int32_t table) {
      for (size_t i = 0; i < items.size(); ++i) {
        const FormulaId kept = ItemAt({table}, facts.count + static_cast<int64_t>(i));
        if (!IsSatisfiable(algebra_.And({items[i], kept}))) {
          return true;
        }
      }
      return false;
    });
  });
}

// Whether `value`, a value's own formula, is one of `seen`, an Or of such.
bool JsonLanguage::IsOneOf(FormulaId value, FormulaId seen) const {
  const SchemaAlgebra::Formula& all = algebra_.at(seen);
  if (all.op != Op::kOr) {
    return algebra_.ClearlyImplies(value, seen);
  }
  const Op own = algebra_.at(value).op;
  return std::binary_search(all.parts.begin(), all.parts.end(), value) ||
         ((own == Op::kString || own == Op::kNumber || own == Op::kTypes) &&
          std::any_of(all.parts.begin(), all.parts.end(), [&](FormulaId part) {
            return algebra_.at(part).op == own && algebra_.ClearlyImplies(value, part);
          }));
}

}  // namespace millrace::grammar
