// Formulas over JSON values: what a schema says, closed under and, or and not.
//
// A formula is an And or Or of formulas, or a literal: an elementary property or its negation.
// Every elementary property implies a type (a value with a required key is an object), so "if it is
// a string, it matches" is Or(not a string, matches). Formulas are hash-consed: equal ones have one
// id.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "grammar/scalar_atom.h"
#include "grammar/work_meter.h"

namespace millrace::grammar {

// A formula of one SchemaAlgebra.
using FormulaId = int32_t;

inline constexpr FormulaId kFalse = 0;
inline constexpr FormulaId kTrue = 1;

// Sets of JSON types. true and false count as types of their own: so a type has either one value or
// structure.
enum JsonTypes : int32_t {
  kNull = 1,
  kTrueType = 2,
  kFalseType = 4,
  kNumber = 8,
  kString = 16,
  kArray = 32,
  kObject = 64,
  kAllTypes = 127,
};

// What an object's entries must satisfy, by key: all formulas of the first group that applies and
// of every pattern whose key condition holds; `rest` where neither did.
struct PropertyTable {
  struct Pattern {
    FormulaId key = kFalse;  // over the key as a string
    FormulaId value = kTrue;
    bool operator==(const Pattern&) const = default;
  };
  std::vector<std::pair<std::string, FormulaId>> names;  // sorted by name, unique
  std::vector<Pattern> patterns;
  FormulaId rest = kTrue;
  bool operator==(const PropertyTable&) const = default;

  // What is said of `name` by name; null when nothing is.
  const FormulaId* Find(std::string_view name) const;
};

// What an array's items must satisfy, by index.
struct ItemTable {
  std::vector<FormulaId> prefix;
  FormulaId rest = kTrue;
  bool operator==(const ItemTable&) const = default;
};

// Thread-compatible.
class SchemaAlgebra {
 public:
  enum class Op : uint8_t {
    kNever,
    kAlways,
    kAnd,
    kOr,
    kTypes,          // the type is one of `a`; never negated
    kString,         // a string with atom `a`
    kNumber,         // a number with atom `a`
    kProperties,     // an object with table `a`
    kRequired,       // an object with all names of list `a`
    kPropertyCount,  // an object with at least `a` entries
    kItems,          // an array with table `a`
    kContains,       // an array with at least `b` items that satisfy `a`
    kItemCount,      // an array with at least `a` items
    kUnique,         // an array without two equal items
    kReference,      // whatever formula reference `a` stands for
  };
  struct Formula {
    Op op = Op::kNever;
    bool negated = false;
    int32_t a = 0;
    int32_t b = 0;
    std::vector<FormulaId> parts = {};  // kAnd, kOr: sorted, unique
    FormulaId negation = -1;            // once asked for
  };

  // `meter` is borrowed; null counts nothing.
  explicit SchemaAlgebra(ScalarAtoms& atoms, WorkMeter* meter = nullptr);

  const Formula& at(FormulaId id) const { return formulas_[static_cast<size_t>(id)]; }

  FormulaId And(std::vector<FormulaId> parts);
  FormulaId Or(std::vector<FormulaId> parts);
  FormulaId Not(FormulaId id);

  FormulaId Types(int32_t types);
  FormulaId String(AtomId atom) { return Literal(Op::kString, atom, 0); }
  FormulaId Number(AtomId atom) { return Literal(Op::kNumber, atom, 0); }
  FormulaId Properties(PropertyTable table);
  FormulaId Required(std::vector<std::string> names);  // any order
  FormulaId PropertyCountAtLeast(int64_t count);
  FormulaId Items(ItemTable table);
  FormulaId Contains(FormulaId item, int64_t count);
  FormulaId ItemCountAtLeast(int64_t count);
  FormulaId Unique() { return Literal(Op::kUnique, 0, 0); }
  FormulaId Reference(int32_t reference) { return Literal(Op::kReference, reference, 0); }

  // "If the type is one of `types`, then `formula`."
  FormulaId IfType(int32_t types, FormulaId formula) {
    return Or({Types(kAllTypes & ~types), formula});
  }

  // `formula` for values of one `type`: no literal of another type and no kTypes is left in it. Not
  // through references: those stay.
  FormulaId Restrict(FormulaId formula, int32_t type);

  // Whether every value of `a` is one of `b`, as far as a look at their parts tells: false may mean
  // that it was not seen.
  bool ClearlyImplies(FormulaId a, FormulaId b) const;

  const PropertyTable& table(int32_t id) const { return tables_[static_cast<size_t>(id)]; }
  const std::vector<std::string>& names(int32_t id) const {
    return name_lists_[static_cast<size_t>(id)];
  }
  const ItemTable& items(int32_t id) const { return item_tables_[static_cast<size_t>(id)]; }

  ScalarAtoms& atoms() { return atoms_; }
  void Spend(uint64_t steps) {
    if (meter_ != nullptr) {
      meter_->Spend(steps);
    }
  }
  size_t size() const { return formulas_.size(); }
  size_t memory_bytes() const { return memory_bytes_; }

 private:
  FormulaId Intern(Formula formula);
  FormulaId Literal(Op op, int32_t a, int32_t b, bool negated = false);
  bool Flatten(Op op, std::vector<FormulaId>& parts);
  void JoinTypes(Op op, std::vector<FormulaId>& parts);
  bool IsFiniteSet(const Formula& formula) const;
  void JoinSets(Op op, std::vector<FormulaId>& parts);
  template <typename ValuesOf, typename SetOf>
  void JoinSetsOf(Op op, Op type, const ValuesOf& values_of, const SetOf& set_of,
                  std::vector<FormulaId>& parts);
  void JoinMultiples(std::vector<FormulaId>& parts);
  bool LiteralImplies(const Formula& a, const Formula& b) const;
  bool HasContradiction(const std::vector<FormulaId>& parts);
  void Absorb(Op op, std::vector<FormulaId>& parts);
  FormulaId Join(Op op, std::vector<FormulaId> parts);
  int32_t TypesOf(const Formula& literal) const;

  ScalarAtoms& atoms_;
  WorkMeter* meter_;
  std::vector<Formula> formulas_;
  std::unordered_multimap<uint64_t, FormulaId> index_;
  std::vector<PropertyTable> tables_;
  std::unordered_multimap<uint64_t, int32_t> table_index_;
  std::vector<std::vector<std::string>> name_lists_;
  std::map<std::vector<std::string>, int32_t> name_list_index_;
  std::vector<ItemTable> item_tables_;
  std::map<std::pair<std::vector<FormulaId>, FormulaId>, int32_t> item_table_index_;
  std::unordered_map<uint64_t, FormulaId> restricted_;
  size_t memory_bytes_ = 0;
};

}  // namespace millrace::grammar
