#include "grammar/regex_parser.h"

#include <algorithm>
#include <vector>

#include "grammar/regex_syntax.h"

namespace millrace::grammar {
namespace {

using Kind = RegexSyntax::Kind;

constexpr size_t kNodesMax = 1U << 20;
constexpr size_t kUnrolledMax = 20'000;

bool Has(const RegexSyntax& syntax, bool (*wanted)(Kind)) {
  return wanted(syntax.kind) ||
         std::any_of(syntax.children.begin(), syntax.children.end(),
                     [wanted](const RegexSyntax& child) { return Has(child, wanted); });
}

bool IsZeroWidth(Kind kind) {
  return kind == Kind::kStart || kind == Kind::kEnd || kind == Kind::kLookAhead ||
         kind == Kind::kNoLookAhead;
}

bool IsStart(Kind kind) { return kind == Kind::kStart; }

// A `^` in a negative look-ahead: there it must not be taken for false where it may be true.
bool HasDeniedStart(const RegexSyntax& syntax) {
  return (syntax.kind == Kind::kNoLookAhead && Has(syntax, IsStart)) ||
         std::any_of(syntax.children.begin(), syntax.children.end(), HasDeniedStart);
}

// Whether it never reads a character.
bool IsOfNoWidth(const RegexSyntax& syntax) {
  if (syntax.kind == Kind::kClass) {
    return false;
  }
  return IsZeroWidth(syntax.kind) ||
         std::all_of(syntax.children.begin(), syntax.children.end(), IsOfNoWidth);
}

bool IsNullable(const RegexSyntax& syntax) {
  switch (syntax.kind) {
    case Kind::kClass:
      return false;
    case Kind::kChoice:
      return std::any_of(syntax.children.begin(), syntax.children.end(), IsNullable);
    case Kind::kSequence:
      return std::all_of(syntax.children.begin(), syntax.children.end(), IsNullable);
    case Kind::kRepeat:
      return syntax.min == 0 || IsNullable(syntax.children[0]);
    default:
      return true;
  }
}

size_t CountOf(const RegexSyntax& syntax) {
  size_t count = 1;
  for (const RegexSyntax& child : syntax.children) {
    count += CountOf(child);
  }
  return count;
}

enum class Position { kStart, kLater };

// Lowers from the end: `tail` is the language of everything that may follow up to the end of the
// text, so that what looks ahead is an intersection with it and `$` an intersection with nothing.
class Lowering {
 public:
  explicit Lowering(RegexAlgebra& algebra) : algebra_(algebra) {}

  base::Result<RegexId> Lower(const RegexSyntax& syntax, RegexId tail, Position position) {
    if (algebra_.size() > kNodesMax) {
      return base::Unsupported("a pattern of this size");
    }
    if (!Has(syntax, IsZeroWidth)) {
      return algebra_.Concat(Plain(syntax), tail);
    }
    switch (syntax.kind) {
      case Kind::kStart:
        return position == Position::kStart ? tail : RegexAlgebra::kNothing;
      case Kind::kEnd:
        return algebra_.And({tail, RegexAlgebra::kEmpty});
      case Kind::kLookAhead:
      case Kind::kNoLookAhead: {
        const RegexId seen = TRY(Lower(syntax.children[0], RegexAlgebra::kAnything, position));
        return algebra_.And({syntax.kind == Kind::kLookAhead ? seen : algebra_.Not(seen), tail});
      }
      case Kind::kChoice: {
        std::vector<RegexId> parts;
        for (const RegexSyntax& child : syntax.children) {
          parts.push_back(TRY(Lower(child, tail, position)));
        }
        return algebra_.Or(std::move(parts));
      }
      case Kind::kSequence:
        return LowerSequence(syntax.children, 0, tail, position);
      case Kind::kRepeat:
        return LowerRepeat(syntax, tail, position);
      case Kind::kClass:
        break;
    }
    return algebra_.Concat(Plain(syntax), tail);
  }

 private:
  // A tree without anything of no width.
  RegexId Plain(const RegexSyntax& syntax) {
    std::vector<RegexId> parts;
    for (const RegexSyntax& child : syntax.children) {
      parts.push_back(Plain(child));
    }
    switch (syntax.kind) {
      case Kind::kClass:
        return algebra_.Class(syntax.set);
      case Kind::kChoice:
        return algebra_.Or(std::move(parts));
      case Kind::kRepeat:
        return algebra_.Repeat(parts[0], syntax.min, syntax.max);
      default: {
        RegexId result = RegexAlgebra::kEmpty;
        for (size_t i = parts.size(); i > 0; --i) {
          result = algebra_.Concat(parts[i - 1], result);
        }
        return result;
      }
    }
  }

  base::Result<RegexId> LowerSequence(const std::vector<RegexSyntax>& items, size_t from,
                                      RegexId tail, Position position) {
    RegexId rest_later = tail;
    // Only up to the last `^` can it matter whether something was read before.
    size_t last_start = items.size();
    while (last_start > from && !Has(items[last_start - 1], IsStart)) {
      --last_start;
    }
    for (size_t i = items.size(); i > std::max(last_start, from); --i) {
      rest_later = TRY(Lower(items[i - 1], rest_later, Position::kLater));
    }
    RegexId rest_start = rest_later;
    for (size_t i = last_start; i > from; --i) {
      const RegexSyntax& item = items[i - 1];
      const RegexId later = TRY(Lower(item, rest_later, Position::kLater));
      if (position == Position::kStart) {
        // What was read so far may be nothing; then the rest still stands at the start.
        std::vector<RegexId> parts;
        if (!IsOfNoWidth(item)) {
          parts.push_back(TRY(Lower(item, rest_later, Position::kStart)));
        }
        if (IsNullable(item)) {
          if (!parts.empty() && std::any_of(items.begin() + static_cast<std::ptrdiff_t>(i),
                                            items.end(), HasDeniedStart)) {
            return base::Unsupported("^ in a negative look-ahead behind what may be empty");
          }
          parts.push_back(TRY(LowerEmpty(item, rest_start)));
        }
        rest_start = algebra_.Or(std::move(parts));
      }
      rest_later = later;
    }
    return position == Position::kStart ? rest_start : rest_later;
  }

  // `syntax` at the start of the text, reading nothing, before `tail`.
  base::Result<RegexId> LowerEmpty(const RegexSyntax& syntax, RegexId tail) {
    switch (syntax.kind) {
      case Kind::kChoice: {
        std::vector<RegexId> parts;
        for (const RegexSyntax& child : syntax.children) {
          if (IsNullable(child)) {
            parts.push_back(TRY(LowerEmpty(child, tail)));
          }
        }
        return algebra_.Or(std::move(parts));
      }
      case Kind::kSequence: {
        for (size_t i = syntax.children.size(); i > 0; --i) {
          tail = TRY(LowerEmpty(syntax.children[i - 1], tail));
        }
        return tail;
      }
      case Kind::kRepeat:
        if (syntax.min == 0) {
          return tail;
        }
        return LowerEmpty(syntax.children[0], tail);
      case Kind::kClass:
        return RegexAlgebra::kNothing;
      default:
        return Lower(syntax, tail, Position::kStart);
    }
  }

  base::Result<RegexId> LowerRepeat(const RegexSyntax& syntax, RegexId tail, Position position) {
    const RegexSyntax& part = syntax.children[0];
    if (syntax.min == 0 && syntax.max == 1) {
      return algebra_.Or({TRY(Lower(part, tail, position)), tail});
    }
    if (syntax.min == 1 && syntax.max == 1) {
      return Lower(part, tail, position);
    }
    if (syntax.min == 0 && syntax.max == RegexAlgebra::kUnbounded) {
      return LowerLoop(part, tail, position);
    }
    return Lower(TRY(Unrolled(syntax)), tail, position);
  }

  base::Result<RegexId> LowerLoop(const RegexSyntax& part, RegexId tail, Position position) {
    if (IsNullable(part)) {
      return base::Unsupported("a repeated anchor or look-ahead where nothing is read");
    }
    const RegexId loop = algebra_.OpenLoop(tail);
    algebra_.CloseLoop(loop, TRY(Lower(part, loop, Position::kLater)));
    if (position == Position::kLater || !Has(part, IsStart)) {
      return loop;
    }
    return algebra_.Or({TRY(Lower(part, loop, Position::kStart)), tail});
  }

  // As often as it must be there, then as often as it may.
  base::Result<RegexSyntax> Unrolled(const RegexSyntax& repeat) {
    const bool unbounded = repeat.max == RegexAlgebra::kUnbounded;
    const int32_t count = unbounded ? repeat.min + 1 : repeat.max;
    unrolled_ += static_cast<size_t>(count) * CountOf(repeat.children[0]);
    if (unrolled_ > kUnrolledMax) {
      return base::Unsupported("an anchor or look-ahead that is repeated so often");
    }
    RegexSyntax sequence{.kind = Kind::kSequence};
    for (int32_t i = 0; i < count; ++i) {
      if (i < repeat.min) {
        sequence.children.push_back(repeat.children[0]);
        continue;
      }
      sequence.children.push_back({.kind = Kind::kRepeat,
                                   .min = 0,
                                   .max = unbounded ? RegexAlgebra::kUnbounded : 1,
                                   .children = repeat.children});
    }
    return sequence;
  }

  RegexAlgebra& algebra_;
  size_t unrolled_ = 0;  // nodes of syntax that repetitions were written out to
};

}  // namespace

base::Result<RegexId> ParseRegex(std::string_view pattern, RegexAnchoring anchoring,
                                 RegexAlgebra& algebra) {
  const RegexSyntax syntax = TRY(ParseRegexSyntax(pattern));
  Lowering lowering(algebra);
  if (anchoring == RegexAnchoring::kWhole) {
    return lowering.Lower(syntax, RegexAlgebra::kEmpty, Position::kStart);
  }
  const RegexId start = TRY(lowering.Lower(syntax, RegexAlgebra::kAnything, Position::kStart));
  const RegexId later = TRY(lowering.Lower(syntax, RegexAlgebra::kAnything, Position::kLater));
  RegexId before = RegexAlgebra::kAnything;
  if (HasDeniedStart(syntax)) {  // then `later` may be true for what is false at the start
    before = algebra.Concat(algebra.Class({{0, kCodePointMax}}), before);
  }
  return algebra.Or({start, algebra.Concat(before, later)});
}

}  // namespace millrace::grammar
