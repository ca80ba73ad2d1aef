#include "grammar/regex_algebra.h"

#include <algorithm>
#include <cstdint>
#include <tuple>

#include "grammar/hash_mix.h"

namespace millrace::grammar {
namespace {

// Joins neighbours that lead to the same place and drops arcs to nothing.
std::vector<RegexArc> Tidy(std::vector<RegexArc> arcs) {
  std::vector<RegexArc> result;
  for (const RegexArc& arc : arcs) {
    if (arc.next == RegexAlgebra::kNothing) {
      continue;
    }
    if (!result.empty() && result.back().next == arc.next && result.back().high + 1 == arc.low) {
      result.back().high = arc.high;
    } else {
      result.push_back(arc);
    }
  }
  return result;
}

}  // namespace

CodePointSet Normalize(CodePointSet ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const CodePointRange& a, const CodePointRange& b) { return a.low < b.low; });
  CodePointSet result;
  for (const CodePointRange& range : ranges) {
    if (!result.empty() && range.low <= result.back().high + 1) {
      result.back().high = std::max(result.back().high, range.high);
    } else {
      result.push_back(range);
    }
  }
  return result;
}

CodePointSet Complement(const CodePointSet& set) {
  CodePointSet result;
  char32_t next = 0;
  for (const CodePointRange& range : set) {
    if (range.low > next) {
      result.push_back({next, range.low - 1});
    }
    next = range.high + 1;
  }
  if (next <= kCodePointMax) {
    result.push_back({next, kCodePointMax});
  }
  return result;
}

RegexAlgebra::RegexAlgebra(WorkMeter* meter) : meter_(meter) {
  Intern({.op = Op::kNothing, .parts = {}});
  Intern({.op = Op::kEmpty, .nullable = true, .parts = {}});
  // kAnything is the complement of nothing; its arcs lead to itself.
  Intern({.op = Op::kNot, .nullable = true, .parts = {kNothing}});
}

RegexId RegexAlgebra::Intern(Node node) {
  Spend(4 + node.parts.size());
  uint64_t hash = Mix(static_cast<uint64_t>(node.op), static_cast<uint64_t>(node.min));
  hash = Mix(hash, static_cast<uint64_t>(node.max));
  for (const int32_t part : node.parts) {
    hash = Mix(hash, static_cast<uint64_t>(part));
  }
  const auto [begin, end] = index_.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    const Node& other = nodes_[static_cast<size_t>(it->second)];
    if (other.op == node.op && other.min == node.min && other.max == node.max &&
        other.parts == node.parts) {
      return it->second;
    }
  }
  const auto id = static_cast<RegexId>(nodes_.size());
  memory_bytes_ += sizeof(Node) + (node.parts.size() * 4) + 48;
  nodes_.push_back(std::move(node));
  index_.emplace(hash, id);
  return id;
}

RegexId RegexAlgebra::Class(CodePointSet set) {
  set = Normalize(std::move(set));
  if (set.empty()) {
    return kNothing;
  }
  Node node{.op = Op::kClass, .parts = {}};
  for (const CodePointRange& range : set) {
    node.parts.push_back(static_cast<int32_t>(range.low));
    node.parts.push_back(static_cast<int32_t>(range.high));
  }
  return Intern(std::move(node));
}

RegexId RegexAlgebra::Concat(RegexId first, RegexId second) {
  if (first == kNothing || second == kNothing) {
    return kNothing;
  }
  if (first == kEmpty) {
    return second;
  }
  if (second == kEmpty || (first == kAnything && second == kAnything)) {
    return first;
  }
  const Node& node = nodes_[static_cast<size_t>(first)];
  if (node.op == Op::kConcat) {  // to the right, so that equal languages meet
    const RegexId head = node.parts[0];
    const RegexId tail = node.parts[1];
    return Concat(head, Concat(tail, second));
  }
  const bool nullable = IsNullable(first) && IsNullable(second);
  return Intern({.op = Op::kConcat, .nullable = nullable, .parts = {first, second}});
}

// Under Or: of x{a,b}y and x{c,d}y the one whose counts lie within the other's says nothing.
// Without this a repetition that may begin anywhere is a set of counters, one for every place it
// began at.
void RegexAlgebra::DropCoveredRepeats(std::vector<RegexId>& parts) const {
  struct Repeat {
    RegexId body;
    RegexId tail;
    int32_t min;
    int32_t max;
    RegexId whole;
  };
  std::vector<Repeat> repeats;
  for (const RegexId part : parts) {
    const Node& node = nodes_[static_cast<size_t>(part)];
    const bool has_tail = node.op == Op::kConcat;
    const Node& head = has_tail ? nodes_[static_cast<size_t>(node.parts[0])] : node;
    if (head.op == Op::kRepeat) {
      repeats.push_back({head.parts[0], has_tail ? node.parts[1] : kEmpty, head.min,
                         head.max == kUnbounded ? INT32_MAX : head.max, part});
    }
  }
  if (repeats.size() < 2) {
    return;
  }
  std::sort(repeats.begin(), repeats.end(), [](const Repeat& a, const Repeat& b) {
    return std::tie(a.body, a.tail, a.min, b.max) < std::tie(b.body, b.tail, b.min, a.max);
  });
  // Within a group the least begins come first and of those the greatest ends, so what is covered
  // is covered by the one before that ends last.
  std::vector<RegexId> covered;
  for (size_t i = 1, widest = 0; i < repeats.size(); ++i) {
    const Repeat& one = repeats[i];
    const Repeat& other = repeats[widest];
    if (one.body == other.body && one.tail == other.tail && one.max <= other.max) {
      covered.push_back(one.whole);
    } else {
      widest = i;
    }
  }
  std::sort(covered.begin(), covered.end());
  std::erase_if(parts, [&](RegexId part) {
    return std::binary_search(covered.begin(), covered.end(), part);
  });
}

RegexId RegexAlgebra::Join(Op op, std::vector<RegexId> parts) {
  Spend(8 + (parts.size() * 4));
  const RegexId zero = op == Op::kOr ? kAnything : kNothing;
  const RegexId one = op == Op::kOr ? kNothing : kAnything;
  std::vector<RegexId> flat;
  for (const RegexId part : parts) {
    const Node& node = nodes_[static_cast<size_t>(part)];
    if (node.op == op) {
      flat.insert(flat.end(), node.parts.begin(), node.parts.end());
    } else if (part == zero) {
      return zero;
    } else if (part != one) {
      flat.push_back(part);
    }
  }
  std::sort(flat.begin(), flat.end());
  flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
  if (flat.empty()) {
    return one;
  }
  if (op == Op::kAnd && flat.front() == kEmpty) {  // the smallest id after kNothing
    const bool all =
        std::all_of(flat.begin(), flat.end(), [this](RegexId p) { return IsNullable(p); });
    return all ? kEmpty : kNothing;
  }
  if (op == Op::kOr && flat.front() == kEmpty &&
      std::any_of(flat.begin() + 1, flat.end(), [this](RegexId p) { return IsNullable(p); })) {
    flat.erase(flat.begin());
  }
  if (op == Op::kOr) {
    DropCoveredRepeats(flat);
  }
  for (const RegexId part : flat) {
    const Node& node = nodes_[static_cast<size_t>(part)];
    if (node.op == Op::kNot && std::binary_search(flat.begin(), flat.end(), node.parts[0])) {
      return zero;
    }
  }
  if (flat.size() == 1) {
    return flat.front();
  }
  const auto nullable = [this](RegexId p) { return IsNullable(p); };
  const bool accepts = op == Op::kOr ? std::any_of(flat.begin(), flat.end(), nullable)
                                     : std::all_of(flat.begin(), flat.end(), nullable);
  return Intern({.op = op, .nullable = accepts, .parts = std::move(flat)});
}

RegexId RegexAlgebra::Or(std::vector<RegexId> parts) { return Join(Op::kOr, std::move(parts)); }

RegexId RegexAlgebra::And(std::vector<RegexId> parts) { return Join(Op::kAnd, std::move(parts)); }

RegexId RegexAlgebra::Not(RegexId part) {
  const Node& node = nodes_[static_cast<size_t>(part)];
  if (node.op == Op::kNot) {
    return node.parts[0];
  }
  return Intern({.op = Op::kNot, .nullable = !node.nullable, .parts = {part}});
}

RegexId RegexAlgebra::Repeat(RegexId part, int32_t min, int32_t max) {
  if (max == 0 || part == kEmpty) {
    return kEmpty;
  }
  if (part == kNothing) {
    return min == 0 ? kEmpty : kNothing;
  }
  if (part == kAnything || (min == 1 && max == 1)) {
    return part;
  }
  const Node& node = nodes_[static_cast<size_t>(part)];
  if (max == kUnbounded && min <= 1 && node.op == Op::kRepeat && node.max == kUnbounded &&
      node.min <= 1) {
    return Repeat(node.parts[0], std::min(min, node.min), kUnbounded);
  }
  if (node.op == Op::kClass && min == 0 && max == kUnbounded && node.parts.size() == 2 &&
      node.parts[0] == 0 && node.parts[1] == static_cast<int32_t>(kCodePointMax)) {
    return kAnything;
  }
  const bool nullable = min == 0 || node.nullable;
  return Intern({.op = Op::kRepeat, .nullable = nullable, .min = min, .max = max, .parts = {part}});
}

RegexId RegexAlgebra::Text(std::u32string_view text) {
  RegexId result = kEmpty;
  for (size_t i = text.size(); i > 0; --i) {
    result = Concat(Class({{text[i - 1], text[i - 1]}}), result);
  }
  return result;
}

// A loop equals none that was made before, since its body is not known: its number makes it unique.
RegexId RegexAlgebra::OpenLoop(RegexId tail) {
  return Intern({.op = Op::kLoop,
                 .nullable = IsNullable(tail),
                 .min = static_cast<int32_t>(nodes_.size()),
                 .parts = {tail}});
}

void RegexAlgebra::CloseLoop(RegexId loop, RegexId body) {
  nodes_[static_cast<size_t>(loop)].parts.push_back(body);
}

std::span<const RegexArc> RegexAlgebra::Arcs(RegexId id) {
  if (!nodes_[static_cast<size_t>(id)].has_arcs) {
    std::vector<RegexArc> arcs = Tidy(ComputeArcs(id));
    Node& node = nodes_[static_cast<size_t>(id)];
    memory_bytes_ += arcs.size() * sizeof(RegexArc);
    node.arcs = std::move(arcs);
    node.has_arcs = true;
  }
  return nodes_[static_cast<size_t>(id)].arcs;
}

std::vector<RegexArc> RegexAlgebra::Append(std::vector<RegexArc> arcs, RegexId tail) {
  for (RegexArc& arc : arcs) {
    arc.next = Concat(arc.next, tail);
  }
  return arcs;
}

std::vector<RegexArc> RegexAlgebra::Merge(Op op, const std::vector<RegexArc>& a,
                                          const std::vector<RegexArc>& b) {
  std::vector<RegexArc> result;
  size_t i = 0;
  size_t j = 0;
  char32_t at = 0;
  const auto add = [&](char32_t low, char32_t high, RegexId next) {
    if (next != kNothing) {
      result.push_back({low, high, next});
    }
  };
  while (i < a.size() || j < b.size()) {
    Spend(8);
    const char32_t a_low = i < a.size() ? std::max(a[i].low, at) : kCodePointMax + 1;
    const char32_t b_low = j < b.size() ? std::max(b[j].low, at) : kCodePointMax + 1;
    const auto low = std::min<char32_t>(a_low, b_low);
    char32_t high = kCodePointMax;
    if (a_low == low && i < a.size()) {
      high = std::min(high, a[i].high);
    } else if (i < a.size()) {
      high = std::min<char32_t>(high, a_low - 1);
    }
    if (b_low == low && j < b.size()) {
      high = std::min(high, b[j].high);
    } else if (j < b.size()) {
      high = std::min<char32_t>(high, b_low - 1);
    }
    const RegexId left = i < a.size() && a_low == low ? a[i].next : kNothing;
    const RegexId right = j < b.size() && b_low == low ? b[j].next : kNothing;
    add(low, high, op == Op::kOr ? Or({left, right}) : And({left, right}));
    at = high + 1;
    i += static_cast<size_t>(i < a.size() && a[i].high < at);
    j += static_cast<size_t>(j < b.size() && b[j].high < at);
  }
  return result;
}

std::vector<RegexArc> RegexAlgebra::ComputeArcs(RegexId id) {
  const Op op = nodes_[static_cast<size_t>(id)].op;
  const int32_t min = nodes_[static_cast<size_t>(id)].min;
  const int32_t max = nodes_[static_cast<size_t>(id)].max;
  const std::vector<int32_t> parts = nodes_[static_cast<size_t>(id)].parts;
  const auto arcs_of = [this](RegexId part) {
    const std::span<const RegexArc> arcs = Arcs(part);
    return std::vector<RegexArc>(arcs.begin(), arcs.end());
  };
  std::vector<RegexArc> result;
  switch (op) {
    case Op::kNothing:
    case Op::kEmpty:
      break;
    case Op::kClass:
      for (size_t i = 0; i < parts.size(); i += 2) {
        result.push_back(
            {static_cast<char32_t>(parts[i]), static_cast<char32_t>(parts[i + 1]), kEmpty});
      }
      break;
    case Op::kConcat:
      result = Append(arcs_of(parts[0]), parts[1]);
      if (IsNullable(parts[0])) {
        result = Merge(Op::kOr, result, arcs_of(parts[1]));
      }
      break;
    case Op::kLoop:
      result = Merge(Op::kOr, arcs_of(parts[0]), arcs_of(parts[1]));
      break;
    case Op::kOr:
    case Op::kAnd:
      result = arcs_of(parts[0]);
      for (size_t i = 1; i < parts.size(); ++i) {
        result = Merge(op, Tidy(std::move(result)), arcs_of(parts[i]));
      }
      break;
    case Op::kNot: {
      char32_t next = 0;
      for (const RegexArc& arc : arcs_of(parts[0])) {
        if (arc.low > next) {
          result.push_back({next, arc.low - 1, kAnything});
        }
        result.push_back({arc.low, arc.high, Not(arc.next)});
        next = arc.high + 1;
      }
      if (next <= kCodePointMax) {
        result.push_back({next, kCodePointMax, kAnything});
      }
      break;
    }
    case Op::kRepeat: {
      const RegexId rest =
          Repeat(parts[0], std::max(min - 1, 0), max == kUnbounded ? kUnbounded : max - 1);
      result = Append(arcs_of(parts[0]), rest);
      break;
    }
  }
  return result;
}

}  // namespace millrace::grammar
