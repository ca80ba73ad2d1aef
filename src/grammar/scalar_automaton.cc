#include "grammar/scalar_automaton.h"

#include <algorithm>
#include <utility>

#include "grammar/hash_mix.h"

namespace millrace::grammar {
namespace {

uint64_t HashOf(const std::vector<int64_t>& parts) {
  uint64_t hash = parts.size();
  for (const int64_t part : parts) {
    hash = Mix(hash, static_cast<uint64_t>(part));
  }
  return hash;
}

}  // namespace

ScalarAutomaton::ScalarAutomaton(std::vector<FormulaId> formulas, const Options& options,
                                 SchemaAlgebra& algebra)
    : algebra_(algebra), formulas_(std::move(formulas)), some_must_hold_(options.some_must_hold) {
  subsets_.emplace_back();
  if (options.type == kNumber) {
    atoms_.push_back(0);  // the form, once it is known what is asked of the numbers
    guards_ = 1;
  }
  for (const FormulaId formula : formulas_) {
    Collect(formula);
  }
  if (options.type == kNumber) {
    int32_t flags = ScalarAtoms::kAnyForm;
    ScalarAtoms& atoms = algebra.atoms();
    if (options.canonical_numbers ||
        !std::all_of(atoms_.begin() + 1, atoms_.end(),
                     [&](AtomId atom) { return atoms.IsComparison(atom); })) {
      flags |= ScalarAtoms::kNoExponent;
    } else if (atoms_.size() > 1) {
      flags |= ScalarAtoms::kScientific;
    }
    if (!options.free_numbers && std::any_of(atoms_.begin() + 1, atoms_.end(), [&](AtomId atom) {
          return atoms.AsksForInteger(atom);
        })) {
      flags |= ScalarAtoms::kNoZeroFraction;
    }
    if (options.canonical_numbers) {
      flags |= ScalarAtoms::kCanonical;
    }
    atoms_[0] = atoms.Form(flags);
    if (std::any_of(atoms_.begin() + 1, atoms_.end(), [&](AtomId atom) {
          return atoms.kind(atom) == ScalarAtoms::Kind::kMultiple;
        })) {
      outlook_.emplace(formulas_, atoms_, algebra_);
    }
  }
  std::vector<int64_t> parts;
  for (const AtomId atom : atoms_) {
    parts.push_back(algebra_.atoms().Initial(atom));
  }
  Intern(std::move(parts));
}

void ScalarAutomaton::Collect(FormulaId formula) {
  const SchemaAlgebra::Formula& node = algebra_.at(formula);
  for (const FormulaId part : node.parts) {
    Collect(part);
  }
  using Op = SchemaAlgebra::Op;
  if ((node.op == Op::kString || node.op == Op::kNumber) &&
      std::find(atoms_.begin() + static_cast<std::ptrdiff_t>(guards_), atoms_.end(), node.a) ==
          atoms_.end()) {
    atoms_.push_back(node.a);
  }
}

bool ScalarAutomaton::Holds(FormulaId formula, const std::vector<int64_t>& parts) const {
  using Op = SchemaAlgebra::Op;
  const SchemaAlgebra::Formula& node = algebra_.at(formula);
  const auto holds = [&](FormulaId part) { return Holds(part, parts); };
  switch (node.op) {
    case Op::kNever:
      return false;
    case Op::kAlways:
      return true;
    case Op::kAnd:
      return std::all_of(node.parts.begin(), node.parts.end(), holds);
    case Op::kOr:
      return std::any_of(node.parts.begin(), node.parts.end(), holds);
    default: {
      const auto at =
          std::find(atoms_.begin() + static_cast<std::ptrdiff_t>(guards_), atoms_.end(), node.a);
      const auto index = static_cast<size_t>(at - atoms_.begin());
      return algebra_.atoms().Accepts(node.a, parts[index]) != node.negated;
    }
  }
}

// False when what is dead or holds forever already decides that it will not hold.
bool ScalarAutomaton::CanComeToHold(FormulaId formula, const std::vector<int64_t>& parts) const {
  using Op = SchemaAlgebra::Op;
  const SchemaAlgebra::Formula& node = algebra_.at(formula);
  const auto can = [&](FormulaId part) { return CanComeToHold(part, parts); };
  switch (node.op) {
    case Op::kNever:
      return false;
    case Op::kAnd:
      return std::all_of(node.parts.begin(), node.parts.end(), can);
    case Op::kOr:
      return std::any_of(node.parts.begin(), node.parts.end(), can);
    case Op::kString:
    case Op::kNumber: {
      const auto at =
          std::find(atoms_.begin() + static_cast<std::ptrdiff_t>(guards_), atoms_.end(), node.a);
      const int64_t part = parts[static_cast<size_t>(at - atoms_.begin())];
      return node.negated ? !algebra_.atoms().AcceptsForever(node.a, part)
                          : part != ScalarAtoms::kDead;
    }
    default:
      return true;
  }
}

int32_t ScalarAutomaton::TruthOf(const std::vector<int64_t>& parts) {
  for (size_t i = 0; i < guards_; ++i) {
    if (!algebra_.atoms().Accepts(atoms_[i], parts[i])) {
      return kDead;
    }
  }
  std::vector<int32_t> members;
  for (size_t i = 0; i < formulas_.size(); ++i) {
    if (Holds(formulas_[i], parts)) {
      members.push_back(static_cast<int32_t>(i));
    }
  }
  const auto at = std::find(subsets_.begin(), subsets_.end(), members);
  const auto truth = static_cast<int32_t>(at - subsets_.begin());
  if (at == subsets_.end()) {
    subsets_.push_back(std::move(members));
  }
  return truth;
}

int32_t ScalarAutomaton::Intern(std::vector<int64_t> parts) {
  const uint64_t hash = HashOf(parts);
  const auto [begin, end] = index_.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    if (states_[static_cast<size_t>(it->second)].parts == parts) {
      return it->second;
    }
  }
  const auto id = static_cast<int32_t>(states_.size());
  const int32_t truth = TruthOf(parts);
  memory_bytes_ += sizeof(State) + (parts.size() * 8) + 48;
  states_.push_back({.parts = std::move(parts), .truth = truth});
  index_.emplace(hash, id);
  return id;
}

int32_t ScalarAutomaton::ComputeStep(int32_t state, char32_t c) {
  algebra_.Spend(4 + atoms_.size());
  std::vector<int64_t> parts = states_[static_cast<size_t>(state)].parts;
  bool decides = false;
  for (size_t i = 0; i < parts.size(); ++i) {
    const int64_t before = std::exchange(parts[i], algebra_.atoms().Step(atoms_[i], parts[i], c));
    if (i < guards_ && parts[i] == ScalarAtoms::kDead) {
      return kDead;
    }
    decides =
        decides || (parts[i] != before && (parts[i] == ScalarAtoms::kDead ||
                                           algebra_.atoms().AcceptsForever(atoms_[i], parts[i])));
  }
  if (some_must_hold_ && decides &&
      std::none_of(formulas_.begin(), formulas_.end(),
                   [&](FormulaId formula) { return CanComeToHold(formula, parts); })) {
    return kDead;
  }
  return Intern(std::move(parts));
}

std::span<const ScalarArc> ScalarAutomaton::Arcs(int32_t state) {
  if (states_[static_cast<size_t>(state)].has_arcs) {
    return states_[static_cast<size_t>(state)].arcs;
  }
  std::vector<char32_t> starts = {0, 0xD800, 0xE000, kCodePointMax + 1};
  const std::vector<int64_t> parts = states_[static_cast<size_t>(state)].parts;
  for (size_t i = 0; i < parts.size(); ++i) {
    algebra_.atoms().AddBoundaries(atoms_[i], parts[i], starts);
  }
  std::sort(starts.begin(), starts.end());
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  std::vector<ScalarArc> arcs;
  for (size_t i = 0; i + 1 < starts.size() && starts[i] <= kCodePointMax; ++i) {
    if (starts[i] >= 0xD800 && starts[i] < 0xE000) {
      continue;
    }
    const int32_t next = ComputeStep(state, starts[i]);
    if (next == kDead) {
      continue;
    }
    if (!arcs.empty() && arcs.back().next == next && arcs.back().high + 1 == starts[i]) {
      arcs.back().high = starts[i + 1] - 1;
    } else {
      arcs.push_back({starts[i], starts[i + 1] - 1, next});
    }
  }
  memory_bytes_ += arcs.size() * sizeof(ScalarArc);
  State& stored = states_[static_cast<size_t>(state)];
  stored.arcs = std::move(arcs);
  stored.has_arcs = true;
  return stored.arcs;
}

int32_t ScalarAutomaton::Step(int32_t state, char32_t c) {
  const std::span<const ScalarArc> arcs = Arcs(state);
  const auto arc = std::partition_point(arcs.begin(), arcs.end(),
                                        [c](const ScalarArc& a) { return a.high < c; });
  return arc != arcs.end() && arc->low <= c ? arc->next : kDead;
}

bool LiveAutomaton::IsGood(int32_t truth) {
  if (truth == ScalarAutomaton::kDead) {
    return false;
  }
  const auto index = static_cast<size_t>(truth);
  if (good_.size() <= index) {
    good_.resize(index + 1, -1);
  }
  if (good_[index] < 0) {
    const bool good = is_good_ ? is_good_(truth) : truth > 0;
    good_[index] = good ? 1 : 0;
  }
  return good_[index] == 1;
}

bool LiveAutomaton::CanEnd(int32_t state) { return IsGood(automaton_.Truth(state)); }

bool LiveAutomaton::IsLive(int32_t state) {
  if (MarkOf(state) == Mark::kUnknown) {
    Search(state);
  }
  return MarkOf(state) == Mark::kLive;
}

NumberOutlook::Answer LiveAutomaton::Outlook(int32_t state) {
  return is_good_ ? NumberOutlook::Answer::kOpen : automaton_.Outlook(state);
}

// Breadth first to a good end or a live state. What lies on the way is live; when nothing is found,
// everything seen is dead.
void LiveAutomaton::Search(int32_t state) {
  using Answer = NumberOutlook::Answer;
  struct Visit {
    int32_t state;
    int32_t from;
  };
  std::vector<Visit> queue = {{state, -1}};
  std::unordered_map<int32_t, bool> seen = {{state, true}};
  bool gives_up = false;
  for (size_t i = 0; i < queue.size(); ++i) {
    const int32_t at = queue[i].state;
    if (MarkOf(at) == Mark::kDead) {
      continue;
    }
    const bool live = MarkOf(at) == Mark::kLive || CanEnd(at);
    const Answer outlook = live ? Answer::kYes : Outlook(at);
    if (outlook == Answer::kYes) {
      for (auto back = static_cast<int32_t>(i); back >= 0;
           back = queue[static_cast<size_t>(back)].from) {
        MarkOf(queue[static_cast<size_t>(back)].state) = Mark::kLive;
      }
      return;
    }
    if (outlook == Answer::kNo) {
      MarkOf(at) = Mark::kDead;
      continue;
    }
    gives_up = gives_up || outlook == Answer::kTooLarge || queue.size() > kSearchMax;
    if (queue.size() > kSearchMax) {
      break;
    }
    if (outlook == Answer::kTooLarge) {
      continue;
    }
    for (const ScalarArc& arc : automaton_.Arcs(at)) {
      if (!automaton_.BeginsExponent(arc) && seen.emplace(arc.next, true).second) {
        queue.push_back({arc.next, static_cast<int32_t>(i)});
      }
    }
  }
  if (gives_up) {
    *gave_up_ = true;
    queue.resize(1);  // of the others no more is known
  }
  for (const Visit& visit : queue) {
    MarkOf(visit.state) = Mark::kDead;
  }
}

std::span<const ScalarArc> LiveAutomaton::Arcs(int32_t state) {
  if (!Of(views_, state).has_arcs) {
    std::vector<ScalarArc> live;
    const auto all = automaton_.Arcs(state);
    const std::vector<ScalarArc> arcs(all.begin(), all.end());
    for (const ScalarArc& arc : arcs) {
      if (IsLive(arc.next)) {
        live.push_back(arc);
      }
    }
    memory_bytes_ += sizeof(View) + (live.size() * sizeof(ScalarArc));
    Of(views_, state) = {.has_arcs = true, .arcs = std::move(live)};
  }
  return Of(views_, state).arcs;
}

int32_t LiveAutomaton::Step(int32_t state, char32_t c) {
  const std::span<const ScalarArc> arcs = Arcs(state);
  const auto arc = std::partition_point(arcs.begin(), arcs.end(),
                                        [c](const ScalarArc& a) { return a.high < c; });
  return arc != arcs.end() && arc->low <= c ? arc->next : ScalarAutomaton::kDead;
}

bool LiveAutomaton::AnyStep(int32_t state, char32_t low, char32_t high) {
  const std::span<const ScalarArc> arcs = Arcs(state);
  const auto arc = std::partition_point(arcs.begin(), arcs.end(),
                                        [low](const ScalarArc& a) { return a.high < low; });
  return arc != arcs.end() && arc->low <= high;
}

const int32_t* LiveAutomaton::AsciiSteps(int32_t state) {
  constexpr char32_t kAscii = 128;
  if (Of(views_, state).ascii.empty()) {
    std::vector<int32_t> table(kAscii, ScalarAutomaton::kDead);
    for (const ScalarArc& arc : Arcs(state)) {
      for (char32_t at = arc.low; at <= arc.high && at < kAscii; ++at) {
        table[at] = arc.next;
      }
    }
    memory_bytes_ += table.size() * sizeof(int32_t);
    Of(views_, state).ascii = std::move(table);
  }
  return Of(views_, state).ascii.data();
}

int32_t LiveAutomaton::UsualNext(int32_t state, CodePointSet& others) {
  const std::span<const ScalarArc> arcs = Arcs(state);
  const auto width = [](const ScalarArc& arc) { return arc.high - arc.low; };
  const auto widest =
      std::max_element(arcs.begin(), arcs.end(),
                       [&](const ScalarArc& a, const ScalarArc& b) { return width(a) < width(b); });
  if (widest == arcs.end()) {
    return ScalarAutomaton::kDead;
  }
  char32_t from = 0;
  for (const ScalarArc& arc : arcs) {
    if (arc.next != widest->next) {
      continue;
    }
    if (arc.low > from && !(from == 0xD800 && arc.low == 0xE000)) {
      others.push_back({from, arc.low - 1});
    }
    from = arc.high + 1;
  }
  if (from <= kCodePointMax) {
    others.push_back({from, kCodePointMax});
  }
  return widest->next;
}

}  // namespace millrace::grammar
