// Whether an array can still be completed: items that are missing must find places and values.
#include <algorithm>

#include "grammar/conjunctions.h"
#include "grammar/json_language.h"

namespace millrace::grammar {
namespace {

constexpr size_t kTermsMax = 6'000;
constexpr size_t kTriesMax = 40'000;
constexpr int64_t kPlacesMax = 1'000;

// Kuhn's algorithm: gives every place a value of its own, or says that there are too few.
bool GiveEachItsOwn(const std::vector<std::vector<FormulaId>>& choices) {
  std::map<FormulaId, size_t> owner;
  const std::function<bool(size_t, std::map<FormulaId, bool>&)> place =
      [&](size_t at, std::map<FormulaId, bool>& visited) {
        for (const FormulaId value : choices[at]) {
          if (std::exchange(visited[value], true)) {
            continue;
          }
          const auto taken = owner.find(value);
          if (taken == owner.end() || place(taken->second, visited)) {
            owner[value] = at;
            return true;
          }
        }
        return false;
      };
  for (size_t i = 0; i < choices.size(); ++i) {
    std::map<FormulaId, bool> visited;
    if (!place(i, visited)) {
      return false;
    }
  }
  return true;
}

}  // namespace

using Op = SchemaAlgebra::Op;

// One attempt to complete an array under one term.
struct JsonLanguage::ArraySearch {
  const ArrayTerm& term;
  const Facts& facts;
  std::vector<int64_t> missing = {};         // of at_least, then of violated: items still to come
  std::vector<int64_t> allowance = {};       // of fewer_than: items that still may satisfy it
  std::vector<int64_t> missing_before = {};  // the item being placed
  std::vector<FormulaId> items = {};         // those placed
  size_t tries = 0;
};

bool JsonLanguage::AddLiteral(const SchemaAlgebra::Formula& literal, ArrayTerm& term) {
  switch (literal.op) {
    case Op::kItems:
      (literal.negated ? term.violated : term.tables).push_back(literal.a);
      return true;
    case Op::kContains:
      (literal.negated ? term.fewer_than : term.at_least).push_back({literal.a, literal.b});
      return true;
    case Op::kItemCount:
      if (literal.negated) {
        term.count_max = std::min<int64_t>(term.count_max, literal.a - 1);
      } else {
        term.count_min = std::max<int64_t>(term.count_min, literal.a);
      }
      return term.count_min <= term.count_max;
    case Op::kUnique:
      (literal.negated ? term.repeated : term.unique) = true;
      return !(term.unique && term.repeated);
    default:
      return literal.op == Op::kAlways;
  }
}

std::vector<ArrayTerm>& JsonLanguage::ArrayTerms(FormulaId formula) {
  const auto [it, is_new] = array_terms_.try_emplace(formula);
  if (is_new) {
    std::vector<Conjunction> conjunctions;
    if (!FindConjunctions(algebra_, formula, kTermsMax, conjunctions)) {
      gave_up_ = true;
    }
    std::vector<ArrayTerm> terms;
    for (const Conjunction& conjunction : conjunctions) {
      ArrayTerm term;
      if (std::all_of(conjunction.begin(), conjunction.end(),
                      [&](FormulaId literal) { return AddLiteral(algebra_.at(literal), term); })) {
        terms.push_back(std::move(term));
      }
    }
    own_bytes_ += terms.size() * sizeof(ArrayTerm);
    it->second = std::move(terms);
  }
  return it->second;
}

FormulaId JsonLanguage::ItemAt(const std::vector<int32_t>& tables, int64_t index) {
  std::vector<FormulaId> parts;
  for (const int32_t id : tables) {
    const ItemTable& table = algebra_.items(id);
    const auto at = static_cast<size_t>(index);
    parts.push_back(at < table.prefix.size() ? table.prefix[at] : table.rest);
  }
  return algebra_.And(std::move(parts));
}

FormulaId JsonLanguage::ItemOf(const ArrayTerm& term, int64_t index) {
  std::vector<FormulaId> parts = {ItemAt(term.tables, index)};
  for (const ArrayTerm::Some& limit : term.fewer_than) {
    if (limit.count == 1) {
      parts.push_back(algebra_.Not(limit.item));
    }
  }
  return algebra_.And(std::move(parts));
}

// From this index on all items are under the same formula.
int64_t JsonLanguage::PrefixOf(const ArrayTerm& term) {
  size_t length = 0;
  for (const std::vector<int32_t>* list : {&term.tables, &term.violated}) {
    for (const int32_t id : *list) {
      length = std::max(length, algebra_.items(id).prefix.size());
    }
  }
  return static_cast<int64_t>(length);
}

bool JsonLanguage::CompleteSimply(const ArrayTerm& term, const Facts& facts) {
  const int64_t prefix = PrefixOf(term);
  for (int64_t i = facts.count; i < term.count_min; ++i) {
    if (!IsSatisfiable(ItemOf(term, i))) {
      return false;
    }
    if (i >= prefix) {
      break;
    }
  }
  return true;
}

bool JsonLanguage::CanComplete(const ArrayTerm& term, const Facts& facts) {
  if (facts.count > term.count_max) {
    return false;
  }
  const bool few = std::any_of(term.fewer_than.begin(), term.fewer_than.end(),
                               [](const ArrayTerm::Some& limit) { return limit.count > 1; });
  const bool placing = !term.at_least.empty() || !term.violated.empty() || few || term.unique;
  if (term.repeated && !CanRepeat(term, facts)) {
    return false;
  }
  if (!placing) {
    return CompleteSimply(term, facts);
  }
  ArraySearch search{.term = term, .facts = facts};
  for (const ArrayTerm::Some& some : term.at_least) {
    search.missing.push_back(some.count);
  }
  search.missing.resize(term.at_least.size() + term.violated.size(), 1);
  for (const ArrayTerm::Some& limit : term.fewer_than) {
    search.allowance.push_back(limit.count - 1);
  }
  return PlaceItems(search, facts.count);
}

bool JsonLanguage::PlaceItems(ArraySearch& search, int64_t index) {
  const ArrayTerm& term = search.term;
  const bool all_placed = std::all_of(search.missing.begin(), search.missing.end(),
                                      [](int64_t count) { return count == 0; });
  if (all_placed && index >= term.count_min) {
    return !term.unique || HasRoomForUnique(search.items, search.facts);
  }
  if (index >= term.count_max) {
    return false;
  }
  const bool in_tail = index >= PrefixOf(term);
  if (all_placed && in_tail && !term.unique && term.fewer_than.empty()) {
    return IsSatisfiable(ItemOf(term, index));
  }
  if (index - search.facts.count > kPlacesMax) {
    gave_up_ = true;
    return false;
  }
  const std::vector<int64_t> outer = std::exchange(search.missing_before, search.missing);
  const bool found = PlaceOneItem(search, index, 0, ItemOf(term, index));
  search.missing_before = outer;
  return found;
}

// Decides which of the missing items the one at `index` is; then goes on to the next index.
bool JsonLanguage::PlaceOneItem(ArraySearch& search, int64_t index, size_t obligation,
                                FormulaId item) {
  const ArrayTerm& term = search.term;
  if (++search.tries > kTriesMax || !Work()) {
    gave_up_ = true;
    return false;
  }
  if (obligation < search.missing.size()) {
    int64_t& missing = search.missing[obligation];
    if (missing > 0) {
      const size_t violation = obligation - term.at_least.size();
      const FormulaId asked = obligation < term.at_least.size()
                                  ? term.at_least[obligation].item
                                  : algebra_.Not(ItemAt({term.violated[violation]}, index));
      const FormulaId both = algebra_.And({item, asked});
      if (IsSatisfiable(both)) {
        --missing;
        const bool found = PlaceOneItem(search, index, obligation + 1, both);
        ++search.missing[obligation];
        if (found) {
          return true;
        }
      }
    }
    return PlaceOneItem(search, index, obligation + 1, item);
  }
  const bool idle =
      search.missing == search.missing_before && index >= term.count_min && index >= PrefixOf(term);
  if (idle || !IsSatisfiable(item)) {
    return false;  // an item that serves nothing, at a place like all later ones
  }
  const std::vector<int64_t> before = search.allowance;
  bool allowed = true;
  for (size_t i = 0; i < term.fewer_than.size(); ++i) {
    if (term.fewer_than[i].count == 1) {
      continue;
    }
    const FormulaId avoiding = algebra_.And({item, algebra_.Not(term.fewer_than[i].item)});
    if (IsSatisfiable(avoiding)) {
      item = avoiding;
    } else {
      allowed = allowed && --search.allowance[i] >= 0;
    }
  }
  search.items.push_back(item);
  const bool found = allowed && PlaceItems(search, index + 1);
  search.items.pop_back();
  search.allowance = before;
  return found;
}

// Whether two items can be equal: a later one and an earlier one, or two later ones.
bool JsonLanguage::CanRepeat(const ArrayTerm& term, const Facts& facts) {
  const int64_t end = std::min(term.count_max, std::max(PrefixOf(term), facts.count) + 2);
  for (int64_t j = facts.count; j < end; ++j) {
    const FormulaId item = ItemOf(term, j);
    if (!IsSatisfiable(item)) {
      return false;
    }
    if (IsSatisfiable(algebra_.And({item, algebra_.Or({facts.seen_items, facts.last_item})}))) {
      return true;
    }
    for (int64_t i = facts.count; i < j; ++i) {
      if (IsSatisfiable(algebra_.And({item, ItemOf(term, i)}))) {
        return true;
      }
    }
  }
  return false;
}

bool JsonLanguage::HasRoomForUnique(const std::vector<FormulaId>& items, const Facts& facts) {
  std::vector<std::vector<FormulaId>> choices;
  for (const FormulaId item : items) {
    const FormulaId fresh = algebra_.And({item, algebra_.Not(facts.seen_items)});
    std::optional<std::vector<FormulaId>> values = ConstantsOf(fresh, items.size());
    if (values.has_value()) {  // otherwise there are more values than places
      choices.push_back(*std::move(values));
    }
  }
  return GiveEachItsOwn(choices);
}

// All values of a formula, each as the formula of that value; nullopt when there are more than
// `count_max`. Containers count as many unless they can only be empty.
std::optional<std::vector<FormulaId>> JsonLanguage::ConstantsOf(FormulaId formula,
                                                                size_t count_max) {
  std::vector<FormulaId> result;
  for (const int32_t type : {kNull, kTrueType, kFalseType}) {
    if (Expand(formula, type) == kTrue) {
      result.push_back(algebra_.Types(type));
    }
  }
  for (const int32_t type : {kString, kNumber}) {
    const FormulaId inside = Expand(formula, type);
    if (inside == kFalse) {
      continue;
    }
    ScalarAutomaton automaton(
        {inside}, {.type = type, .canonical_numbers = true, .some_must_hold = true}, algebra_);
    LiveAutomaton live(automaton, [](int32_t truth) { return truth > 0; });
    const auto texts = live.Texts(ScalarAutomaton::kInitial, count_max);
    if (!texts.has_value()) {
      return std::nullopt;
    }
    for (const std::u32string& text : *texts) {
      JsonNode node{.kind = type == kString ? JsonNode::Kind::kString : JsonNode::Kind::kNumber,
                    .text = Utf8Of(text)};
      if (type == kNumber) {
        node.number = Decimal::Parse(node.text).value_or(Decimal{});
      }
      result.push_back(Constant(node));
    }
  }
  if (const FormulaId inside = Expand(formula, kObject);
      inside != kFalse && CanComplete(inside, kObject, {})) {
    const FormulaId more = algebra_.And({inside, algebra_.PropertyCountAtLeast(1)});
    if (CanComplete(more, kObject, {})) {
      return std::nullopt;
    }
    result.push_back(Constant({.kind = JsonNode::Kind::kObject}));
  }
  if (const FormulaId inside = Expand(formula, kArray);
      inside != kFalse && CanComplete(inside, kArray, {})) {
    const FormulaId more = algebra_.And({inside, algebra_.ItemCountAtLeast(1)});
    if (CanComplete(more, kArray, {})) {
      return std::nullopt;
    }
    result.push_back(Constant({.kind = JsonNode::Kind::kArray}));
  }
  if (result.size() > count_max) {
    return std::nullopt;
  }
  return result;
}

}  // namespace millrace::grammar
