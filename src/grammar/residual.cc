// What is left of a container after a key or an item: derivatives of formulas, and their
// bookkeeping.
#include <algorithm>

#include "grammar/json_language.h"

namespace millrace::grammar {
namespace {

constexpr size_t kSplitsMax = 20'000;
constexpr size_t kCompareMax = 64;

}  // namespace

using Op = SchemaAlgebra::Op;

// The Or of `rests` without those that another one follows from. Once joined, their parts are mixed
// and it cannot be seen any more: with every part of a long And that splits, they would nest
// deeper.
FormulaId JsonLanguage::AnyOfRests(std::vector<FormulaId> rests) {
  std::vector<FormulaId> kept;
  for (size_t i = 0; i < rests.size(); ++i) {
    bool is_implied = false;
    for (size_t j = 0; j < rests.size() && rests.size() <= kCompareMax && !is_implied; ++j) {
      is_implied = i != j && algebra_.ClearlyImplies(rests[i], rests[j]) &&
                   (j < i || !algebra_.ClearlyImplies(rests[j], rests[i]));
    }
    if (!is_implied) {
      kept.push_back(rests[i]);
    }
  }
  return algebra_.Or(std::move(kept));
}

// Drops what is impossible, joins what belongs together, and drops what another split covers.
std::vector<JsonLanguage::Split> JsonLanguage::Tidy(std::vector<Split> splits) {
  std::erase_if(splits,
                [](const Split& split) { return split.value == kFalse || split.rest == kFalse; });
  if (splits.size() < 2) {
    return splits;
  }
  std::map<FormulaId, std::vector<FormulaId>> by_rest;
  for (const Split& split : splits) {
    by_rest[split.rest].push_back(split.value);
  }
  std::map<FormulaId, std::vector<FormulaId>> by_value;
  for (auto& [rest, values] : by_rest) {
    by_value[algebra_.Or(std::move(values))].push_back(rest);
  }
  std::vector<Split> result;
  for (auto& [value, rests] : by_value) {
    if (IsSatisfiable(value)) {
      result.push_back({value, AnyOfRests(std::move(rests))});
    }
  }
  std::vector<bool> covered(result.size(), false);
  for (size_t i = 0; i < result.size() && result.size() <= kCompareMax; ++i) {
    for (size_t j = 0; j < result.size() && !covered[i]; ++j) {
      covered[i] = i != j && !covered[j] &&
                   algebra_.ClearlyImplies(result[i].value, result[j].value) &&
                   algebra_.ClearlyImplies(result[i].rest, result[j].rest);
    }
  }
  std::vector<Split> kept;
  for (size_t i = 0; i < result.size(); ++i) {
    if (!covered[i]) {
      kept.push_back(result[i]);
    }
  }
  return kept;
}

// Splits of And and Or from those of their parts.
std::vector<JsonLanguage::Split> JsonLanguage::SplitParts(
    const SchemaAlgebra::Formula& node, const std::function<std::vector<Split>(FormulaId)>& split) {
  const std::vector<FormulaId> parts = node.parts;
  std::vector<Split> result;
  if (node.op == Op::kOr) {
    for (const FormulaId part : parts) {
      for (const Split& one : split(part)) {
        result.push_back(one);
      }
    }
    return Tidy(std::move(result));
  }
  result = {{kTrue, kTrue}};
  // Parts that split one way first: they cost nothing and rule out much of the others.
  std::vector<std::vector<Split>> all;
  for (const FormulaId part : parts) {
    all.push_back(split(part));
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  for (const std::vector<Split>& list : all) {
    std::vector<Split> next;
    for (const Split& left : result) {
      for (const Split& right : list) {
        next.push_back(
            {algebra_.And({left.value, right.value}), algebra_.And({left.rest, right.rest})});
      }
    }
    result = Tidy(std::move(next));
    if (result.size() > kSplitsMax) {
      gave_up_ = true;
      return {};
    }
  }
  return result;
}

std::vector<JsonLanguage::Split> JsonLanguage::SplitObject(FormulaId formula,
                                                           const ValueOf& value_of) {
  const SchemaAlgebra::Formula node = algebra_.at(formula);
  if (node.op == Op::kAnd || node.op == Op::kOr) {
    return SplitParts(node, [&](FormulaId part) { return SplitObject(part, value_of); });
  }
  if (node.op != Op::kProperties) {
    return {{kTrue, formula}};
  }
  const FormulaId value = value_of(algebra_.table(node.a));
  if (!node.negated) {
    return {{value, formula}};
  }
  // Apart from each other: of many tables that must be broken, as constants that must be avoided
  // are, every combination would be kept otherwise.
  return Tidy({{algebra_.Not(value), kTrue}, {value, formula}});
}

std::vector<JsonLanguage::Split> JsonLanguage::SplitArray(FormulaId formula, const Facts& facts) {
  const SchemaAlgebra::Formula node = algebra_.at(formula);
  switch (node.op) {
    case Op::kAnd:
    case Op::kOr:
      return SplitParts(node, [&](FormulaId part) { return SplitArray(part, facts); });
    case Op::kItems: {
      const FormulaId value = ItemAt({node.a}, facts.count);
      if (!node.negated) {
        return {{value, formula}};
      }
      return Tidy({{algebra_.Not(value), kTrue}, {value, formula}});
    }
    case Op::kContains: {
      const FormulaId fewer = algebra_.Restrict(algebra_.Contains(node.a, node.b - 1), kArray);
      if (!node.negated) {
        return Tidy({{node.a, fewer}, {kTrue, formula}});
      }
      return Tidy({{algebra_.Not(node.a), formula}, {kTrue, algebra_.Not(fewer)}});
    }
    case Op::kUnique:
      if (!node.negated) {
        return {{algebra_.Not(facts.seen_items), formula}};
      }
      return Tidy({{facts.seen_items, kTrue}, {kTrue, formula}});
    default:
      return {{kTrue, formula}};
  }
}

bool JsonLanguage::AcceptsObject(FormulaId formula, const Facts& facts) {
  const SchemaAlgebra::Formula& node = algebra_.at(formula);
  const auto accepts = [&](FormulaId part) { return AcceptsObject(part, facts); };
  switch (node.op) {
    case Op::kAlways:
      return true;
    case Op::kAnd:
      return std::all_of(node.parts.begin(), node.parts.end(), accepts);
    case Op::kOr:
      return std::any_of(node.parts.begin(), node.parts.end(), accepts);
    case Op::kProperties:
      return !node.negated;
    case Op::kPropertyCount:
      return (facts.count >= node.a) != node.negated;
    case Op::kRequired: {
      const std::vector<std::string>& names = algebra_.names(node.a);
      const bool all = std::all_of(names.begin(), names.end(),
                                   [&](const std::string& name) { return facts.HasKey(name); });
      return all != node.negated;
    }
    default:
      return false;
  }
}

bool JsonLanguage::AcceptsArray(FormulaId formula, const Facts& facts) {
  const SchemaAlgebra::Formula& node = algebra_.at(formula);
  const auto accepts = [&](FormulaId part) { return AcceptsArray(part, facts); };
  switch (node.op) {
    case Op::kAlways:
      return true;
    case Op::kAnd:
      return std::all_of(node.parts.begin(), node.parts.end(), accepts);
    case Op::kOr:
      return std::any_of(node.parts.begin(), node.parts.end(), accepts);
    case Op::kItems:
    case Op::kUnique:
      return !node.negated;
    case Op::kContains:
      return node.negated;
    case Op::kItemCount:
      return (facts.count >= node.a) != node.negated;
    default:
      return false;
  }
}

std::vector<int32_t> JsonLanguage::Closing(AlternativesId alternatives, int32_t type,
                                           const Facts& facts) {
  std::vector<int32_t> tags;
  for (const Alternative& one : this->alternatives(alternatives)) {
    if (type == kObject ? AcceptsObject(one.formula, facts) : AcceptsArray(one.formula, facts)) {
      tags.push_back(one.tag);
    }
  }
  std::sort(tags.begin(), tags.end());
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
  return tags;
}

bool JsonLanguage::ComparesItems(AlternativesId alternatives) {
  const std::vector<Alternative>& list = this->alternatives(alternatives);
  return std::any_of(list.begin(), list.end(), [&](const Alternative& one) {
    return ComparesItems(algebra_.at(one.formula));
  });
}

bool JsonLanguage::ComparesItems(const SchemaAlgebra::Formula& formula) const {
  return formula.op == Op::kUnique ||
         std::any_of(formula.parts.begin(), formula.parts.end(),
                     [&](FormulaId part) { return ComparesItems(algebra_.at(part)); });
}

bool JsonLanguage::AsksForEqualItems(AlternativesId alternatives) {
  const std::function<bool(FormulaId)> asks = [&](FormulaId formula) {
    const SchemaAlgebra::Formula& node = algebra_.at(formula);
    return (node.op == Op::kUnique && node.negated) ||
           std::any_of(node.parts.begin(), node.parts.end(), asks);
  };
  const std::vector<Alternative>& list = this->alternatives(alternatives);
  return std::any_of(list.begin(), list.end(),
                     [&](const Alternative& one) { return asks(one.formula); });
}

PendingId JsonLanguage::InternPending(std::vector<PendingPair> pairs) {
  if (pairs.empty()) {
    return kNone;
  }
  const auto [it, is_new] =
      pending_index_.try_emplace(pairs, static_cast<PendingId>(pendings_.size()));
  if (is_new) {
    own_bytes_ += (pairs.size() * sizeof(PendingPair) * 2) + 128;
    pendings_.push_back(std::move(pairs));
  }
  return it->second;
}

AlternativesId JsonLanguage::InternAlternatives(std::vector<Alternative> alternatives) {
  if (alternatives.empty()) {
    return kNone;
  }
  const auto [it, is_new] = alternatives_index_.try_emplace(
      alternatives, static_cast<AlternativesId>(alternatives_.size()));
  if (is_new) {
    own_bytes_ += (alternatives.size() * sizeof(Alternative) * 2) + 128;
    alternatives_.push_back(std::move(alternatives));
  }
  return it->second;
}

std::vector<PendingPair> JsonLanguage::PairsOfKey(AlternativesId alternatives,
                                                  const ValueOf& value_of) {
  std::vector<PendingPair> pairs;
  const std::vector<Alternative> list = this->alternatives(alternatives);
  for (const Alternative& one : list) {
    for (const Split& split : SplitObject(one.formula, value_of)) {
      if (IsSatisfiable(split.value)) {
        pairs.push_back({split.value, split.rest, one.tag});
      }
    }
  }
  return pairs;
}

// Without the pairs whose rest can no longer be completed after `facts`.
PendingId JsonLanguage::FilterEntries(PendingId pending, const Facts& facts) {
  if (pending == kNone) {
    return kNone;
  }
  const std::vector<PendingPair> pairs = this->pending(pending);
  std::vector<PendingPair> kept;
  for (const PendingPair& pair : pairs) {
    if (CanComplete(pair.rest, kObject, facts)) {
      kept.push_back(pair);
    }
  }
  return kept.size() == pairs.size() ? pending : InternPending(std::move(kept));
}

// The same of pairs for an item, whose values are narrowed to those that leave room for the items
// that must still come.
PendingId JsonLanguage::FilterItems(PendingId pending, const Facts& facts) {
  if (pending == kNone) {
    return kNone;
  }
  std::vector<PendingPair> pairs = this->pending(pending);
  Facts after = facts;
  for (PendingPair& pair : pairs) {
    after.last_item = pair.value;
    if (const FormulaId room = RoomFor(pair.rest, after); room != kTrue) {
      pair.value = algebra_.And({pair.value, room});
    }
  }
  std::erase_if(pairs, [&](const PendingPair& pair) { return !IsSatisfiable(pair.value); });
  return InternPending(std::move(pairs));
}

PendingId JsonLanguage::PendingOfName(AlternativesId alternatives, size_t name_index,
                                      const Facts& facts) {
  KeyLanguage::Named& named = Keys(alternatives).names[name_index];
  if (facts.HasKey(named.name)) {
    return kNone;
  }
  if (named.pending == -2) {
    named.pending = InternPending(PairsOfKey(
        alternatives, [&](const PropertyTable& table) { return ValueAt(table, named.name); }));
  }
  Facts after = facts;
  ++after.count;
  after.one_more_key = &named.name;
  return FilterEntries(named.pending, after);
}

PendingId JsonLanguage::PendingOfKey(AlternativesId alternatives, int32_t truth,
                                     const std::string& key, const Facts& facts) {
  KeyLanguage& keys = Keys(alternatives);
  if (truth < 0) {
    return kNone;
  }
  const auto index = static_cast<size_t>(truth);
  if (keys.generic.size() <= index) {
    keys.generic.resize(index + 1, -2);
  }
  if (keys.generic[index] == -2) {
    const std::vector<int32_t> members = keys.automaton->Members(truth);
    const auto value_of = [&](const PropertyTable& table) {
      std::vector<FormulaId> parts;
      bool found = false;
      for (const PropertyTable::Pattern& pattern : table.patterns) {
        const auto at = std::find(keys.conditions.begin(), keys.conditions.end(), pattern.key);
        const auto condition = static_cast<int32_t>(at - keys.conditions.begin());
        if (std::binary_search(members.begin(), members.end(), condition)) {
          parts.push_back(pattern.value);
          found = true;
        }
      }
      return found ? algebra_.And(std::move(parts)) : table.rest;
    };
    const PendingId pending = InternPending(PairsOfKey(alternatives, value_of));
    keys.generic[index] = pending;
  }
  Facts after = facts;
  ++after.count;
  after.one_more_key = &key;
  return FilterEntries(keys.generic[index], after);
}

int64_t JsonLanguage::ItemPrefix(AlternativesId alternatives) {
  int64_t prefix = 0;
  const std::function<void(FormulaId)> visit = [&](FormulaId formula) {
    const SchemaAlgebra::Formula& node = algebra_.at(formula);
    std::for_each(node.parts.begin(), node.parts.end(), visit);
    if (node.op == Op::kItems) {
      prefix = std::max(prefix, static_cast<int64_t>(algebra_.items(node.a).prefix.size()));
    }
  };
  for (const Alternative& one : this->alternatives(alternatives)) {
    visit(one.formula);
  }
  return prefix;
}

PendingId JsonLanguage::PendingOfItem(AlternativesId alternatives, const Facts& facts) {
  // Of items that are compared, what may come depends on how many are still to come.
  const bool is_compared = facts.seen_items != kFalse;
  const int64_t index = is_compared ? facts.count : std::min(facts.count, ItemPrefix(alternatives));
  const ItemKey key{alternatives, index, facts.seen_items};
  Facts after = facts;
  ++after.count;
  auto it = items_.find(key);
  if (it == items_.end()) {
    std::vector<PendingPair> pairs;
    const std::vector<Alternative> list = this->alternatives(alternatives);
    for (const Alternative& one : list) {
      for (const Split& split : SplitArray(one.formula, facts)) {
        if (IsSatisfiable(split.value)) {
          pairs.push_back({split.value, split.rest, one.tag});
        }
      }
    }
    own_bytes_ += 80;
    const PendingId pending = InternPending(std::move(pairs));
    it = items_.emplace(key, is_compared ? FilterItems(pending, after) : pending).first;
  }
  return is_compared ? it->second : FilterItems(it->second, after);
}

AlternativesId JsonLanguage::AfterValue(PendingId pending, const std::vector<int32_t>& members) {
  const std::pair<PendingId, std::vector<int32_t>> key{pending, members};
  if (const auto it = after_value_.find(key); it != after_value_.end()) {
    return it->second;
  }
  std::map<int32_t, std::vector<FormulaId>> rests;
  for (const int32_t member : members) {
    const PendingPair& pair = this->pending(pending)[static_cast<size_t>(member)];
    rests[pair.tag].push_back(pair.rest);
  }
  std::vector<Alternative> alternatives;
  for (auto& [tag, list] : rests) {
    alternatives.push_back({algebra_.Or(std::move(list)), tag});
  }
  const AlternativesId result = InternAlternatives(std::move(alternatives));
  own_bytes_ += 96;
  after_value_.emplace(key, result);
  return result;
}

}  // namespace millrace::grammar
