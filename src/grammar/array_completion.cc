// Whether an array can still be completed: items that are missing must find places and values.
#include <algorithm>

#include "grammar/conjunctions.h"
#include "grammar/distinct_values.h"
#include "grammar/json_language.h"

namespace millrace::grammar {
namespace {

constexpr size_t kTermsMax = 6'000;
constexpr size_t kTriesMax = 40'000;
constexpr int64_t kPlacesMax = 1'000;
constexpr size_t kFewTables = 4;

}  // namespace

using Op = SchemaAlgebra::Op;

// What the item at a place will be.
struct JsonLanguage::ItemChoice {
  FormulaId item = kTrue;
  uint64_t kind = 0;  // a bit for every obligation it meets, then for every limit it counts for
};

// One search for the ways to complete an array under one term. Where items are compared, each way
// says what an item that comes before them (Facts::last_item) may be.
struct JsonLanguage::ArraySearch {
  const ArrayTerm& term;
  const Facts& facts;
  std::vector<int64_t> missing = {};         // of at_least, then of violated: items still to come
  std::vector<ArrayTerm::Some> limits = {};  // of fewer_than: the items that still may satisfy it
  std::vector<int64_t> missing_before = {};  // the item being placed
  uint64_t kind_before = 0;                  // of the item before it
  int64_t idle = 0;                          // places of items that serve nothing
  struct Places {
    FormulaId item = kTrue;
    int64_t count = 1;
  };
  std::vector<Places> places = {};
  size_t tries = 0;
  size_t tries_max = kTriesMax;

  FormulaId room = kFalse;                                   // by the ways found
  std::optional<std::vector<FormulaId>> needed_by_all = {};  // values that every way needs
};

bool JsonLanguage::AddLiteral(const SchemaAlgebra::Formula& literal, ArrayTerm& term) {
  switch (literal.op) {
    case Op::kItems:
      (literal.negated ? term.violated : term.tables).push_back(literal.a);
      term.prefix =
          std::max(term.prefix, static_cast<int64_t>(algebra_.items(literal.a).prefix.size()));
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

// What `facts.last_item` may be, for the array under `formula` to be completed behind it; kTrue
// when it does not matter, kFalse when the array cannot be completed. Without a last item it is one
// of these two.
FormulaId JsonLanguage::RoomFor(FormulaId formula, const Facts& facts) {
  if (formula == kFalse || formula == kTrue) {
    return formula;
  }
  FormulaId room = kFalse;
  const size_t count = ArrayTerms(formula).size();
  for (size_t i = 0; i < count && room != kTrue; ++i) {
    const ArrayTerm term = ArrayTerms(formula)[i];  // the search may add terms of other formulas
    room = algebra_.Or({room, RoomUnder(term, facts)});
  }
  return room;
}

FormulaId JsonLanguage::RoomUnder(const ArrayTerm& term, const Facts& facts) {
  if (facts.count > term.count_max) {
    return kFalse;
  }
  ArraySearch search{.term = term, .facts = facts};
  for (const ArrayTerm::Some& limit : term.fewer_than) {
    if (limit.count > 1) {
      search.limits.push_back({limit.item, limit.count - 1});
    }
  }
  if (term.at_least.empty() && term.violated.empty() && search.limits.empty() && !term.compares()) {
    return CompleteSimply(term, facts) ? kTrue : kFalse;
  }
  for (const ArrayTerm::Some& some : term.at_least) {
    search.missing.push_back(some.count);
  }
  search.missing.resize(term.at_least.size() + term.violated.size(), 1);
  if (!term.compares() && term.violated.size() > kFewTables) {
    return SearchOrList(search) ? kTrue : kFalse;
  }
  PlaceItems(search, facts.count);
  return search.needed_by_all.has_value() ? algebra_.Not(algebra_.Or(*search.needed_by_all))
                                          : search.room;
}

// A search for items that break many tables, as an array does that differs from many, may take long
// where there are few arrays: then these are looked at.
bool JsonLanguage::SearchOrList(ArraySearch& search) {
  constexpr size_t kFewTries = 500;
  ArraySearch again = search;
  const bool gave_up = std::exchange(gave_up_, false);
  search.tries_max = kFewTries;
  bool found = PlaceItems(search, search.facts.count);
  if (!found && gave_up_) {
    gave_up_ = false;
    const std::optional<bool> listed = CompletesByListing(search.term, search.facts);
    found = listed.has_value() ? *listed : PlaceItems(again, search.facts.count);
  }
  gave_up_ = gave_up_ || gave_up;
  return found;
}

bool JsonLanguage::CompleteSimply(const ArrayTerm& term, const Facts& facts) {
  for (int64_t i = facts.count; i < term.count_min; ++i) {
    if (!IsSatisfiable(ItemOf(term, i))) {
      return false;
    }
    if (i >= term.prefix) {
      break;
    }
  }
  return true;
}

// Finds ways to go on from `index`; true when no other way has to be looked at.
bool JsonLanguage::PlaceItems(ArraySearch& search, int64_t index) {
  const ArrayTerm& term = search.term;
  const bool all_placed = std::all_of(search.missing.begin(), search.missing.end(),
                                      [](int64_t count) { return count == 0; });
  if (all_placed && index >= term.prefix && search.limits.empty()) {
    return PlaceAlike(search, index);
  }
  if (all_placed && index >= term.count_min) {
    if (JudgePlaces(search)) {
      return true;
    }
    if (!term.repeated) {
      return false;  // more items are of no use
    }
  }
  if (index >= term.count_max) {
    return false;
  }
  if (index - search.facts.count > kPlacesMax) {
    gave_up_ = true;
    return false;
  }
  const std::vector<int64_t> outer = std::exchange(search.missing_before, search.missing);
  const bool enough = PlaceOneItem(search, index, 0, {.item = ItemOf(term, index)});
  search.missing_before = outer;
  return enough;
}

// The rest of the items that must come, or may to be equal, where all are under one formula.
bool JsonLanguage::PlaceAlike(ArraySearch& search, int64_t index) {
  constexpr int64_t kEqualItems = 2;
  const ArrayTerm& term = search.term;
  const int64_t least = std::max<int64_t>(0, term.count_min - index);
  const int64_t count =
      term.repeated ? std::max(least, std::min(kEqualItems, term.count_max - index)) : least;
  const FormulaId item = count > 0 ? ItemOf(term, index) : kFalse;
  if (count == 0 || !IsSatisfiable(item)) {
    return least == 0 && JudgePlaces(search);
  }
  search.places.push_back({item, count});
  const bool enough = JudgePlaces(search);
  search.places.pop_back();
  return enough;
}

// Decides which of the missing items the one at `index` is; then goes on to the next index.
bool JsonLanguage::PlaceOneItem(ArraySearch& search, int64_t index, size_t obligation,
                                ItemChoice choice) {
  const ArrayTerm& term = search.term;
  if (++search.tries > search.tries_max || !Work()) {
    gave_up_ = true;
    return false;
  }
  if (obligation == search.missing.size()) {
    const bool is_idle =
        search.missing == search.missing_before && index >= term.count_min && index >= term.prefix;
    // An item that serves nothing, at a place like all later ones, can only be equal to others.
    constexpr int64_t kIdleMax = 2;
    if (is_idle && (!term.repeated || search.idle == kIdleMax)) {
      return false;
    }
    search.idle += is_idle ? 1 : 0;
    const bool enough = PlaceChosen(search, index, 0, choice);
    search.idle -= is_idle ? 1 : 0;
    return enough;
  }
  int64_t& missing = search.missing[obligation];
  if (missing > 0) {
    const size_t violation = obligation - term.at_least.size();
    const FormulaId asked = obligation < term.at_least.size()
                                ? term.at_least[obligation].item
                                : algebra_.Not(ItemAt({term.violated[violation]}, index));
    const FormulaId both = algebra_.And({choice.item, asked});
    if (IsSatisfiable(both)) {
      --missing;
      const bool enough =
          PlaceOneItem(search, index, obligation + 1, {both, (choice.kind << 1U) | 1U});
      ++search.missing[obligation];
      if (enough) {
        return true;
      }
    }
  }
  return PlaceOneItem(search, index, obligation + 1, {choice.item, choice.kind << 1U});
}

// The same for the limits: the item does not count for one, or is one of those that may.
bool JsonLanguage::PlaceChosen(ArraySearch& search, int64_t index, size_t limit,
                               ItemChoice choice) {
  if (++search.tries > search.tries_max || !Work()) {
    gave_up_ = true;
    return false;
  }
  const ArrayTerm& term = search.term;
  if (limit < search.limits.size()) {
    ArrayTerm::Some& some = search.limits[limit];
    const FormulaId avoiding = algebra_.And({choice.item, algebra_.Not(some.item)});
    const bool can_avoid = IsSatisfiable(avoiding);
    if (can_avoid && PlaceChosen(search, index, limit + 1, {avoiding, choice.kind << 1U})) {
      return true;
    }
    // Where nothing else is at stake, avoiding it is as good as anything.
    const bool is_all = !term.compares() && search.limits.size() == 1;
    if ((can_avoid && is_all) || some.count == 0) {
      return false;
    }
    --some.count;
    const bool enough =
        PlaceChosen(search, index, limit + 1, {choice.item, (choice.kind << 1U) | 1U});
    ++search.limits[limit].count;
    return enough;
  }
  // Places that are alike may be taken in one order: of every such choice of items, one.
  constexpr size_t kKindsMax = 64;
  const bool is_ordered = search.missing.size() + search.limits.size() <= kKindsMax &&
                          index > std::max(term.prefix, search.facts.count);
  if ((is_ordered && choice.kind > search.kind_before) || !IsSatisfiable(choice.item)) {
    return false;
  }
  const uint64_t before = std::exchange(search.kind_before, choice.kind);
  search.places.push_back({choice.item});
  const bool enough = PlaceItems(search, index + 1);
  search.places.pop_back();
  search.kind_before = before;
  return enough;
}

// Looks at a way that was found, notes what it says of the last item, and whether that is enough.
bool JsonLanguage::JudgePlaces(ArraySearch& search) {
  if (search.term.unique) {
    return JudgeDifferent(search);
  }
  if (search.term.repeated) {
    return JudgeRepeated(search);
  }
  search.room = kTrue;
  return true;
}

// The last item may be any that no way needs for its places.
bool JsonLanguage::JudgeDifferent(ArraySearch& search) {
  const Facts& facts = search.facts;
  int64_t place_count = 0;
  std::map<FormulaId, int64_t> kinds;
  for (const ArraySearch::Places& some : search.places) {
    kinds[some.item] += some.count;
    place_count += some.count;
  }
  std::vector<AlikePlaces> few;
  const bool any_goes = place_count == 0 || (place_count == 1 && facts.seen_items == kFalse &&
                                             facts.last_item == kFalse);
  for (auto it = kinds.begin(); it != kinds.end() && !any_goes; ++it) {
    // With more values than there are places and items so far, there is always one left.
    auto values = ValuesOf(it->first, static_cast<size_t>(place_count + facts.count));
    if (values.has_value()) {
      listed_values_ = true;
      std::erase_if(*values, [&](FormulaId value) { return IsOneOf(value, facts.seen_items); });
      few.push_back({it->second, *std::move(values)});
    }
  }
  std::optional<std::vector<FormulaId>> needed = FindNeededValues(few, algebra_);
  if (!needed.has_value()) {
    return false;
  }
  std::erase_if(*needed, [&](FormulaId value) {
    return !IsSatisfiable(algebra_.And({facts.last_item, value}));
  });
  if (search.needed_by_all.has_value()) {
    std::erase_if(*needed, [&](FormulaId value) {
      return !std::binary_search(search.needed_by_all->begin(), search.needed_by_all->end(), value);
    });
  }
  search.needed_by_all = std::move(needed);
  return search.needed_by_all->empty();
}

// The last item may be any when two others are equal; otherwise one that equals another.
bool JsonLanguage::JudgeRepeated(ArraySearch& search) {
  const Facts& facts = search.facts;
  const auto can_be = [&](FormulaId a, FormulaId b) { return IsSatisfiable(algebra_.And({a, b})); };
  for (size_t i = 0; i < search.places.size(); ++i) {
    const FormulaId item = search.places[i].item;
    const auto before = search.places.begin() + static_cast<std::ptrdiff_t>(i);
    if (search.places[i].count > 1 || can_be(item, facts.seen_items) ||
        std::any_of(search.places.begin(), before,
                    [&](const ArraySearch::Places& other) { return can_be(item, other.item); })) {
      search.room = kTrue;
      return true;
    }
    if (can_be(item, facts.last_item)) {
      search.room = algebra_.Or({search.room, item});
    }
  }
  return search.room == kTrue;
}

}  // namespace millrace::grammar
