#include "grammar/regex_syntax.h"

#include <algorithm>
#include <string>

#include "base/utf8.h"

namespace millrace::grammar {
namespace {

constexpr int32_t kDepthMax = 100;
constexpr int32_t kRepeatMax = 1'000'000;
constexpr size_t kPatternBytesMax = 32U << 10;

using Kind = RegexSyntax::Kind;

class Parser {
 public:
  explicit Parser(std::u32string text) : text_(std::move(text)) {}

  base::Result<RegexSyntax> Parse() {
    RegexSyntax result = TRY(ParseChoice(0));
    if (at_ < text_.size()) {
      return base::InvalidArgument("unmatched ')' in the pattern");
    }
    return result;
  }

 private:
  bool Has() const { return at_ < text_.size(); }
  char32_t Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : U'\0';
  }
  bool Take(char32_t c) {
    const bool found = Has() && text_[at_] == c;
    at_ += found ? 1 : 0;
    return found;
  }
  bool TakeText(std::u32string_view s) {
    const bool found = text_.compare(at_, s.size(), s) == 0 && at_ + s.size() <= text_.size();
    at_ += found ? s.size() : 0;
    return found;
  }

  base::Result<RegexSyntax> ParseChoice(int32_t depth);
  base::Result<RegexSyntax> ParseSequence(int32_t depth);
  base::Result<RegexSyntax> ParseTerm(int32_t depth);
  base::Result<RegexSyntax> ParseGroup(int32_t depth);
  base::Result<RegexSyntax> ParseQuantifier(RegexSyntax term);
  base::Result<CodePointSet> ParseClass();
  base::Result<CodePointSet> ParseClassAtom();
  base::Result<CodePointSet> ParseEscape(bool in_class);
  base::Result<CodePointSet> ParseProperty(bool negated);
  base::Result<char32_t> ParseHex(size_t digits);
  base::Result<char32_t> ParseUnicodeEscape();
  bool ParseBounds(int32_t& min, int32_t& max);

  std::u32string text_;
  size_t at_ = 0;
};

CodePointSet Single(char32_t c) { return {{c, c}}; }

RegexSyntax OfClass(CodePointSet set) { return {.kind = Kind::kClass, .set = std::move(set)}; }

base::Result<RegexSyntax> Parser::ParseChoice(int32_t depth) {
  if (depth > kDepthMax) {
    return base::InvalidArgument("the pattern is nested too deep");
  }
  RegexSyntax first = TRY(ParseSequence(depth));
  if (Peek() != U'|' || !Has()) {
    return first;
  }
  RegexSyntax choice{.kind = Kind::kChoice};
  choice.children.push_back(std::move(first));
  while (Take(U'|')) {
    choice.children.push_back(TRY(ParseSequence(depth)));
  }
  return choice;
}

base::Result<RegexSyntax> Parser::ParseSequence(int32_t depth) {
  RegexSyntax sequence{.kind = Kind::kSequence};
  while (Has() && Peek() != U'|' && Peek() != U')') {
    RegexSyntax term = TRY(ParseTerm(depth));
    sequence.children.push_back(TRY(ParseQuantifier(std::move(term))));
  }
  return sequence;
}

base::Result<RegexSyntax> Parser::ParseTerm(int32_t depth) {
  if (Take(U'^')) {
    return RegexSyntax{.kind = Kind::kStart};
  }
  if (Take(U'$')) {
    return RegexSyntax{.kind = Kind::kEnd};
  }
  if (Take(U'(')) {
    return ParseGroup(depth);
  }
  if (Take(U'[')) {
    return OfClass(TRY(ParseClass()));
  }
  if (Take(U'.')) {
    return OfClass(Complement({{U'\n', U'\n'}, {U'\r', U'\r'}, {0x2028, 0x2029}}));
  }
  if (Take(U'\\')) {
    if (Take(U'b')) {
      return RegexSyntax{.kind = Kind::kBoundary};
    }
    if (Take(U'B')) {
      return RegexSyntax{.kind = Kind::kNoBoundary};
    }
    if ((Peek() >= U'1' && Peek() <= U'9') || Peek() == U'k') {
      return base::Unsupported("back-references");
    }
    return OfClass(TRY(ParseEscape(false)));
  }
  if (Peek() == U'*' || Peek() == U'+' || Peek() == U'?') {
    return base::InvalidArgument("nothing to repeat in the pattern");
  }
  return OfClass(Single(text_[at_++]));
}

base::Result<RegexSyntax> Parser::ParseGroup(int32_t depth) {
  Kind kind = Kind::kSequence;
  if (TakeText(U"?:")) {
  } else if (TakeText(U"?=")) {
    kind = Kind::kLookAhead;
  } else if (TakeText(U"?!")) {
    kind = Kind::kNoLookAhead;
  } else if (TakeText(U"?<=") || TakeText(U"?<!")) {
    return base::Unsupported("look-behind");
  } else if (TakeText(U"?<")) {
    while (Has() && Peek() != U'>') {
      ++at_;
    }
    if (!Take(U'>')) {
      return base::InvalidArgument("unfinished group name in the pattern");
    }
  } else if (Peek() == U'?') {
    return base::InvalidArgument("unknown kind of group in the pattern");
  }
  RegexSyntax inner = TRY(ParseChoice(depth + 1));
  if (!Take(U')')) {
    return base::InvalidArgument("unmatched '(' in the pattern");
  }
  RegexSyntax group{.kind = kind};
  group.children.push_back(std::move(inner));
  return group;
}

// `{m}`, `{m,}` or `{m,n}`; what only looks like one is text, as browsers have it.
bool Parser::ParseBounds(int32_t& min, int32_t& max) {
  const size_t start = at_;
  const auto number = [this](int32_t& value) {
    const size_t begin = at_;
    int64_t sum = 0;
    while (Peek() >= U'0' && Peek() <= U'9') {
      sum = std::min<int64_t>((sum * 10) + static_cast<int64_t>(Peek() - U'0'), kRepeatMax + 1);
      ++at_;
    }
    value = static_cast<int32_t>(sum);
    return at_ > begin;
  };
  bool valid = Take(U'{') && number(min);
  max = min;
  if (valid && Take(U',')) {
    max = RegexAlgebra::kUnbounded;
    if (Peek() != U'}') {
      valid = number(max);
    }
  }
  valid = valid && Take(U'}');
  if (!valid) {
    at_ = start;
  }
  return valid;
}

base::Result<RegexSyntax> Parser::ParseQuantifier(RegexSyntax term) {
  RegexSyntax repeat{.kind = Kind::kRepeat};
  if (Take(U'*')) {
    repeat.max = RegexAlgebra::kUnbounded;
  } else if (Take(U'+')) {
    repeat.min = 1;
    repeat.max = RegexAlgebra::kUnbounded;
  } else if (Take(U'?')) {
    repeat.max = 1;
  } else if (Peek() != U'{' || !ParseBounds(repeat.min, repeat.max)) {
    return term;
  }
  Take(U'?');  // lazy: the same language
  if (term.kind == Kind::kStart || term.kind == Kind::kEnd || term.kind == Kind::kBoundary ||
      term.kind == Kind::kNoBoundary) {
    return base::InvalidArgument("nothing to repeat in the pattern");
  }
  if (repeat.max != RegexAlgebra::kUnbounded && repeat.max < repeat.min) {
    return base::InvalidArgument("numbers out of order in {} of the pattern");
  }
  if (repeat.min > kRepeatMax || repeat.max > kRepeatMax) {
    return base::Unsupported("more than 1000000 repetitions");
  }
  repeat.children.push_back(std::move(term));
  return repeat;
}

base::Result<char32_t> Parser::ParseHex(size_t digits) {
  char32_t value = 0;
  for (size_t i = 0; i < digits; ++i) {
    const char32_t c = Peek();
    if (c >= U'0' && c <= U'9') {
      value = (value << 4U) | (c - U'0');
    } else if ((c | 0x20U) >= U'a' && (c | 0x20U) <= U'f') {
      value = (value << 4U) | ((c | 0x20U) - U'a' + 10);
    } else {
      return base::InvalidArgument("wrong hexadecimal escape in the pattern");
    }
    ++at_;
  }
  return value;
}

base::Result<char32_t> Parser::ParseUnicodeEscape() {
  if (Take(U'{')) {
    char32_t value = 0;
    while (Has() && Peek() != U'}') {
      value = (value << 4U) | TRY(ParseHex(1));
      if (value > kCodePointMax) {
        return base::InvalidArgument("a code point above 10FFFF in the pattern");
      }
    }
    if (!Take(U'}')) {
      return base::InvalidArgument("wrong \\u{} in the pattern");
    }
    return value;
  }
  const char32_t high = TRY(ParseHex(4));
  if (high >= 0xD800 && high < 0xDC00 && Peek() == U'\\' && Peek(1) == U'u') {
    const size_t start = at_;
    at_ += 2;
    const base::Result<char32_t> low = ParseHex(4);
    if (low.has_value() && *low >= 0xDC00 && *low < 0xE000) {
      return 0x10000 + ((high - 0xD800) << 10U) + (*low - 0xDC00);
    }
    at_ = start;
  }
  return high;
}

base::Result<CodePointSet> Parser::ParseProperty(bool negated) {
  if (!Take(U'{')) {
    return base::InvalidArgument("\\p without {} in the pattern");
  }
  std::string name;
  while (Has() && Peek() != U'}') {
    base::AppendUtf8(text_[at_++], name);
  }
  if (!Take(U'}')) {
    return base::InvalidArgument("\\p without {} in the pattern");
  }
  CodePointSet set = UnicodeProperty(name);
  if (set.empty()) {
    return base::Unsupported("\\p{" + name + "}");
  }
  return negated ? Complement(set) : set;
}

// The character after a backslash, which is taken already.
base::Result<CodePointSet> Parser::ParseEscape(bool in_class) {
  if (!Has()) {
    return base::InvalidArgument("the pattern ends with a backslash");
  }
  const char32_t c = text_[at_++];
  if (const CodePointSet* set = ClassEscape(c); set != nullptr) {
    return *set;
  }
  switch (c) {
    case U't':
      return Single(U'\t');
    case U'n':
      return Single(U'\n');
    case U'v':
      return Single(U'\v');
    case U'f':
      return Single(U'\f');
    case U'r':
      return Single(U'\r');
    case U'b':
      return Single(U'\b');
    case U'0':
      return Single(U'\0');
    case U'x':
      return Single(TRY(ParseHex(2)));
    case U'u':
      return Single(TRY(ParseUnicodeEscape()));
    case U'p':
    case U'P':
      return ParseProperty(c == U'P');
    case U'c':
      if (const char32_t letter = Peek() | 0x20U; letter >= U'a' && letter <= U'z') {
        ++at_;
        return Single(letter & 0x1FU);
      }
      break;
    default:
      break;
  }
  const bool is_letter = ((c | 0x20U) >= U'a' && (c | 0x20U) <= U'z') || (c >= U'0' && c <= U'9');
  if (is_letter || (c == U'c' && in_class)) {
    return base::InvalidArgument("unknown escape in the pattern");
  }
  return Single(c);
}

base::Result<CodePointSet> Parser::ParseClassAtom() {
  if (Take(U'\\')) {
    return ParseEscape(true);
  }
  return Single(text_[at_++]);
}

base::Result<CodePointSet> Parser::ParseClass() {
  const bool negated = Take(U'^');
  CodePointSet set;
  while (Has() && Peek() != U']') {
    CodePointSet low = TRY(ParseClassAtom());
    if (Peek() == U'-' && Peek(1) != U']' && at_ + 1 < text_.size()) {
      ++at_;
      const CodePointSet high = TRY(ParseClassAtom());
      const bool is_range = low.size() == 1 && low[0].low == low[0].high && high.size() == 1 &&
                            high[0].low == high[0].high;
      if (is_range && low[0].low > high[0].low) {
        return base::InvalidArgument("range out of order in the pattern");
      }
      if (is_range) {
        low[0].high = high[0].low;
      } else {  // a class beside a dash: the dash is itself
        low.insert(low.end(), high.begin(), high.end());
        low.push_back({U'-', U'-'});
      }
    }
    set.insert(set.end(), low.begin(), low.end());
  }
  if (!Take(U']')) {
    return base::InvalidArgument("unmatched '[' in the pattern");
  }
  set = Normalize(std::move(set));
  return negated ? Complement(set) : set;
}

}  // namespace

const CodePointSet* ClassEscape(char32_t letter) {
  static const CodePointSet digit = {{U'0', U'9'}};
  static const CodePointSet word = {{U'0', U'9'}, {U'A', U'Z'}, {U'_', U'_'}, {U'a', U'z'}};
  static const CodePointSet space = {
      {0x09, 0x0D},     {0x20, 0x20},     {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
      {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
  static const CodePointSet not_digit = Complement(digit);
  static const CodePointSet not_word = Complement(word);
  static const CodePointSet not_space = Complement(space);
  switch (letter) {
    case U'd':
      return &digit;
    case U'D':
      return &not_digit;
    case U'w':
      return &word;
    case U'W':
      return &not_word;
    case U's':
      return &space;
    case U'S':
      return &not_space;
    default:
      return nullptr;
  }
}

base::Result<RegexSyntax> ParseRegexSyntax(std::string_view pattern) {
  if (pattern.size() > kPatternBytesMax) {
    return base::Unsupported("a pattern of more than 32768 bytes");
  }
  std::u32string text;
  for (std::string_view rest = pattern; !rest.empty();) {
    const base::Utf8Char next = base::DecodeUtf8(rest);
    text += next.code_point;
    rest.remove_prefix(next.length);
  }
  return Parser(std::move(text)).Parse();
}

}  // namespace millrace::grammar
