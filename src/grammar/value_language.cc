// What a pending value may be, and how the keys of an object are told apart.
#include <algorithm>

#include "grammar/json_language.h"

namespace millrace::grammar {

using Op = SchemaAlgebra::Op;

std::unique_ptr<ScalarAutomaton> JsonLanguage::MakeAutomaton(const std::vector<PendingPair>& pairs,
                                                             int32_t type) {
  std::vector<FormulaId> formulas;
  bool any = false;
  for (const PendingPair& pair : pairs) {
    formulas.push_back(Expand(pair.value, type));
    any = any || formulas.back() != kFalse;
  }
  if (!any) {
    return nullptr;
  }
  const ScalarAutomaton::Options options{
      .type = type,
      .free_numbers = options_.numbers == NumberSpelling::kFreeNumbers,
      .some_must_hold = true};
  return std::make_unique<ScalarAutomaton>(std::move(formulas), options, algebra_);
}

ValueLanguage& JsonLanguage::Values(PendingId pending) {
  const auto index = static_cast<size_t>(pending);
  if (index < values_.size() && values_[index] != nullptr) {
    return *values_[index];
  }
  auto values = std::make_unique<ValueLanguage>();
  const std::vector<PendingPair> pairs = this->pending(pending);
  values->strings = MakeAutomaton(pairs, kString);
  if (values->strings != nullptr) {
    values->live_strings = std::make_unique<LiveAutomaton>(*values->strings, nullptr, &gave_up_);
    values->types |= values->live_strings->IsLive(ScalarAutomaton::kInitial) ? kString : 0;
  }
  values->numbers = MakeAutomaton(pairs, kNumber);
  if (values->numbers != nullptr) {
    values->live_numbers = std::make_unique<LiveAutomaton>(*values->numbers, nullptr, &gave_up_);
    values->types |= values->live_numbers->IsLive(ScalarAutomaton::kInitial) ? kNumber : 0;
  }
  std::vector<Alternative> objects;
  std::vector<Alternative> arrays;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const auto tag = static_cast<int32_t>(i);
    for (const int32_t type : {kNull, kTrueType, kFalseType}) {
      values->types |= Admits(pairs[i].value, type) ? type : 0;
    }
    if (const FormulaId inside = Expand(pairs[i].value, kObject);
        CanComplete(inside, kObject, {})) {
      objects.push_back({inside, tag});
    }
    if (const FormulaId inside = Expand(pairs[i].value, kArray); CanComplete(inside, kArray, {})) {
      arrays.push_back({inside, tag});
    }
  }
  values->object = InternAlternatives(std::move(objects));
  values->array = InternAlternatives(std::move(arrays));
  values->types |= values->object != kNone ? kObject : 0;
  values->types |= values->array != kNone ? kArray : 0;
  values_.resize(std::max(values_.size(), index + 1));
  return *(values_[index] = std::move(values));
}

void JsonLanguage::CollectKeys(FormulaId formula, std::vector<std::string>& names,
                               std::vector<FormulaId>& conditions) {
  const SchemaAlgebra::Formula& node = algebra_.at(formula);
  for (const FormulaId part : node.parts) {
    CollectKeys(part, names, conditions);
  }
  if (node.op == Op::kProperties) {
    const PropertyTable& table = algebra_.table(node.a);
    for (const auto& [name, value] : table.names) {
      names.push_back(name);
    }
    for (const PropertyTable::Pattern& pattern : table.patterns) {
      conditions.push_back(pattern.key);
    }
  } else if (node.op == Op::kRequired) {
    const std::vector<std::string>& required = algebra_.names(node.a);
    names.insert(names.end(), required.begin(), required.end());
  }
}

KeyLanguage& JsonLanguage::Keys(AlternativesId alternatives) {
  const auto index = static_cast<size_t>(alternatives);
  if (index < keys_.size() && keys_[index] != nullptr) {
    return *keys_[index];
  }
  keys_.resize(std::max(keys_.size(), index + 1));
  keys_[index] = std::make_unique<KeyLanguage>();
  KeyLanguage& keys = *keys_[index];
  std::vector<std::string> names;
  for (const Alternative& one : this->alternatives(alternatives)) {
    CollectKeys(one.formula, names, keys.conditions);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (std::string& name : names) {
    keys.names.push_back({.name = std::move(name)});
  }
  std::sort(keys.conditions.begin(), keys.conditions.end());
  keys.conditions.erase(std::unique(keys.conditions.begin(), keys.conditions.end()),
                        keys.conditions.end());
  std::vector<FormulaId> formulas;
  for (const FormulaId condition : keys.conditions) {
    formulas.push_back(Expand(condition, kString));
  }
  keys.automaton = std::make_unique<ScalarAutomaton>(
      std::move(formulas), ScalarAutomaton::Options{.type = kString}, algebra_);
  keys.live = std::make_unique<LiveAutomaton>(
      *keys.automaton,
      [this, alternatives](int32_t truth) {
        static const std::string probe = "\x01";
        PendingOfKey(alternatives, truth, probe, {});
        return Keys(alternatives).generic[static_cast<size_t>(truth)] != kNone;
      },
      &gave_up_);
  return keys;
}

LiveAutomaton* JsonLanguage::KeysThatMayCome(AlternativesId alternatives, const Facts& facts) {
  KeyLanguage& keys = Keys(alternatives);
  static const std::string probe = "\x01";  // stands for the key that is to come
  const auto may_come = [&](size_t truth) {
    return PendingOfKey(alternatives, static_cast<int32_t>(truth), probe, facts) != kNone;
  };
  if (keys.conditions.empty()) {
    const int32_t only = keys.automaton->Truth(ScalarAutomaton::kInitial);
    return may_come(static_cast<size_t>(only)) ? keys.live.get() : nullptr;
  }
  bool all = true;
  std::vector<bool> which;
  const auto ask = [&] {
    which.clear();
    all = true;
    for (size_t truth = 0; truth < keys.generic.size(); ++truth) {
      const bool exists = keys.generic[truth] >= 0;
      which.push_back(exists && may_come(truth));
      all = all && (!exists || which.back());
    }
  };
  ask();
  if (all) {
    return keys.live.get();
  }
  if (!std::exchange(keys.explored, true)) {  // a kind not yet met would be missing from `which`
    constexpr size_t kStatesMax = 20'000;
    for (int32_t state = 0; static_cast<size_t>(state) < keys.automaton->size(); ++state) {
      if (keys.automaton->size() > kStatesMax) {
        gave_up_ = true;
        break;
      }
      keys.automaton->Arcs(state);
      keys.live->CanEnd(state);
    }
    ask();
  }
  if (std::find(which.begin(), which.end(), true) == which.end()) {
    return nullptr;
  }
  std::unique_ptr<LiveAutomaton>& live = keys.narrowed[which];
  if (live == nullptr) {
    live = std::make_unique<LiveAutomaton>(
        *keys.automaton,
        [which](int32_t truth) {
          return truth >= 0 && static_cast<size_t>(truth) < which.size() &&
                 which[static_cast<size_t>(truth)];
        },
        &gave_up_);
  }
  return live.get();
}

}  // namespace millrace::grammar
