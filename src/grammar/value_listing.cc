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
  LiveAutomaton live(automaton, [](int32_t truth) { return truth > 0; });
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
  const bool all = type == kObject ? FindObjects(inside, search) : FindArrays(inside, search);
  listing_.pop_back();
  return all && search.values.size() <= search.count_max;
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

bool JsonLanguage::FindArrays(FormulaId inside, ValueSearch& search) {
  struct Begun {
    FormulaId formula;
    FormulaId seen = kFalse;
    int32_t before = -1;  // what it was before its last item
    FormulaId item = kFalse;
    int64_t count = 0;
  };
  std::vector<Begun> begun = {{.formula = inside}};
  for (size_t i = 0; i < begun.size(); ++i) {
    algebra_.Spend(16);
    if (begun.size() - i + search.values.size() > search.count_max + 1 || !Work()) {
      return false;
    }
    const Begun now = begun[i];
    Facts facts{.count = now.count, .seen_items = now.seen};
    if (AcceptsArray(now.formula, facts)) {
      std::vector<FormulaId> items(static_cast<size_t>(now.count));
      for (Begun at = now; at.count > 0; at = begun[static_cast<size_t>(at.before)]) {
        items[static_cast<size_t>(at.count) - 1] = at.item;
      }
      search.values.push_back(ConstantArray(std::move(items)));
    }
    std::vector<Split> splits = SplitArray(now.formula, facts);
    std::vector<FormulaId> choices;
    ++facts.count;
    for (Split& split : splits) {
      facts.last_item = split.value;
      split.value = algebra_.And({split.value, RoomFor(split.rest, facts)});
      choices.push_back(split.value);
    }
    const auto items = ValuesOf(algebra_.Or(std::move(choices)), search.count_max);
    if (!items.has_value()) {
      return false;
    }
    const bool compares = ComparesItems(algebra_.at(now.formula));
    for (const FormulaId item : *items) {
      begun.push_back({.formula = RestAfter(splits, item),
                       .seen = compares ? algebra_.Or({now.seen, item}) : kFalse,
                       .before = static_cast<int32_t>(i),
                       .item = item,
                       .count = facts.count});
    }
  }
  return true;
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

// The keys that some object has, sorted; nullopt when there are more than `count_max`.
std::optional<std::vector<std::string>> JsonLanguage::KeysThatCome(FormulaId inside,
                                                                   size_t count_max) {
  std::vector<std::string> names;
  std::vector<FormulaId> conditions;
  CollectKeys(inside, names, conditions);
  for (std::vector<FormulaId>* list : {&conditions}) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const auto comes = [&](const std::string& key) { return !SplitsAtKey(inside, key, {}).empty(); };
  std::vector<std::string> keys;
  for (const std::string& name : names) {
    if (keys.size() <= count_max && comes(name)) {
      keys.push_back(name);
    }
  }
  for (const auto& live : ClassesOf(conditions).live) {
    // Keys without a name that fulfil the same conditions come all or not at all.
    const size_t wanted = names.size() + count_max + 1;
    bool is_first = true;
    for (const std::u32string& text : live->SomeTexts(ScalarAutomaton::kInitial, wanted)) {
      std::string key = Utf8Of(text);
      if (std::binary_search(names.begin(), names.end(), key)) {
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

bool JsonLanguage::FindObjects(FormulaId inside, ValueSearch& search) {
  struct Begun {
    FormulaId formula;
    int32_t before = -1;  // what it was before its last entry
    size_t key = 0;       // of the last entry
    FormulaId value = kFalse;
    Facts facts = {};
  };
  const auto keys = KeysThatCome(inside, search.count_max);
  if (!keys.has_value()) {
    return false;
  }
  std::vector<SeenKey> seen;
  std::vector<Begun> begun = {{.formula = inside, .facts = {.keys = &seen}}};
  for (size_t i = 0; i < begun.size(); ++i) {
    algebra_.Spend(16);
    if (begun.size() - i + search.values.size() > search.count_max + 1 || !Work()) {
      return false;
    }
    const Begun now = begun[i];
    if (AcceptsObject(now.formula, now.facts)) {
      std::vector<std::pair<std::string, FormulaId>> members;
      for (Begun at = now; at.before >= 0; at = begun[static_cast<size_t>(at.before)]) {
        members.emplace_back((*keys)[at.key], at.value);
      }
      search.values.push_back(ConstantObject(std::move(members)));
    }
    // Entries are listed in the order of their keys: one that is passed over does not come.
    FormulaId left = now.formula;
    for (size_t k = now.facts.count > 0 ? now.key + 1 : 0; k < keys->size(); ++k) {
      const std::string& key = (*keys)[k];
      const std::vector<Split> splits = SplitsAtKey(left, key, now.facts);
      if (splits.empty()) {
        continue;
      }
      std::vector<FormulaId> choices;
      for (const Split& split : splits) {
        choices.push_back(split.value);
      }
      const auto values = ValuesOf(algebra_.Or(std::move(choices)), search.count_max);
      if (!values.has_value() || begun.size() - i + search.values.size() > search.count_max + 1) {
        return false;
      }
      seen.push_back({.previous = now.facts.last_key, .name = key});
      Facts facts = now.facts;
      facts.last_key = static_cast<int32_t>(seen.size()) - 1;
      ++facts.count;
      for (const FormulaId value : *values) {
        begun.push_back({.formula = RestAfter(splits, value),
                         .before = static_cast<int32_t>(i),
                         .key = k,
                         .value = value,
                         .facts = facts});
      }
      left = algebra_.And({left, algebra_.Not(algebra_.Required({key}))});
      if (!CanComplete(left, kObject, now.facts)) {
        break;
      }
    }
  }
  return true;
}

// Whether `value`, a value's own formula, is one of `seen`, an Or of such.
bool JsonLanguage::IsOneOf(FormulaId value, FormulaId seen) const {
  const SchemaAlgebra::Formula& all = algebra_.at(seen);
  if (all.op != Op::kOr) {
    return algebra_.ClearlyImplies(value, seen);
  }
  const Op own = algebra_.at(value).op;
  return std::binary_search(all.parts.begin(), all.parts.end(), value) ||
         ((own == Op::kString || own == Op::kTypes) &&
          std::any_of(all.parts.begin(), all.parts.end(), [&](FormulaId part) {
            return algebra_.at(part).op == own && algebra_.ClearlyImplies(value, part);
          }));
}

}  // namespace millrace::grammar
