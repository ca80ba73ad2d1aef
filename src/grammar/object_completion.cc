// Whether an object can still be completed: what is missing must find keys and values.
#include <algorithm>
#include <set>

#include "grammar/conjunctions.h"
#include "grammar/json_language.h"

namespace millrace::grammar {
namespace {

constexpr size_t kFewTerms = 32;
constexpr size_t kTermsMax = 6'000;
constexpr size_t kTriesMax = 40'000;

}  // namespace

using Op = SchemaAlgebra::Op;

// One attempt to complete an object under one term.
struct JsonLanguage::ObjectSearch {
  const ObjectTerm& term;
  const Facts& facts;
  std::vector<int32_t> violated = {};             // of the term, those first that few entries break
  std::map<std::string, FormulaId> entries = {};  // those that will come, with their values
  std::vector<std::string> absent = {};           // names that will not
  size_t tries = 0;
  size_t tries_max = kTriesMax;

  bool MayCome(const std::string& name) const {
    return !facts.HasKey(name) && std::find(absent.begin(), absent.end(), name) == absent.end();
  }
};

bool JsonLanguage::AddLiteral(const SchemaAlgebra::Formula& literal, ObjectTerm& term) {
  switch (literal.op) {
    case Op::kProperties:
      (literal.negated ? term.violated : term.tables).push_back(literal.a);
      return true;
    case Op::kRequired: {
      if (literal.negated) {
        term.incomplete.push_back(literal.a);
        return true;
      }
      const std::vector<std::string>& names = algebra_.names(literal.a);
      std::vector<std::string> all;
      std::set_union(names.begin(), names.end(), term.required.begin(), term.required.end(),
                     std::back_inserter(all));
      term.required = std::move(all);
      return true;
    }
    case Op::kPropertyCount:
      if (literal.negated) {
        term.count_max = std::min<int64_t>(term.count_max, literal.a - 1);
      } else {
        term.count_min = std::max<int64_t>(term.count_min, literal.a);
      }
      return term.count_min <= term.count_max;
    default:
      return literal.op == Op::kAlways;
  }
}

// The terms of `formula`, or some when there are more than `count_max`.
JsonLanguage::ObjectTerms JsonLanguage::FindTerms(FormulaId formula, size_t count_max) {
  ObjectTerms all;
  std::vector<Conjunction> conjunctions;
  all.are_all = FindConjunctions(algebra_, formula, count_max, conjunctions);
  std::set<std::string> names;
  for (const Conjunction& conjunction : conjunctions) {
    ObjectTerm term;
    if (!std::all_of(conjunction.begin(), conjunction.end(),
                     [&](FormulaId literal) { return AddLiteral(algebra_.at(literal), term); })) {
      continue;
    }
    names.insert(term.required.begin(), term.required.end());
    for (const int32_t list : term.incomplete) {
      names.insert(algebra_.names(list).begin(), algebra_.names(list).end());
    }
    for (const std::vector<int32_t>* tables : {&term.tables, &term.violated}) {
      for (const int32_t id : *tables) {
        for (const auto& [name, value] : algebra_.table(id).names) {
          names.insert(name);
        }
        all.has_patterns = all.has_patterns || !algebra_.table(id).patterns.empty();
      }
    }
    all.counts = all.counts || term.count_min > 0 || term.count_max < INT32_MAX;
    all.is_simple = all.is_simple && term.violated.empty() && term.incomplete.empty();
    all.terms.push_back(std::move(term));
  }
  all.is_simple = all.is_simple && all.are_all && !all.counts && all.terms.size() == 1;
  all.names.assign(names.begin(), names.end());
  own_bytes_ += (all.terms.size() * sizeof(ObjectTerm)) + (all.names.size() * 48);
  return all;
}

// Whether an object under `formula` can be completed after `facts`. What matters of them is which
// of the names that the terms speak of have come, and sometimes how many entries there were; keys
// that have no name are counted one by one only where patterns tell them apart.
//
// Formulas of many choices have too many terms to list, and one of the first will mostly do.
bool JsonLanguage::SearchObject(FormulaId formula, const Facts& facts) {
  const bool gave_up = gave_up_;
  const auto [it, has_no_terms] = object_terms_.try_emplace(formula);
  ObjectTerms& first = it->second;
  if (has_no_terms) {
    first = FindTerms(formula, kFewTerms);
  }
  if (const bool found = SearchTerms(first, facts); found || first.are_all) {
    return found;
  }
  gave_up_ = gave_up;
  const FormulaId left = LeftOf(formula, facts);
  if (left == kFalse || left == kTrue) {
    return left == kTrue;
  }
  const auto [at, is_new] = all_object_terms_.try_emplace(left);
  ObjectTerms& all = at->second;
  if (is_new) {
    all = FindTerms(left, kTermsMax);
  }
  const bool found = SearchTerms(all, facts);
  gave_up_ = found ? gave_up : gave_up_ || !all.are_all;
  return found;
}

// What is left of a formula of an object when the keys that have come, which cannot come again, are
// taken out of what must be missing or broken.
FormulaId JsonLanguage::LeftOf(FormulaId formula, const Facts& facts) {
  const SchemaAlgebra::Formula node = algebra_.at(formula);
  if (node.op == Op::kAnd || node.op == Op::kOr) {
    std::vector<FormulaId> parts;
    for (const FormulaId part : node.parts) {
      parts.push_back(LeftOf(part, facts));
    }
    const FormulaId all =
        node.op == Op::kAnd ? algebra_.And(std::move(parts)) : algebra_.Or(std::move(parts));
    return algebra_.Restrict(all, kObject);
  }
  if (node.op == Op::kRequired) {
    std::vector<std::string> names = algebra_.names(node.a);
    std::erase_if(names, [&](const std::string& name) { return facts.HasKey(name); });
    const FormulaId missing = algebra_.Required(std::move(names));
    return algebra_.Restrict(node.negated ? algebra_.Not(missing) : missing, kObject);
  }
  if (node.op != Op::kProperties || !node.negated) {
    return formula;
  }
  PropertyTable table = algebra_.table(node.a);
  for (auto& [name, value] : table.names) {
    value = facts.HasKey(name) ? kTrue : value;
  }
  if (table.rest == kTrue && table.patterns.empty()) {
    std::erase_if(table.names, [](const auto& entry) { return entry.second == kTrue; });
  }
  return algebra_.Restrict(algebra_.Not(algebra_.Properties(std::move(table))), kObject);
}

bool JsonLanguage::SearchTerms(ObjectTerms& all, const Facts& facts) {
  const auto search = [&] {
    return std::any_of(all.terms.begin(), all.terms.end(),
                       [&](ObjectTerm& term) { return CanComplete(term, facts); });
  };
  if (all.is_simple) {
    return search();
  }
  std::string key((all.names.size() + 7) / 8, '\0');
  const auto note = [&](const std::string& name) {
    const auto at = std::lower_bound(all.names.begin(), all.names.end(), name);
    if (at != all.names.end() && *at == name) {
      const auto index = static_cast<size_t>(at - all.names.begin());
      key[index / 8] = static_cast<char>(key[index / 8] | (1 << (index % 8)));
    } else if (all.has_patterns) {
      key += name;
      key += '\xFF';  // in no UTF-8
    }
  };
  for (int32_t at = facts.last_key; at >= 0;) {
    const SeenKey& seen = (*facts.keys)[static_cast<size_t>(at)];
    note(seen.name);
    at = seen.previous;
  }
  if (facts.one_more_key != nullptr) {
    note(*facts.one_more_key);
  }
  if (all.counts) {
    key += std::to_string(facts.count);
  }
  if (const auto known = all.known.find(key); known != all.known.end()) {
    return known->second;
  }
  const bool gave_up = std::exchange(gave_up_, false);
  const int32_t assumed = std::exchange(lowest_assumed_, INT32_MAX);
  const bool found = search();
  // An answer that rests on an assumption, or on giving up, holds only here.
  if (found || (lowest_assumed_ == INT32_MAX && !gave_up_)) {
    own_bytes_ += key.size() + 64;
    all.known.emplace(std::move(key), found);
  }
  gave_up_ = gave_up_ || gave_up;
  lowest_assumed_ = std::min(lowest_assumed_, assumed);
  return found;
}

bool JsonLanguage::KeySatisfies(FormulaId condition, std::string_view key) {
  std::unique_ptr<ScalarAutomaton>& stored = conditions_[condition];
  if (stored == nullptr) {
    stored = std::make_unique<ScalarAutomaton>(std::vector<FormulaId>{Expand(condition, kString)},
                                               ScalarAutomaton::Options{.type = kString}, algebra_);
  }
  ScalarAutomaton& automaton = *stored;
  int32_t state = ScalarAutomaton::kInitial;
  for (const char32_t c : CodePointsOf(key)) {
    state = automaton.Step(state, c);
    if (state == ScalarAutomaton::kDead) {
      return false;
    }
  }
  return automaton.Truth(state) > 0;
}

FormulaId JsonLanguage::ValueAt(const PropertyTable& table, std::string_view key) {
  std::vector<FormulaId> parts;
  bool found = false;
  if (const FormulaId* named = table.Find(key); named != nullptr) {
    parts.push_back(*named);
    found = true;
  }
  for (const PropertyTable::Pattern& pattern : table.patterns) {
    if (KeySatisfies(pattern.key, key)) {
      parts.push_back(pattern.value);
      found = true;
    }
  }
  return found ? algebra_.And(std::move(parts)) : table.rest;
}

FormulaId JsonLanguage::ValueOfKey(const std::vector<int32_t>& tables, std::string_view key) {
  std::vector<FormulaId> parts;
  for (const int32_t table : tables) {
    parts.push_back(ValueAt(algebra_.table(table), key));
  }
  return algebra_.And(std::move(parts));
}

bool JsonLanguage::CanComplete(ObjectTerm& term, const Facts& facts) {
  if (facts.count > term.count_max) {
    return false;
  }
  const bool is_simple = term.violated.empty() && term.incomplete.empty() && term.count_min == 0 &&
                         term.count_max == INT32_MAX;
  if (is_simple && term.required_possible == 1) {
    return true;
  }
  ObjectSearch search{.term = term, .facts = facts};
  bool all = true;
  for (const std::string& name : term.required) {
    if (facts.HasKey(name)) {
      all = false;
      continue;
    }
    const FormulaId value = ValueOfKey(term.tables, name);
    if (!IsSatisfiable(value)) {
      return false;
    }
    search.entries.emplace(name, value);
  }
  if (all) {
    term.required_possible = 1;
  }
  return is_simple || SearchOrList(search);
}

// The names of entries that may break the table `id`.
std::vector<std::string> JsonLanguage::KeysToBreak(const ObjectSearch& search, int32_t id) {
  // Other keys break it only where it has something to say of them.
  const bool names_all = algebra_.table(id).rest == kTrue && algebra_.table(id).patterns.empty();
  if (!names_all) {
    return CandidateKeys(search, search.term.violated.size());
  }
  std::vector<std::string> names;
  for (const auto& [name, value] : algebra_.table(id).names) {
    if (search.MayCome(name) && !search.entries.contains(name)) {
      names.push_back(name);
    }
  }
  return names;
}

// Puts those tables first that few entries can break. False when one cannot be broken by any.
bool JsonLanguage::OrderViolations(ObjectSearch& search) {
  std::vector<std::pair<size_t, int32_t>> tables;
  for (const int32_t id : search.term.violated) {
    std::vector<std::string> names = KeysToBreak(search, id);
    for (const auto& [name, value] : search.entries) {
      names.push_back(name);
    }
    const auto count = std::count_if(names.begin(), names.end(), [&](const std::string& name) {
      const FormulaId kept = ValueAt(algebra_.table(id), name);
      const auto entry = search.entries.find(name);
      return kept != kTrue && IsSatisfiable(algebra_.And({entry == search.entries.end()
                                                              ? ValueOfKey(search.term.tables, name)
                                                              : entry->second,
                                                          algebra_.Not(kept)}));
    });
    if (count == 0) {
      return false;
    }
    tables.emplace_back(count, id);
  }
  std::sort(tables.begin(), tables.end());
  for (const auto& [count, id] : tables) {
    search.violated.push_back(id);
  }
  return true;
}

// A search for entries that break many tables, as an object does that differs from many, may take
// long where there are few objects: then these are looked at.
bool JsonLanguage::SearchOrList(ObjectSearch& search) {
  constexpr size_t kFewTables = 4;
  constexpr size_t kFewTries = 500;
  if (!OrderViolations(search)) {
    return false;
  }
  if (search.term.violated.size() <= kFewTables) {
    return ChooseAbsent(search, 0);
  }
  const ObjectSearch start = search;
  const bool gave_up = std::exchange(gave_up_, false);
  search.tries_max = kFewTries;
  bool found = ChooseAbsent(search, 0);
  if (!found && gave_up_) {
    gave_up_ = false;
    const std::optional<bool> listed = CompletesByListing(search.term, search.facts);
    ObjectSearch again = start;
    found = listed.has_value() ? *listed : ChooseAbsent(again, 0);
  }
  gave_up_ = gave_up_ || gave_up;
  return found;
}

// From every list that must stay incomplete, one name that never comes.
bool JsonLanguage::ChooseAbsent(ObjectSearch& search, size_t from) {
  if (from == search.term.incomplete.size()) {
    return PlaceViolations(search, 0);
  }
  for (const std::string& name : algebra_.names(search.term.incomplete[from])) {
    if (search.facts.HasKey(name) || search.entries.contains(name)) {
      continue;
    }
    search.absent.push_back(name);
    const bool found = ChooseAbsent(search, from + 1);
    search.absent.pop_back();
    if (found) {
      return true;
    }
    if (++search.tries > search.tries_max) {
      gave_up_ = true;
      return false;
    }
  }
  return false;
}

// For every table that must be broken, an entry that breaks it.
bool JsonLanguage::PlaceViolations(ObjectSearch& search, size_t from) {
  const auto count = search.facts.count + static_cast<int64_t>(search.entries.size());
  if (count > search.term.count_max) {
    return false;
  }
  if (from == search.violated.size()) {
    return FillUp(search);
  }
  const int32_t id = search.violated[from];
  std::vector<std::string> names;
  for (const auto& [name, value] : search.entries) {
    names.push_back(name);
  }
  const auto try_all = [&] {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return PlaceViolation(search, from, name); });
  };
  if (try_all()) {
    return true;
  }
  names = KeysToBreak(search, id);
  return try_all();
}

// Whether the entry `name` can break the table and the rest be placed.
bool JsonLanguage::PlaceViolation(ObjectSearch& search, size_t from, const std::string& name) {
  meter_.Spend(8);
  if (++search.tries > search.tries_max || !Work()) {
    gave_up_ = true;
    return false;
  }
  const FormulaId kept = ValueAt(algebra_.table(search.violated[from]), name);
  if (kept == kTrue) {
    return false;
  }
  const auto entry = search.entries.find(name);
  const bool is_new = entry == search.entries.end();
  const FormulaId before = is_new ? ValueOfKey(search.term.tables, name) : entry->second;
  const FormulaId value = algebra_.And({before, algebra_.Not(kept)});
  if (!IsSatisfiable(value)) {
    return false;
  }
  search.entries[name] = value;
  if (PlaceViolations(search, from + 1)) {
    return true;
  }
  if (is_new) {
    search.entries.erase(name);
  } else {
    search.entries[name] = before;
  }
  return false;
}

// As many further entries as the least count asks for.
bool JsonLanguage::FillUp(ObjectSearch& search) {
  int64_t missing =
      search.term.count_min - search.facts.count - static_cast<int64_t>(search.entries.size());
  if (missing <= 0) {
    return true;
  }
  constexpr int64_t kMissingMax = 10'000;
  if (missing > kMissingMax) {
    gave_up_ = true;
    return false;
  }
  for (const std::string& name : CandidateKeys(search, static_cast<size_t>(missing))) {
    if (!Work()) {
      return false;
    }
    if (IsSatisfiable(ValueOfKey(search.term.tables, name)) && --missing <= 0) {
      return true;
    }
  }
  return false;
}

JsonLanguage::KeyClasses& JsonLanguage::ClassesOf(const std::vector<FormulaId>& conditions) {
  const auto [it, is_new] = key_classes_.try_emplace(conditions);
  KeyClasses& classes = it->second;
  if (!is_new) {
    return classes;
  }
  constexpr size_t kStatesMax = 20'000;
  std::vector<FormulaId> formulas;
  for (const FormulaId condition : conditions) {
    formulas.push_back(Expand(condition, kString));
  }
  classes.automaton = std::make_unique<ScalarAutomaton>(
      formulas, ScalarAutomaton::Options{.type = kString}, algebra_);
  std::set<int32_t> truths;
  for (int32_t state = 0; static_cast<size_t>(state) < classes.automaton->size(); ++state) {
    truths.insert(classes.automaton->Truth(state));
    if (classes.automaton->size() < kStatesMax) {
      classes.automaton->Arcs(state);
    } else {
      gave_up_ = true;
    }
  }
  for (const int32_t truth : truths) {
    classes.live.push_back(std::make_unique<LiveAutomaton>(
        *classes.automaton, [truth](int32_t other) { return other == truth; }));
  }
  return classes;
}

// Names that tables mention, and up to `fresh_count` others of every kind that patterns tell apart.
std::vector<std::string> JsonLanguage::CandidateKeys(const ObjectSearch& search,
                                                     size_t fresh_count) {
  std::set<std::string> named;
  std::set<FormulaId> conditions;
  for (const std::vector<int32_t>* list : {&search.term.tables, &search.term.violated}) {
    for (const int32_t id : *list) {
      for (const auto& [name, value] : algebra_.table(id).names) {
        named.insert(name);
      }
      for (const PropertyTable::Pattern& pattern : algebra_.table(id).patterns) {
        conditions.insert(pattern.key);
      }
    }
  }
  std::vector<std::string> result;
  for (const std::string& name : named) {
    if (search.MayCome(name) && !search.entries.contains(name)) {
      result.push_back(name);
    }
  }
  const auto add_fresh = [&](std::string name) {
    const bool fresh =
        !named.contains(name) && search.MayCome(name) && !search.entries.contains(name);
    if (fresh) {
      result.push_back(std::move(name));
    }
    return fresh;
  };
  if (conditions.empty()) {
    for (size_t i = 0, found = 0; found < fresh_count; ++i) {
      found += add_fresh("x" + std::to_string(i)) ? 1 : 0;
    }
    return result;
  }
  size_t seen = named.size() + search.entries.size() + search.absent.size() +
                static_cast<size_t>(search.facts.count) + 1;
  seen = std::min<size_t>(seen, 1000);
  for (const auto& live : ClassesOf({conditions.begin(), conditions.end()}).live) {
    size_t found = 0;
    for (const std::u32string& text :
         live->SomeTexts(ScalarAutomaton::kInitial, fresh_count + seen)) {
      found += found < fresh_count && add_fresh(Utf8Of(text)) ? 1 : 0;
    }
  }
  return result;
}

}  // namespace millrace::grammar
