// Whether values are so many that it does not matter which few of them are taken.
#include <algorithm>

#include "grammar/json_language.h"

namespace millrace::grammar {

using Op = SchemaAlgebra::Op;

std::optional<PendingId> JsonLanguage::PendingOfAnyItem(AlternativesId alternatives,
                                                        const Facts& facts) {
  const std::vector<Alternative>& list = this->alternatives(alternatives);
  const bool must_differ = std::all_of(list.begin(), list.end(), [&](const Alternative& one) {
    return AsksForDifferentItems(one.formula);
  });
  if (!must_differ || AsksForEqualItems(alternatives)) {
    return std::nullopt;
  }
  listed_values_ = false;
  const PendingId pending = PendingOfItem(alternatives, facts);
  return listed_values_ ? std::nullopt : std::optional(pending);
}

// Whether it does so whichever of its choices is taken.
bool JsonLanguage::AsksForDifferentItems(FormulaId formula) const {
  const SchemaAlgebra::Formula& node = algebra_.at(formula);
  const auto asks = [this](FormulaId part) { return AsksForDifferentItems(part); };
  switch (node.op) {
    case Op::kUnique:
      return !node.negated;
    case Op::kAnd:
      return std::any_of(node.parts.begin(), node.parts.end(), asks);
    case Op::kOr:
      return std::all_of(node.parts.begin(), node.parts.end(), asks);
    default:
      return node.op == Op::kNever;
  }
}

bool JsonLanguage::MayBeMany(PendingId pending) {
  const std::vector<PendingPair> pairs = this->pending(pending);
  return std::any_of(pairs.begin(), pairs.end(),
                     [&](const PendingPair& pair) { return HasManyValues(pair.value); });
}

// A value that may lie inside of itself is looked at once.
bool JsonLanguage::HasManyValues(FormulaId formula) {
  const auto [known, is_new] = many_values_.try_emplace(formula, false);
  if (!is_new) {
    return known->second;
  }
  const bool found = FindManyValues(formula);
  own_bytes_ += 40;
  return many_values_[formula] = found;
}

bool JsonLanguage::FindManyValues(FormulaId formula) {
  return HasManyScalars(Expand(formula, kString), kString) ||
         HasManyScalars(Expand(formula, kNumber), kNumber) ||
         HasManyRests(Expand(formula, kArray), kArray, {}) ||
         HasManyRests(Expand(formula, kObject), kObject, {});
}

bool JsonLanguage::HasManyScalars(FormulaId inside, int32_t type) {
  if (inside == kTrue || inside == kFalse) {
    return inside == kTrue;
  }
  ScalarAutomaton automaton(
      {inside}, {.type = type, .canonical_numbers = true, .some_must_hold = true}, algebra_);
  LiveAutomaton live(automaton, [](int32_t truth) { return truth > 0; });
  return live.HasMoreTextsThan(ScalarAutomaton::kInitial, kManyValues);
}

bool JsonLanguage::HasManyRests(FormulaId formula, int32_t type, const Facts& facts) {
  if (formula == kFalse) {
    return false;
  }
  std::string key = std::to_string(formula) + (type == kArray ? '[' : '{');
  if (type == kArray) {
    key += std::to_string(facts.count);
  } else {
    std::vector<std::string> names = facts.AllKeys();
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      key += name;
      key += '\xFF';  // in no UTF-8
    }
  }
  if (const auto known = many_rests_.find(key); known != many_rests_.end()) {
    return known->second;
  }
  const bool found = type == kArray ? HasManyItems(formula, facts) : HasManyEntries(formula, facts);
  own_bytes_ += key.size() + 64;
  many_rests_.emplace(std::move(key), found);
  return found;
}

bool JsonLanguage::HasManyEntries(FormulaId formula, const Facts& facts) {
  std::vector<std::string> names;
  std::vector<FormulaId> conditions;
  CollectKeys(formula, names, conditions);
  static const std::string fresh = "\x01";
  if (conditions.empty() && !facts.HasKey(fresh) &&
      std::find(names.begin(), names.end(), fresh) == names.end() &&
      !SplitsAtKey(formula, fresh, facts).empty()) {
    return true;  // and so may any other that nobody speaks of
  }
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    if (facts.HasKey(name)) {
      return false;
    }
    const std::vector<Split> splits = SplitsAtKey(formula, name, facts);
    return std::any_of(splits.begin(), splits.end(),
                       [&](const Split& split) { return HasManyValues(split.value); });
  });
}

// Arrays of any length, or an item among the next ones that may be many things.
bool JsonLanguage::HasManyItems(FormulaId formula, const Facts& facts) {
  constexpr int64_t kNext = 4;
  const std::vector<ArrayTerm> terms =
      formula == kTrue ? std::vector<ArrayTerm>(1) : ArrayTerms(formula);
  return std::any_of(terms.begin(), terms.end(), [&](const ArrayTerm& term) {
    const bool is_plain = term.violated.empty() && term.at_least.empty() && !term.compares() &&
                          std::all_of(term.fewer_than.begin(), term.fewer_than.end(),
                                      [](const ArrayTerm::Some& some) { return some.count == 1; });
    if (!is_plain || facts.count > term.count_max || !CompleteSimply(term, facts)) {
      return false;
    }
    const int64_t behind = std::max(term.prefix, facts.count);
    const auto comes = [&](int64_t index) { return IsSatisfiable(ItemOf(term, index)); };
    bool all = true;
    for (int64_t i = facts.count; i < std::min(term.count_max, facts.count + kNext) && all; ++i) {
      all = comes(i);
      if (all && HasManyValues(ItemOf(term, i))) {
        return true;
      }
    }
    for (int64_t i = facts.count; i <= behind && all; ++i) {
      all = comes(i);
    }
    return all && term.count_max == INT32_MAX;
  });
}

JsonLanguage::Numbers JsonLanguage::NumbersOf(PendingId pending) {
  const auto is_integer = [&](FormulaId formula) {
    const SchemaAlgebra::Formula& node = algebra_.at(formula);
    return node.op == Op::kNumber && !node.negated && atoms_.AsksForInteger(node.a);
  };
  bool integers = options_.numbers == NumberSpelling::kPlain;
  const std::vector<PendingPair> pairs = this->pending(pending);
  for (const PendingPair& pair : pairs) {
    const FormulaId inside = Expand(pair.value, kNumber);
    if (inside == kTrue) {
      return Numbers::kAll;
    }
    const SchemaAlgebra::Formula& node = algebra_.at(inside);
    integers =
        integers &&
        (inside == kFalse || is_integer(inside) ||
         (node.op == Op::kAnd && std::any_of(node.parts.begin(), node.parts.end(), is_integer)));
  }
  return integers ? Numbers::kIntegers : Numbers::kOther;
}

}  // namespace millrace::grammar
