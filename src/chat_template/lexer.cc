#include "chat_template/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "base/utf8.h"
#include "chat_template/unicode.h"

namespace millrace::chat_template {

namespace {

using base::Result;
using base::Status;

bool IsDecimal(char c) { return c >= '0' && c <= '9'; }

bool IsNameStart(char32_t c) { return c == '_' || (IsLetter(c) && !IsSpace(c)); }

std::string NormalizeLineEnds(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      i += i + 1 < source.size() && source[i + 1] == '\n' ? 1 : 0;
    } else {
      out += source[i];
    }
  }
  if (!out.empty() && out.back() == '\n') {
    out.pop_back();
  }
  return out;
}

class Lexer {
 public:
  explicit Lexer(std::string source) : source_(std::move(source)) {}

  Result<std::vector<Token>> Run() {
    while (at_ < source_.size()) {
      TRY(ReadText());
    }
    Emit(TokenKind::kEnd, "", at_);
    return std::move(tokens_);
  }

 private:
  std::string_view Rest() const { return std::string_view(source_).substr(at_); }
  bool Looking(std::string_view text) const { return Rest().starts_with(text); }

  Position PositionOf(size_t offset) {
    if (offset < line_begin_) {  // only an error looks back across lines
      counted_ = 0;
      line_begin_ = 0;
      line_ = 1;
    }
    for (; counted_ < offset; ++counted_) {
      if (source_[counted_] == '\n') {
        ++line_;
        line_begin_ = counted_ + 1;
      }
    }
    return {line_, static_cast<int32_t>(offset - line_begin_) + 1};
  }

  base::Error Fail(size_t offset, std::string_view message) {
    return TemplateError(PositionOf(offset), message);
  }

  Token& Emit(TokenKind kind, std::string text, size_t offset) {
    tokens_.push_back(Token{kind, std::move(text), PositionOf(offset)});
    return tokens_.back();
  }

  // Text up to the next tag, then that tag.
  Status ReadText() {
    size_t tag = at_;
    while (true) {
      tag = source_.find('{', tag);
      if (tag == std::string::npos) {
        EmitText(std::string_view(source_).substr(at_), at_);
        at_ = source_.size();
        return {};
      }
      char next = tag + 1 < source_.size() ? source_[tag + 1] : '\0';
      if (next == '%' || next == '{' || next == '#') {
        break;
      }
      ++tag;
    }
    std::string_view text = std::string_view(source_).substr(at_, tag - at_);
    char kind = source_[tag + 1];
    char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
    if (sign != '-' && sign != '+') {
      sign = '\0';
    }
    EmitText(StripBeforeTag(text, sign, kind == '{'), at_);
    at_ = tag;
    if (kind == '#') {
      return SkipComment(sign != '\0');
    }
    if (kind == '%' && TryEnterRaw(sign != '\0')) {
      return ReadRaw();
    }
    Emit(kind == '%' ? TokenKind::kBlockBegin : TokenKind::kVariableBegin, "", at_);
    at_ += sign != '\0' ? 3 : 2;
    return ReadTag(kind == '%');
  }

  std::string_view StripBeforeTag(std::string_view text, char sign, bool variable) const {
    if (sign == '-') {
      return text.substr(0, text.size() - TrailingSpace(text));
    }
    if (sign == '+' || variable) {
      return text;
    }
    size_t line_end = text.rfind('\n');
    size_t line = line_end == std::string_view::npos ? 0 : line_end + 1;
    bool from_line_start = line > 0 || line_starting_;
    return from_line_start && LeadingSpace(text.substr(line)) == text.size() - line
               ? text.substr(0, line)
               : text;
  }

  void EmitText(std::string_view text, size_t offset) {
    if (!text.empty()) {
      Emit(TokenKind::kText, std::string(text), offset);
    }
  }

  void SkipSpace() { at_ += LeadingSpace(Rest()); }

  // Consumes a tag's end at `at_`: `+%}`, `-%}` and white space, or `%}` and a line end when
  // trimmed.
  bool TryEnd(std::string_view end, bool may_keep, bool trims) {
    size_t begin = at_;
    if (may_keep && Looking("+") && Rest().substr(1).starts_with(end)) {
      at_ += 1 + end.size();
    } else if (Looking("-") && Rest().substr(1).starts_with(end)) {
      at_ += 1 + end.size();
      SkipSpace();
    } else if (Looking(end)) {
      at_ += end.size();
      at_ += trims && Looking("\n") ? 1 : 0;
    } else {
      return false;
    }
    line_starting_ = at_ > begin && source_[at_ - 1] == '\n';
    return true;
  }

  Status SkipComment(bool signed_tag) {
    size_t begin = at_;
    at_ += signed_tag ? 3 : 2;
    while (at_ < source_.size()) {
      if (TryEnd("#}", true, true)) {
        return {};
      }
      ++at_;
    }
    return Fail(begin, "the comment has no end");
  }

  // `{% raw %}`: jinja2 reads the whole tag at once, so anything else there is an ordinary block.
  bool TryEnterRaw(bool signed_tag) {
    size_t begin = at_;
    at_ += signed_tag ? 3 : 2;
    SkipSpace();
    if (Looking("raw")) {
      at_ += 3;
      SkipSpace();
      if (TryEnd("%}", false, false)) {
        return true;
      }
    }
    at_ = begin;
    return false;
  }

  Status ReadRaw() {
    size_t begin = at_;
    for (size_t tag = source_.find("{%", at_); tag != std::string::npos;
         tag = source_.find("{%", tag + 1)) {
      at_ = tag + 2;
      char sign = Looking("-") || Looking("+") ? source_[at_++] : '\0';
      SkipSpace();
      if (!Looking("endraw")) {
        continue;
      }
      at_ += 6;
      SkipSpace();
      std::string_view text = std::string_view(source_).substr(begin, tag - begin);
      std::string_view kept = StripBeforeTag(text, sign, false);
      if (TryEnd("%}", true, true)) {
        EmitText(kept, begin);
        return {};
      }
    }
    return Fail(begin, "the raw block has no end");
  }

  Status ReadTag(bool block) {
    size_t begin = at_;
    brackets_.clear();
    while (at_ < source_.size()) {
      if (brackets_.empty()) {
        size_t end = at_;
        if (block ? TryEnd("%}", true, true) : TryEnd("}}", false, false)) {
          Emit(block ? TokenKind::kBlockEnd : TokenKind::kVariableEnd, "", end);
          return {};
        }
      }
      size_t space = LeadingSpace(Rest());
      if (space > 0) {
        at_ += space;
        continue;
      }
      TRY(ReadToken());
    }
    return Fail(begin, block ? "the block tag has no end" : "the expression has no end");
  }

  Status ReadToken() {
    if (IsDecimal(source_[at_])) {
      return ReadNumber();
    }
    base::Utf8Char c = base::DecodeUtf8(Rest());
    if (c.valid && IsNameStart(c.code_point)) {
      ReadName();
      return {};
    }
    if (source_[at_] == '\'' || source_[at_] == '"') {
      return ReadString();
    }
    return ReadOperator();
  }

  void ReadName() {
    size_t begin = at_;
    while (at_ < source_.size()) {
      base::Utf8Char c = base::DecodeUtf8(Rest());
      if (!c.valid || !(IsNameStart(c.code_point) || IsDigit(c.code_point))) {
        break;
      }
      at_ += c.length;
    }
    Emit(TokenKind::kName, source_.substr(begin, at_ - begin), begin);
  }

  // Digits with single underscores between them, appended to `digits`.
  bool TakeDigits(std::string& digits, bool (*is_digit)(char)) {
    size_t begin = digits.size();
    while (at_ < source_.size()) {
      size_t skip = source_[at_] == '_' && digits.size() > begin ? 1 : 0;
      if (at_ + skip >= source_.size() || !is_digit(source_[at_ + skip])) {
        break;
      }
      digits += source_[at_ + skip];
      at_ += skip + 1;
    }
    return digits.size() > begin;
  }

  bool TakeExponent(std::string& digits) {
    size_t begin = at_;
    if (at_ >= source_.size() || (source_[at_] != 'e' && source_[at_] != 'E')) {
      return false;
    }
    std::string exponent = "e";
    ++at_;
    if (at_ < source_.size() && (source_[at_] == '+' || source_[at_] == '-')) {
      exponent += source_[at_++];
    }
    if (!TakeDigits(exponent, IsDecimal)) {
      at_ = begin;
      return false;
    }
    digits += exponent;
    return true;
  }

  Status ReadNumber() {
    size_t begin = at_;
    if (source_[at_] == '0' && at_ + 1 < source_.size()) {
      char base_letter = static_cast<char>(source_[at_ + 1] | 0x20);
      int radix = base_letter == 'x' ? 16 : base_letter == 'o' ? 8 : base_letter == 'b' ? 2 : 0;
      if (radix != 0) {
        return ReadRadix(radix);
      }
    }
    std::string digits;
    TakeDigits(digits, IsDecimal);
    bool real = false;
    bool after_dot = begin > 0 && source_[begin - 1] == '.';
    if (!after_dot && at_ + 1 < source_.size() && source_[at_] == '.' &&
        IsDecimal(source_[at_ + 1])) {
      ++at_;
      digits += '.';
      TakeDigits(digits, IsDecimal);
      real = true;
    }
    real = (!after_dot && TakeExponent(digits)) || real;
    if (real) {
      Emit(TokenKind::kFloat, "", begin).real = std::strtod(digits.c_str(), nullptr);
      return {};
    }
    if (digits.size() > 1 && digits.find_first_not_of('0') != std::string::npos &&
        digits[0] == '0') {
      return Fail(begin, "an integer starts with zero");
    }
    return EmitInteger(digits, 10, begin);
  }

  Status ReadRadix(int radix) {
    size_t begin = at_;
    at_ += 2;
    std::string digits;
    auto is_hex = [](char c) { return IsDecimal(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); };
    if (at_ < source_.size() && source_[at_] == '_') {
      ++at_;
    }
    if (!TakeDigits(
            digits, radix == 16  ? +is_hex
                    : radix == 8 ? +[](char c) { return c >= '0' && c <= '7'; }
                                 : +[](char c) { return c == '0' || c == '1'; })) {
      return Fail(begin, "the number has no digits");
    }
    return EmitInteger(digits, radix, begin);
  }

  Status EmitInteger(const std::string& digits, int radix, size_t begin) {
    int64_t value = 0;
    for (char c : digits) {
      int digit = IsDecimal(c) ? c - '0' : (c | 0x20) - 'a' + 10;
      if (__builtin_mul_overflow(value, radix, &value) ||
          __builtin_add_overflow(value, digit, &value)) {
        return Fail(begin, "the integer leaves 64 bits");
      }
    }
    Emit(TokenKind::kInteger, digits, begin).integer = value;
    return {};
  }

  Status ReadString() {
    size_t begin = at_;
    char quote = source_[at_++];
    std::string text;
    while (at_ < source_.size() && source_[at_] != quote) {
      if (source_[at_] != '\\') {
        text += source_[at_++];
        continue;
      }
      ++at_;
      if (at_ >= source_.size()) {
        break;
      }
      TRY(ReadEscape(text));
    }
    if (at_ >= source_.size()) {
      return Fail(begin, "the string has no end");
    }
    ++at_;
    Emit(TokenKind::kString, std::move(text), begin);
    return {};
  }

  // What follows a backslash, as in Python.
  Status ReadEscape(std::string& text) {
    constexpr std::string_view kLetters = "\\'\"abfnrtv";
    constexpr std::string_view kValues = "\\'\"\a\b\f\n\r\t\v";
    size_t begin = at_;
    char letter = source_[at_++];
    size_t simple = kLetters.find(letter);
    if (simple != std::string_view::npos) {
      text += kValues[simple];
    } else if (letter == '\n') {
      // A line continued.
    } else if (letter == 'x' || letter == 'u' || letter == 'U') {
      std::optional<uint32_t> code = ReadHex(letter == 'x' ? 2 : letter == 'u' ? 4 : 8);
      if (!code.has_value() || *code > 0x10FFFF) {
        return Fail(begin, "the escape sequence is incomplete or no character");
      }
      if (*code >= 0xD800 && *code <= 0xDBFF && Looking("\\u")) {
        at_ += 2;
        std::optional<uint32_t> low = ReadHex(4);
        if (low.has_value() && *low >= 0xDC00 && *low <= 0xDFFF) {
          code = 0x10000 + ((*code - 0xD800) << 10U) + (*low - 0xDC00);
        }
      }
      base::AppendUtf8(*code >= 0xD800 && *code <= 0xDFFF ? 0xFFFD : *code, text);
    } else if (letter >= '0' && letter <= '7') {
      uint32_t code = static_cast<uint32_t>(letter - '0');
      for (int i = 0; i < 2 && at_ < source_.size() && source_[at_] >= '0' && source_[at_] <= '7';
           ++i) {
        code = code * 8 + static_cast<uint32_t>(source_[at_++] - '0');
      }
      base::AppendUtf8(code, text);
    } else if (letter == 'N') {
      return Fail(begin, "characters by name are not supported");
    } else {
      text += '\\';
      text += letter;
    }
    return {};
  }

  std::optional<uint32_t> ReadHex(size_t count) {
    if (at_ + count > source_.size()) {
      return std::nullopt;
    }
    uint32_t value = 0;
    for (size_t i = 0; i < count; ++i) {
      char c = source_[at_ + i];
      char lower = static_cast<char>(c | 0x20);
      if (!IsDecimal(c) && (lower < 'a' || lower > 'f')) {
        return std::nullopt;
      }
      value = value * 16 + static_cast<uint32_t>(IsDecimal(c) ? c - '0' : lower - 'a' + 10);
    }
    at_ += count;
    return value;
  }

  Status ReadOperator() {
    constexpr std::string_view kTwo[] = {"**", "//", "==", "!=", ">=", "<="};
    constexpr std::string_view kOne = "+-/*%~[](){}><=.:|,;";
    size_t begin = at_;
    for (std::string_view op : kTwo) {
      if (Looking(op)) {
        at_ += 2;
        Emit(TokenKind::kOperator, std::string(op), begin);
        return {};
      }
    }
    char op = source_[at_];
    if (kOne.find(op) == std::string_view::npos) {
      return Fail(begin, "unexpected character");
    }
    if (op == '(' || op == '[' || op == '{') {
      brackets_ += op == '(' ? ')' : op == '[' ? ']' : '}';
    } else if (op == ')' || op == ']' || op == '}') {
      if (brackets_.empty() || brackets_.back() != op) {
        return Fail(begin, fmt::format("unexpected '{}'", op));
      }
      brackets_.pop_back();
    }
    ++at_;
    Emit(TokenKind::kOperator, std::string(1, op), begin);
    return {};
  }

  const std::string source_;
  size_t at_ = 0;
  bool line_starting_ = true;  // whether the last tag ended with a line end
  std::string brackets_;       // closing brackets still wanted
  std::vector<Token> tokens_;

  // How far lines have been counted.
  size_t counted_ = 0;
  size_t line_begin_ = 0;
  int32_t line_ = 1;
};

}  // namespace

base::Error TemplateError(Position position, std::string_view message) {
  return base::InvalidArgument(
      fmt::format("line {}, column {}: {}", position.line, position.column, message));
}

Result<std::vector<Token>> Tokenize(std::string_view source) {
  return Lexer(NormalizeLineEnds(source)).Run();
}

}  // namespace millrace::chat_template
