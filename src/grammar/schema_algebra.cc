#include "grammar/schema_algebra.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <type_traits>

#include "grammar/hash_mix.h"

namespace millrace::grammar {
namespace {

using Op = SchemaAlgebra::Op;

bool IsSubset(const std::vector<FormulaId>& small, const std::vector<FormulaId>& large) {
  return small.size() <= large.size() &&
         std::includes(large.begin(), large.end(), small.begin(), small.end());
}

}  // namespace

const FormulaId* PropertyTable::Find(std::string_view name) const {
  const auto at = std::lower_bound(
      names.begin(), names.end(), name,
      [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
  return at != names.end() && at->first == name ? &at->second : nullptr;
}

SchemaAlgebra::SchemaAlgebra(ScalarAtoms& atoms, WorkMeter* meter) : atoms_(atoms), meter_(meter) {
  Intern({.op = Op::kNever, .negation = kTrue});
  Intern({.op = Op::kAlways, .negation = kFalse});
}

FormulaId SchemaAlgebra::Intern(Formula formula) {
  uint64_t hash = Mix((static_cast<uint64_t>(formula.op) << 1) | (formula.negated ? 1 : 0),
                      static_cast<uint64_t>(formula.a));
  hash = Mix(hash, static_cast<uint64_t>(formula.b));
  for (const FormulaId part : formula.parts) {
    hash = Mix(hash, static_cast<uint64_t>(part));
  }
  const auto [begin, end] = index_.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    const Formula& other = at(it->second);
    if (other.op == formula.op && other.negated == formula.negated && other.a == formula.a &&
        other.b == formula.b && other.parts == formula.parts) {
      return it->second;
    }
  }
  const auto id = static_cast<FormulaId>(formulas_.size());
  memory_bytes_ += sizeof(Formula) + (formula.parts.size() * sizeof(FormulaId)) + 48;
  formulas_.push_back(std::move(formula));
  index_.emplace(hash, id);
  return id;
}

FormulaId SchemaAlgebra::Literal(Op op, int32_t a, int32_t b, bool negated) {
  return Intern({.op = op, .negated = negated, .a = a, .b = b});
}

int32_t SchemaAlgebra::TypesOf(const Formula& literal) const {
  switch (literal.op) {
    case Op::kString:
      return kString;
    case Op::kNumber:
      return kNumber;
    case Op::kProperties:
    case Op::kRequired:
    case Op::kPropertyCount:
      return kObject;
    case Op::kItems:
    case Op::kContains:
    case Op::kItemCount:
    case Op::kUnique:
      return kArray;
    case Op::kTypes:
      return literal.a;
    default:
      return 0;
  }
}

FormulaId SchemaAlgebra::Types(int32_t types) {
  if (types == 0 || types == kAllTypes) {
    return types == 0 ? kFalse : kTrue;
  }
  return Literal(Op::kTypes, types, 0);
}

FormulaId SchemaAlgebra::Properties(PropertyTable table) {
  std::sort(table.names.begin(), table.names.end());
  const auto same = [](FormulaId value) { return value == kTrue; };
  const bool trivial = table.rest == kTrue &&
                       std::all_of(table.names.begin(), table.names.end(),
                                   [&](auto& n) { return same(n.second); }) &&
                       std::all_of(table.patterns.begin(), table.patterns.end(),
                                   [&](auto& p) { return same(p.value); });
  if (trivial) {
    return Types(kObject);
  }
  uint64_t hash = Mix(0, static_cast<uint64_t>(table.rest));
  for (const auto& [name, value] : table.names) {
    hash = Mix(Mix(hash, name), static_cast<uint64_t>(value));
  }
  for (const PropertyTable::Pattern& pattern : table.patterns) {
    hash = Mix(Mix(hash, static_cast<uint64_t>(pattern.key)), static_cast<uint64_t>(pattern.value));
  }
  const auto [begin, end] = table_index_.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    if (tables_[static_cast<size_t>(it->second)] == table) {
      return Literal(Op::kProperties, it->second, 0);
    }
  }
  const auto id = static_cast<int32_t>(tables_.size());
  for (const auto& [name, value] : table.names) {
    memory_bytes_ += sizeof(std::string) + name.size() + 8;
  }
  tables_.push_back(std::move(table));
  table_index_.emplace(hash, id);
  return Literal(Op::kProperties, id, 0);
}

FormulaId SchemaAlgebra::Required(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names.empty()) {
    return Types(kObject);
  }
  const auto [it, is_new] =
      name_list_index_.try_emplace(names, static_cast<int32_t>(name_lists_.size()));
  if (is_new) {
    memory_bytes_ += names.size() * 96;
    name_lists_.push_back(std::move(names));
  }
  return Literal(Op::kRequired, it->second, 0);
}

FormulaId SchemaAlgebra::PropertyCountAtLeast(int64_t count) {
  return count <= 0 ? Types(kObject)
                    : Literal(Op::kPropertyCount,
                              static_cast<int32_t>(std::min<int64_t>(count, INT32_MAX)), 0);
}

FormulaId SchemaAlgebra::Items(ItemTable table) {
  while (!table.prefix.empty() && table.prefix.back() == table.rest) {
    table.prefix.pop_back();
  }
  if (table.prefix.empty() && table.rest == kTrue) {
    return Types(kArray);
  }
  const auto [it, is_new] = item_table_index_.try_emplace(
      {table.prefix, table.rest}, static_cast<int32_t>(item_tables_.size()));
  if (is_new) {
    memory_bytes_ += 150 + (table.prefix.size() * 8);
    item_tables_.push_back(std::move(table));
  }
  return Literal(Op::kItems, it->second, 0);
}

FormulaId SchemaAlgebra::Contains(FormulaId item, int64_t count) {
  if (count <= 0) {
    return Types(kArray);
  }
  if (item == kTrue) {
    return ItemCountAtLeast(count);
  }
  if (item == kFalse) {
    return kFalse;
  }
  return Literal(Op::kContains, item, static_cast<int32_t>(std::min<int64_t>(count, INT32_MAX)));
}

FormulaId SchemaAlgebra::ItemCountAtLeast(int64_t count) {
  return count <= 0 ? Types(kArray)
                    : Literal(Op::kItemCount,
                              static_cast<int32_t>(std::min<int64_t>(count, INT32_MAX)), 0);
}

FormulaId SchemaAlgebra::Not(FormulaId id) {
  if (at(id).negation >= 0) {
    return at(id).negation;
  }
  const Formula formula = at(id);
  FormulaId result = kFalse;
  if (formula.op == Op::kAnd || formula.op == Op::kOr) {
    std::vector<FormulaId> parts;
    for (const FormulaId part : formula.parts) {
      parts.push_back(Not(part));
    }
    result = Join(formula.op == Op::kAnd ? Op::kOr : Op::kAnd, std::move(parts));
  } else if (formula.op == Op::kTypes) {
    result = Types(kAllTypes & ~formula.a);
  } else {
    result = Literal(formula.op, formula.a, formula.b, !formula.negated);
  }
  formulas_[static_cast<size_t>(id)].negation = result;
  return result;
}

FormulaId SchemaAlgebra::And(std::vector<FormulaId> parts) {
  return Join(Op::kAnd, std::move(parts));
}

FormulaId SchemaAlgebra::Or(std::vector<FormulaId> parts) {
  return Join(Op::kOr, std::move(parts));
}

// Opens nested formulas of the same kind, sorts, drops neutral parts. True when a part decides all.
bool SchemaAlgebra::Flatten(Op op, std::vector<FormulaId>& parts) {
  const FormulaId neutral = op == Op::kAnd ? kTrue : kFalse;
  const FormulaId deciding = op == Op::kAnd ? kFalse : kTrue;
  std::vector<FormulaId> flat;
  for (const FormulaId part : parts) {
    if (part == deciding) {
      return true;
    }
    if (at(part).op == op) {
      flat.insert(flat.end(), at(part).parts.begin(), at(part).parts.end());
    } else if (part != neutral) {
      flat.push_back(part);
    }
  }
  std::sort(flat.begin(), flat.end());
  flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
  parts = std::move(flat);
  return false;
}

// One kTypes at most. Under And, parts of no remaining type are false; under Or, literals of a type
// that is admitted anyway say nothing.
void SchemaAlgebra::JoinTypes(Op op, std::vector<FormulaId>& parts) {
  int32_t types = op == Op::kAnd ? kAllTypes : 0;
  bool found = false;
  std::vector<FormulaId> rest;
  for (const FormulaId part : parts) {
    const Formula& formula = at(part);
    if (formula.op == Op::kTypes) {
      types = op == Op::kAnd ? types & formula.a : types | formula.a;
      found = true;
    } else {
      rest.push_back(part);
    }
  }
  for (const FormulaId part : rest) {  // a positive literal implies its type
    const Formula& formula = at(part);
    if (op == Op::kAnd && TypesOf(formula) != 0 && !formula.negated) {
      types &= TypesOf(formula);
      found = true;
    } else if (op == Op::kOr && TypesOf(formula) != 0 && formula.negated) {
      types |= kAllTypes & ~TypesOf(formula);
      found = true;
    }
  }
  if (!found) {
    return;
  }
  bool implied = false;
  std::erase_if(rest, [&](FormulaId part) {
    const Formula& formula = at(part);
    const int32_t own = TypesOf(formula);
    if (own == 0) {
      return false;
    }
    if (op == Op::kAnd) {
      implied = implied || (!formula.negated && own == types);
      return formula.negated && (own & types) == 0;
    }
    implied = implied || (formula.negated && (kAllTypes & ~own) == types);
    return !formula.negated && (own & ~types) == 0;
  });
  if (!implied) {
    rest.push_back(Types(types));
  }
  std::sort(rest.begin(), rest.end());
  parts = std::move(rest);
}

bool SchemaAlgebra::IsFiniteSet(const Formula& formula) const {
  return (formula.op == Op::kString && atoms_.kind(formula.a) == ScalarAtoms::Kind::kTextSet) ||
         (formula.op == Op::kNumber && atoms_.kind(formula.a) == ScalarAtoms::Kind::kNumberSet);
}

// Finite sets of strings, of numbers: under And they meet, and lose what is excluded; under Or they
// join.
void SchemaAlgebra::JoinSets(Op op, std::vector<FormulaId>& parts) {
  if (std::count_if(parts.begin(), parts.end(),
                    [this](FormulaId part) { return IsFiniteSet(at(part)); }) < 2) {
    return;
  }
  JoinSetsOf(
      op, Op::kString, [this](const Formula& set) { return atoms_.texts(set.a); },
      [this](auto texts) { return String(atoms_.TextSet(std::move(texts))); }, parts);
  JoinSetsOf(
      op, Op::kNumber, [this](const Formula& set) { return atoms_.numbers(set.a); },
      [this](auto numbers) { return Number(atoms_.NumberSet(std::move(numbers))); }, parts);
}

template <typename ValuesOf, typename SetOf>
void SchemaAlgebra::JoinSetsOf(Op op, Op type, const ValuesOf& values_of, const SetOf& set_of,
                               std::vector<FormulaId>& parts) {
  using Values = std::decay_t<decltype(values_of(at(kTrue)))>;
  std::optional<Values> joined;
  Values excluded;
  std::vector<FormulaId> sets;
  for (const FormulaId part : parts) {
    const Formula& set = at(part);
    if (set.op != type || !IsFiniteSet(set) || (op == Op::kOr && set.negated)) {
      continue;
    }
    sets.push_back(part);
    const Values& other = values_of(set);
    Spend(other.size() / 8);
    if (set.negated) {
      excluded.insert(excluded.end(), other.begin(), other.end());
    } else if (!joined.has_value()) {
      joined = other;
    } else if (op == Op::kOr) {
      joined->insert(joined->end(), other.begin(), other.end());
    } else {
      Values both;
      std::set_intersection(joined->begin(), joined->end(), other.begin(), other.end(),
                            std::back_inserter(both));
      joined = std::move(both);
    }
  }
  if (!joined.has_value() || sets.size() < 2) {
    return;
  }
  std::sort(excluded.begin(), excluded.end());
  std::erase_if(*joined, [&](const auto& value) {
    return std::binary_search(excluded.begin(), excluded.end(), value);
  });
  std::erase_if(parts,
                [&](FormulaId part) { return std::binary_search(sets.begin(), sets.end(), part); });
  parts.push_back(joined->empty() ? kFalse : set_of(*std::move(joined)));
  std::sort(parts.begin(), parts.end());
}

// Under And: a multiple of both is a multiple of the least common one.
void SchemaAlgebra::JoinMultiples(std::vector<FormulaId>& parts) {
  const auto is_multiple = [this](FormulaId part) {
    return at(part).op == Op::kNumber && !at(part).negated &&
           atoms_.kind(at(part).a) == ScalarAtoms::Kind::kMultiple;
  };
  if (std::count_if(parts.begin(), parts.end(), is_multiple) < 2) {
    return;
  }
  std::vector<FormulaId> joined;
  std::optional<AtomId> common;
  for (const FormulaId part : parts) {
    if (!is_multiple(part)) {
      joined.push_back(part);
      continue;
    }
    const AtomId atom = at(part).a;
    const std::optional<AtomId> both =
        common.has_value() ? atoms_.CommonMultiple(*common, atom) : atom;
    if (both.has_value()) {
      common = both;
    } else {
      joined.push_back(part);
    }
  }
  joined.push_back(Number(*common));
  std::sort(joined.begin(), joined.end());
  joined.erase(std::unique(joined.begin(), joined.end()), joined.end());
  parts = std::move(joined);
}

bool SchemaAlgebra::HasContradiction(const std::vector<FormulaId>& parts) {
  return std::any_of(parts.begin(), parts.end(), [&](FormulaId part) {
    const FormulaId negation = at(part).negation;
    return negation >= 0 && std::binary_search(parts.begin(), parts.end(), negation);
  });
}

// And(x, Or(x, y)) = x, and the dual.
void SchemaAlgebra::Absorb(Op op, std::vector<FormulaId>& parts) {
  const Op inner = op == Op::kAnd ? Op::kOr : Op::kAnd;
  constexpr size_t kCompareMax = 64;
  if (parts.size() < 2 || parts.size() > kCompareMax) {
    return;
  }
  const auto is_absorbed = [&](FormulaId part) {
    if (at(part).op != inner) {
      return false;
    }
    return std::any_of(parts.begin(), parts.end(), [&](FormulaId other) {
      if (other == part) {
        return false;
      }
      if (at(other).op == inner) {
        return at(other).parts.size() < at(part).parts.size() &&
               IsSubset(at(other).parts, at(part).parts);
      }
      return std::binary_search(at(part).parts.begin(), at(part).parts.end(), other);
    });
  };
  std::vector<FormulaId> kept;
  std::copy_if(parts.begin(), parts.end(), std::back_inserter(kept),
               [&](FormulaId part) { return !is_absorbed(part); });
  parts = std::move(kept);
}

bool SchemaAlgebra::LiteralImplies(const Formula& a, const Formula& b) const {
  if (b.op == Op::kTypes) {
    const int32_t own = a.negated ? 0 : TypesOf(a);
    return own != 0 && (own & ~b.a) == 0;
  }
  if (a.negated || a.op != b.op || !IsFiniteSet(a) || !IsFiniteSet(b)) {
    return false;
  }
  const auto is_within = [&b](const auto& small, const auto& large) {
    return std::all_of(small.begin(), small.end(), [&](const auto& value) {
      return std::binary_search(large.begin(), large.end(), value) != b.negated;
    });
  };
  return a.op == Op::kString ? is_within(atoms_.texts(a.a), atoms_.texts(b.a))
                             : is_within(atoms_.numbers(a.a), atoms_.numbers(b.a));
}

bool SchemaAlgebra::ClearlyImplies(FormulaId a, FormulaId b) const {
  if (a == b || a == kFalse || b == kTrue) {
    return true;
  }
  const Formula& from = at(a);
  const Formula& to = at(b);
  if (to.op == Op::kAnd) {
    return std::all_of(to.parts.begin(), to.parts.end(),
                       [&](FormulaId part) { return ClearlyImplies(a, part); });
  }
  if (from.op == Op::kOr) {
    return std::all_of(from.parts.begin(), from.parts.end(),
                       [&](FormulaId part) { return ClearlyImplies(part, b); });
  }
  if (from.op == Op::kAnd) {  // of its parts only those that are `b` or literals are looked at
    return std::binary_search(from.parts.begin(), from.parts.end(), b) ||
           std::any_of(from.parts.begin(), from.parts.end(), [&](FormulaId part) {
             return at(part).parts.empty() && LiteralImplies(at(part), to);
           });
  }
  return to.op == Op::kOr ? std::binary_search(to.parts.begin(), to.parts.end(), a)
                          : LiteralImplies(from, to);
}

FormulaId SchemaAlgebra::Join(Op op, std::vector<FormulaId> parts) {
  Spend(4 + (parts.size() * 4));
  const FormulaId neutral = op == Op::kAnd ? kTrue : kFalse;
  const FormulaId deciding = op == Op::kAnd ? kFalse : kTrue;
  if (Flatten(op, parts)) {
    return deciding;
  }
  if (parts.size() > 1) {
    JoinTypes(op, parts);
    JoinSets(op, parts);
    if (op == Op::kAnd) {
      JoinMultiples(parts);
    }
    if (Flatten(op, parts) || HasContradiction(parts)) {
      return deciding;
    }
    Absorb(op, parts);
  }
  if (parts.empty()) {
    return neutral;
  }
  if (parts.size() == 1) {
    return parts.front();
  }
  return Intern({.op = op, .parts = std::move(parts)});
}

FormulaId SchemaAlgebra::Restrict(FormulaId formula, int32_t type) {
  const uint64_t key = (static_cast<uint64_t>(formula) << 8) | static_cast<uint64_t>(type);
  if (const auto it = restricted_.find(key); it != restricted_.end()) {
    return it->second;
  }
  const Formula node = at(formula);
  FormulaId result = formula;
  if (node.op == Op::kAnd || node.op == Op::kOr) {
    std::vector<FormulaId> parts;
    for (const FormulaId part : node.parts) {
      parts.push_back(Restrict(part, type));
    }
    result = Join(node.op, std::move(parts));
    // Joining may have put the type itself back in; inside of one type it says nothing.
    if (at(result).op == Op::kTypes) {
      result = (at(result).a & type) != 0 ? kTrue : kFalse;
    }
  } else if (node.op == Op::kTypes) {
    result = (node.a & type) != 0 ? kTrue : kFalse;
  } else if (const int32_t own = TypesOf(node); own != 0 && own != type) {
    result = node.negated ? kTrue : kFalse;
  }
  restricted_.emplace(key, result);
  memory_bytes_ += 40;
  return result;
}

}  // namespace millrace::grammar
