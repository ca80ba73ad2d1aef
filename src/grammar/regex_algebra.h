// Regular languages over Unicode code points, with intersection and complement.
//
// A language is a hash-consed expression; what is left of it after a character is its derivative,
// another expression, so expressions are the states of an automaton that is built as far as it is
// walked. Source: Brzozowski, Derivatives of Regular Expressions, JACM 11(4), 1964; Owens et al.,
// Regular-expression derivatives re-examined, JFP 19(2), 2009, for the normal forms that keep the
// number of states small.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "grammar/work_meter.h"

namespace millrace::grammar {

// An expression of one RegexAlgebra.
using RegexId = int32_t;

inline constexpr char32_t kCodePointMax = 0x10FFFF;

struct CodePointRange {
  char32_t low = 0;
  char32_t high = 0;  // inclusive
  bool operator==(const CodePointRange&) const = default;
};

// Sorted, disjoint, not adjacent.
using CodePointSet = std::vector<CodePointRange>;
CodePointSet Normalize(CodePointSet ranges);
CodePointSet Complement(const CodePointSet& set);

// The characters low..high lead to the expression `next`. Lists of arcs are sorted and disjoint;
// characters of no arc lead to the empty language.
struct RegexArc {
  char32_t low = 0;
  char32_t high = 0;
  RegexId next = 0;
};

// Thread-compatible. Grows with every new expression; `size` says how far.
class RegexAlgebra {
 public:
  static constexpr RegexId kNothing = 0;   // no text at all
  static constexpr RegexId kEmpty = 1;     // the empty text
  static constexpr RegexId kAnything = 2;  // every text
  static constexpr int32_t kUnbounded = -1;

  // `meter` is borrowed; null counts nothing.
  explicit RegexAlgebra(WorkMeter* meter = nullptr);

  RegexId Class(CodePointSet set);
  RegexId Concat(RegexId first, RegexId second);
  RegexId Or(std::vector<RegexId> parts);
  RegexId And(std::vector<RegexId> parts);
  RegexId Not(RegexId part);
  // At least `min`, at most `max` times.
  RegexId Repeat(RegexId part, int32_t min, int32_t max);
  RegexId Text(std::u32string_view text);
  // The least language that is `tail` or what CloseLoop gives the loop as its body, which may speak
  // of the loop itself, but only behind at least one character. For repetitions whose parts look at
  // what follows the part. Nothing may be asked of a loop that is open.
  RegexId OpenLoop(RegexId tail);
  void CloseLoop(RegexId loop, RegexId body);

  // Whether the empty text is in the language.
  bool IsNullable(RegexId id) const { return nodes_[static_cast<size_t>(id)].nullable; }
  // What every first character leads to. Valid until the algebra changes.
  std::span<const RegexArc> Arcs(RegexId id);

  size_t size() const { return nodes_.size(); }
  size_t memory_bytes() const { return memory_bytes_; }

 private:
  enum class Op : uint8_t { kNothing, kEmpty, kClass, kConcat, kOr, kAnd, kNot, kRepeat, kLoop };
  struct Node {
    Op op = Op::kNothing;
    bool nullable = false;
    bool has_arcs = false;
    int32_t min = 0;             // kRepeat
    int32_t max = 0;             // kRepeat
    std::vector<int32_t> parts;  // of kClass: pairs of code points
    std::vector<RegexArc> arcs = {};
  };

  void Spend(uint64_t steps) {
    if (meter_ != nullptr) {
      meter_->Spend(steps);
    }
  }
  RegexId Intern(Node node);
  RegexId Join(Op op, std::vector<RegexId> parts);
  void DropCoveredRepeats(std::vector<RegexId>& parts) const;
  std::vector<RegexArc> ComputeArcs(RegexId id);
  std::vector<RegexArc> Append(std::vector<RegexArc> arcs, RegexId tail);
  std::vector<RegexArc> Merge(Op op, const std::vector<RegexArc>& a,
                              const std::vector<RegexArc>& b);

  WorkMeter* meter_;
  std::vector<Node> nodes_;
  std::unordered_multimap<uint64_t, RegexId> index_;
  size_t memory_bytes_ = 0;
};

}  // namespace millrace::grammar
