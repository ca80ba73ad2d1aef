#include "grammar/regex_parser.h"

#include <algorithm>
#include <array>
#include <cstddef>
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

bool LooksBack(Kind kind) {
  return kind == Kind::kStart || kind == Kind::kBoundary || kind == Kind::kNoBoundary;
}

bool IsZeroWidth(Kind kind) {
  return LooksBack(kind) || kind == Kind::kEnd || kind == Kind::kLookAhead ||
         kind == Kind::kNoLookAhead;
}

size_t CountOf(const RegexSyntax& syntax) {
  size_t count = 1;
  for (const RegexSyntax& child : syntax.children) {
    count += CountOf(child);
  }
  return count;
}

// Where in a text something stands: at its start, behind a character of \w or behind another one;
// and whether the repetition around it has read anything in this turn.
enum Place { kFreshStart, kFreshWord, kFreshOther, kBehindWord, kBehindOther, kPlaceCount };

// For each place, the texts that may follow up to the end.
using Rests = std::array<RegexId, kPlaceCount>;

Rests Everywhere(RegexId rest) {
  Rests rests;
  rests.fill(rest);
  return rests;
}

bool AreEqual(const Rests& rests) {
  return std::all_of(rests.begin(), rests.end(), [&](RegexId rest) { return rest == rests[0]; });
}

// Lowers from the end: what follows is known as a language when something is lowered. So looking
// ahead is an intersection with it, and the end of the text one with the empty text.
class Lowering {
 public:
  explicit Lowering(RegexAlgebra& algebra)
      : algebra_(algebra),
        any_(algebra.Class({{0, kCodePointMax}})),
        word_(algebra.Class(*ClassEscape(U'w'))),
        other_(algebra.Class(*ClassEscape(U'W'))) {}

  // The texts that begin with `syntax` and go on with a rest.
  base::Result<Rests> Lower(const RegexSyntax& syntax, const Rests& rests) {
    if (algebra_.size() > kNodesMax) {
      return base::Unsupported("a pattern of this size");
    }
    if (!Has(syntax, IsZeroWidth)) {
      return Read(Plain(syntax), rests);
    }
    switch (syntax.kind) {
      case Kind::kStart:
      case Kind::kEnd:
      case Kind::kBoundary:
      case Kind::kNoBoundary:
        return Check(syntax.kind, rests);
      case Kind::kLookAhead:
      case Kind::kNoLookAhead: {
        const Rests seen = TRY(Lower(syntax.children[0], Everywhere(RegexAlgebra::kAnything)));
        return ForEach([&](Place at) {
          const RegexId asked = syntax.kind == Kind::kLookAhead ? seen[at] : algebra_.Not(seen[at]);
          return algebra_.And({asked, rests[at]});
        });
      }
      case Kind::kChoice: {
        std::array<std::vector<RegexId>, kPlaceCount> choices;
        for (const RegexSyntax& child : syntax.children) {
          const Rests one = TRY(Lower(child, rests));
          for (size_t at = 0; at < one.size(); ++at) {
            choices[at].push_back(one[at]);
          }
        }
        return ForEach([&](Place at) { return algebra_.Or(choices[at]); });
      }
      case Kind::kRepeat:
        return Repeat(syntax, rests);
      default: {
        Rests all = rests;
        for (size_t i = syntax.children.size(); i > 0; --i) {
          all = TRY(Lower(syntax.children[i - 1], all));
        }
        return all;
      }
    }
  }

  // Texts in which what begins like this comes somewhere.
  RegexId Somewhere(const Rests& found) {
    if (found[kFreshWord] == found[kFreshOther]) {
      const RegexId later = found[kFreshOther];
      return found[kFreshStart] == later
                 ? algebra_.Concat(RegexAlgebra::kAnything, later)
                 : algebra_.Or({found[kFreshStart], algebra_.Concat(Some(any_), later)});
    }
    return algebra_.Or({found[kFreshStart], algebra_.Concat(Some(word_), found[kFreshWord]),
                        algebra_.Concat(Some(other_), found[kFreshOther])});
  }

 private:
  template <typename Make>
  static Rests ForEach(const Make& make) {
    Rests result{};
    for (int at = 0; at < kPlaceCount; ++at) {
      result[static_cast<size_t>(at)] = make(static_cast<Place>(at));
    }
    return result;
  }

  // Texts that end with a character of the class.
  RegexId Some(RegexId last) { return algebra_.Concat(RegexAlgebra::kAnything, last); }

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

  Rests Read(RegexId text, const Rests& rests) {
    if (AreEqual(rests)) {
      return Everywhere(algebra_.Concat(text, rests[0]));
    }
    const bool may_be_empty = algebra_.IsNullable(text);
    RegexId read = RegexAlgebra::kNothing;
    if (rests[kBehindWord] == rests[kBehindOther]) {
      read = algebra_.Concat(may_be_empty ? algebra_.And({text, Some(any_)}) : text,
                             rests[kBehindWord]);
    } else {
      read =
          algebra_.Or({algebra_.Concat(algebra_.And({text, Some(word_)}), rests[kBehindWord]),
                       algebra_.Concat(algebra_.And({text, Some(other_)}), rests[kBehindOther])});
    }
    return ForEach([&](Place at) { return may_be_empty ? algebra_.Or({read, rests[at]}) : read; });
  }

  // Goes on with the rest where this holds.
  Rests Check(Kind kind, const Rests& rests) {
    if (kind == Kind::kEnd) {
      return ForEach([&](Place at) { return algebra_.And({rests[at], RegexAlgebra::kEmpty}); });
    }
    if (kind == Kind::kStart) {
      return ForEach(
          [&](Place at) { return at == kFreshStart ? rests[at] : RegexAlgebra::kNothing; });
    }
    const RegexId word_follows = algebra_.Concat(word_, RegexAlgebra::kAnything);
    return ForEach([&](Place at) {
      const bool behind_word = at == kFreshWord || at == kBehindWord;
      const bool wants_word = behind_word != (kind == Kind::kBoundary);
      return algebra_.And({rests[at], wants_word ? word_follows : algebra_.Not(word_follows)});
    });
  }

  base::Result<Rests> Repeat(const RegexSyntax& syntax, const Rests& rests) {
    const RegexSyntax& part = syntax.children[0];
    if (syntax.min == 0 && syntax.max == 1) {
      const Rests once = TRY(Lower(part, rests));
      return ForEach([&](Place at) { return algebra_.Or({once[at], rests[at]}); });
    }
    if (syntax.min == 0 && syntax.max == RegexAlgebra::kUnbounded) {
      return Loop(part, rests);
    }
    return Lower(TRY(Unrolled(syntax)), rests);
  }

  // A turn that reads nothing adds nothing, so those that do lead nowhere.
  base::Result<Rests> Loop(const RegexSyntax& part, const Rests& rests) {
    Rests next = Everywhere(RegexAlgebra::kNothing);
    if (AreEqual(rests) && !Has(part, LooksBack)) {
      const RegexId loop = algebra_.OpenLoop(rests[0]);
      next[kBehindWord] = next[kBehindOther] = loop;
      algebra_.CloseLoop(loop, TRY(Lower(part, next))[kFreshOther]);
      return Everywhere(loop);
    }
    next[kBehindWord] = algebra_.OpenLoop(rests[kBehindWord]);
    next[kBehindOther] = algebra_.OpenLoop(rests[kBehindOther]);
    const Rests turn = TRY(Lower(part, next));
    algebra_.CloseLoop(next[kBehindWord], turn[kFreshWord]);
    algebra_.CloseLoop(next[kBehindOther], turn[kFreshOther]);
    return ForEach([&](Place at) {
      return at == kBehindWord || at == kBehindOther ? next[at]
                                                     : algebra_.Or({turn[at], rests[at]});
    });
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
  const RegexId any_;
  const RegexId word_;
  const RegexId other_;
  size_t unrolled_ = 0;  // nodes of syntax that repetitions were written out to
};

}  // namespace

base::Result<RegexId> ParseRegex(std::string_view pattern, RegexAnchoring anchoring,
                                 RegexAlgebra& algebra) {
  const RegexSyntax syntax = TRY(ParseRegexSyntax(pattern));
  Lowering lowering(algebra);
  if (anchoring == RegexAnchoring::kWhole) {
    return TRY(lowering.Lower(syntax, Everywhere(RegexAlgebra::kEmpty)))[kFreshStart];
  }
  return lowering.Somewhere(TRY(lowering.Lower(syntax, Everywhere(RegexAlgebra::kAnything))));
}

}  // namespace millrace::grammar
