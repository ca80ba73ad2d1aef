#include "grammar/conjunctions.h"

#include <algorithm>
#include <set>
#include <string>

namespace millrace::grammar {
namespace {

using Op = SchemaAlgebra::Op;

enum class Truth : uint8_t { kNo, kYes, kOpen };

class Search {
 public:
  Search(SchemaAlgebra& algebra, size_t count_max, std::vector<Conjunction>& result)
      : algebra_(algebra), count_max_(count_max), result_(result) {}

  struct Branch {
    std::set<FormulaId> chosen;
    std::vector<FormulaId> open;  // Ors of which one part must hold
  };

  // Adds what follows from `formula` being true; false when it contradicts what is chosen.
  bool Assume(FormulaId formula, Branch& branch) {
    const SchemaAlgebra::Formula& node = algebra_.at(formula);
    if (node.op == Op::kAnd) {
      const std::vector<FormulaId> parts = node.parts;
      return std::all_of(parts.begin(), parts.end(),
                         [&](FormulaId part) { return Assume(part, branch); });
    }
    if (node.op == Op::kOr) {
      branch.open.push_back(formula);
      return true;
    }
    if (formula == kTrue) {
      return true;
    }
    if (formula == kFalse || branch.chosen.contains(algebra_.Not(formula))) {
      return false;
    }
    branch.chosen.insert(formula);
    return !ContradictsEntries(formula, branch);
  }

  // Whether an entry that must come can have no value, or none is left that must not, now that
  // `literal` was chosen.
  bool ContradictsEntries(FormulaId literal, const Branch& branch) {
    const SchemaAlgebra::Formula& node = algebra_.at(literal);
    if (node.op == Op::kRequired && node.negated) {
      return HasAll(algebra_.names(node.a), NamesThatCome(branch));
    }
    if (node.op == Op::kRequired) {
      const std::vector<std::string> names = algebra_.names(node.a);
      const std::set<std::string> coming = NamesThatCome(branch);
      return std::any_of(names.begin(), names.end(),
                         [&](const std::string& name) { return HasNoValue(name, branch); }) ||
             std::any_of(branch.chosen.begin(), branch.chosen.end(), [&](FormulaId chosen) {
               const SchemaAlgebra::Formula& other = algebra_.at(chosen);
               return other.op == Op::kRequired && other.negated &&
                      HasAll(algebra_.names(other.a), coming);
             });
    }
    if (node.op != Op::kProperties) {
      return false;
    }
    if (node.negated) {
      const std::string* name = OnlyNameOf(node);
      return name != nullptr && HasNoValue(*name, branch);
    }
    const std::set<std::string> names = NamesThatCome(branch);
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return HasNoValue(name, branch); });
  }

  static bool HasAll(const std::vector<std::string>& names, const std::set<std::string>& coming) {
    return std::all_of(names.begin(), names.end(),
                       [&](const std::string& name) { return coming.contains(name); });
  }

  // The one name that a table says something of, if there is one: an object that breaks the table
  // has it.
  const std::string* OnlyNameOf(const SchemaAlgebra::Formula& properties) const {
    const PropertyTable& table = algebra_.table(properties.a);
    return table.rest == kTrue && table.patterns.empty() && table.names.size() == 1
               ? &table.names.front().first
               : nullptr;
  }

  std::set<std::string> NamesThatCome(const Branch& branch) {
    algebra_.Spend(2 * branch.chosen.size());
    std::set<std::string> names;
    for (const FormulaId chosen : branch.chosen) {
      const SchemaAlgebra::Formula& node = algebra_.at(chosen);
      if (node.op == Op::kRequired && !node.negated) {
        names.insert(algebra_.names(node.a).begin(), algebra_.names(node.a).end());
      } else if (node.op == Op::kProperties && node.negated) {
        if (const std::string* name = OnlyNameOf(node); name != nullptr) {
          names.insert(*name);
        }
      }
    }
    return names;
  }

  // Whether what is chosen leaves the entry `name` no value, as far as a look at its parts tells.
  bool HasNoValue(const std::string& name, const Branch& branch) {
    algebra_.Spend(2 * branch.chosen.size());
    std::vector<FormulaId> parts;
    for (const FormulaId chosen : branch.chosen) {
      const SchemaAlgebra::Formula& node = algebra_.at(chosen);
      if (node.op != Op::kProperties) {
        continue;
      }
      const std::string* only = OnlyNameOf(node);
      if (node.negated && (only == nullptr || *only != name)) {
        continue;
      }
      const PropertyTable& table = algebra_.table(node.a);
      const FormulaId* named = table.Find(name);
      const FormulaId value = named != nullptr         ? *named
                              : table.patterns.empty() ? table.rest
                                                       : kTrue;
      parts.push_back(node.negated ? algebra_.Not(value) : value);
    }
    algebra_.Spend(2 + parts.size());
    return algebra_.And(std::move(parts)) == kFalse;
  }

  // What is known of `formula` under the choices made.
  Truth Known(FormulaId formula, const Branch& branch) {
    algebra_.Spend(2);
    const SchemaAlgebra::Formula& node = algebra_.at(formula);
    if (node.op == Op::kAnd || node.op == Op::kOr) {
      const Truth deciding = node.op == Op::kAnd ? Truth::kNo : Truth::kYes;
      const std::vector<FormulaId> parts = node.parts;
      bool all = true;
      for (const FormulaId part : parts) {
        const Truth truth = Known(part, branch);
        if (truth == deciding) {
          return deciding;
        }
        all = all && truth != Truth::kOpen;
      }
      return !all ? Truth::kOpen : deciding == Truth::kNo ? Truth::kYes : Truth::kNo;
    }
    if (formula == kTrue || branch.chosen.contains(formula)) {
      return Truth::kYes;
    }
    return formula == kFalse || branch.chosen.contains(algebra_.Not(formula)) ? Truth::kNo
                                                                              : Truth::kOpen;
  }

  // Draws all conclusions; false on a contradiction.
  bool Propagate(Branch& branch) {
    for (bool changed = true; changed;) {
      changed = false;
      std::vector<FormulaId> open = std::exchange(branch.open, {});
      for (const FormulaId choice : open) {
        const std::vector<FormulaId> parts = algebra_.at(choice).parts;
        FormulaId last = kFalse;
        size_t count = 0;
        bool holds = false;
        for (const FormulaId part : parts) {
          const Truth truth = Known(part, branch);
          holds = holds || truth == Truth::kYes;
          if (truth == Truth::kOpen) {
            ++count;
            last = part;
          }
        }
        if (holds) {
          continue;
        }
        if (count == 0) {
          return false;
        }
        if (count > 1) {
          branch.open.push_back(choice);
        } else {
          changed = true;
          if (!Assume(last, branch)) {
            return false;
          }
        }
      }
    }
    return true;
  }

  bool Run(Branch branch) {
    constexpr size_t kStepsPerResult = 64;
    if (++steps_ > count_max_ * kStepsPerResult) {
      return false;
    }
    if (!Propagate(branch)) {
      return true;
    }
    if (branch.open.empty()) {
      Conjunction found(branch.chosen.begin(), branch.chosen.end());
      algebra_.Spend(1 + (result_.size() * (1 + found.size() / 8)));
      const bool covered =
          std::any_of(result_.begin(), result_.end(), [&](const Conjunction& other) {
            return std::includes(found.begin(), found.end(), other.begin(), other.end());
          });
      if (!covered) {
        result_.push_back(std::move(found));
      }
      return result_.size() <= count_max_;
    }
    const auto fewest =
        std::min_element(branch.open.begin(), branch.open.end(), [&](FormulaId a, FormulaId b) {
          return algebra_.at(a).parts.size() < algebra_.at(b).parts.size();
        });
    const std::vector<FormulaId> parts = algebra_.at(*fewest).parts;
    branch.open.erase(fewest);
    for (const FormulaId part : parts) {
      algebra_.Spend(4 * (branch.chosen.size() + branch.open.size()));
      Branch next = branch;
      if (Known(part, branch) != Truth::kNo && Assume(part, next) && !Run(std::move(next))) {
        return false;
      }
    }
    return true;
  }

 private:
  SchemaAlgebra& algebra_;
  size_t count_max_;
  std::vector<Conjunction>& result_;
  size_t steps_ = 0;
};

}  // namespace

bool FindConjunctions(SchemaAlgebra& algebra, FormulaId formula, size_t count_max,
                      std::vector<Conjunction>& result) {
  Search search(algebra, count_max, result);
  Search::Branch start;
  return !search.Assume(formula, start) || search.Run(std::move(start));
}

}  // namespace millrace::grammar
