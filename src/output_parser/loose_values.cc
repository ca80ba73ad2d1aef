#include "output_parser/loose_values.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "base/utf8.h"
#include "output_parser/json_text.h"
#include "output_parser/marks.h"

namespace millrace::output_parser {

namespace {

constexpr int kDepthMax = 64;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool IsWord(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return Lower(a) == b; });
}

// Reads one value and writes it as JSON.
class PythonReader {
 public:
  explicit PythonReader(std::string_view text) : rest_(text) {}

  bool Read() { return Value(0) && (SkipSpace(), rest_.empty()); }
  std::string&& json() { return std::move(json_); }

 private:
  void SkipSpace() {
    while (!rest_.empty() && IsSpace(rest_.front())) {
      rest_.remove_prefix(1);
    }
  }
  bool Take(char c) {
    SkipSpace();
    if (!rest_.starts_with(c)) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  bool Value(int depth) {
    SkipSpace();
    if (rest_.empty() || depth > kDepthMax) {
      return false;
    }
    switch (rest_.front()) {
      case '{':
        return Items('{', '}', depth);
      case '[':
        return Items('[', ']', depth);
      case '(':
        return Items('(', ')', depth);
      case '\'':
      case '"':
        return String();
      default:
        return Scalar();
    }
  }

  // What stands between brackets, with a comma behind each item but, at will, the last.
  bool Items(char open, char close, int depth) {
    const bool has_keys = open == '{';
    rest_.remove_prefix(1);
    json_ += has_keys ? '{' : '[';
    const size_t begin = json_.size();
    while (!Take(close)) {
      json_ += json_.size() > begin ? ", " : "";
      if (has_keys && !(Key() && Take(':'))) {
        return false;
      }
      json_ += has_keys ? ": " : "";
      if (!Value(depth + 1)) {
        return false;
      }
      if (!Take(',')) {
        json_ += has_keys ? '}' : ']';
        return Take(close);
      }
    }
    json_ += has_keys ? '}' : ']';
    return true;
  }

  bool Key() {
    SkipSpace();
    return (rest_.starts_with('\'') || rest_.starts_with('"')) && String();
  }

  bool String() {
    const char quote = rest_.front();
    rest_.remove_prefix(1);
    std::string value;
    while (!rest_.empty() && rest_.front() != quote) {
      const char byte = rest_.front();
      rest_.remove_prefix(1);
      if (byte != '\\') {
        value += byte;
      } else if (!Escape(value)) {
        return false;
      }
    }
    if (rest_.empty()) {
      return false;
    }
    rest_.remove_prefix(1);
    json_ += '"' + EscapedForJson(value) + '"';
    return true;
  }

  bool Escape(std::string& value) {
    constexpr std::string_view kLetters = "\\'\"nrtbf0/";
    constexpr std::string_view kValues("\\'\"\n\r\t\b\f\0/", 10);
    if (rest_.empty()) {
      return false;
    }
    const char letter = rest_.front();
    rest_.remove_prefix(1);
    if (letter == 'x' || letter == 'u' || letter == 'U') {
      return Code(letter == 'x' ? 2 : letter == 'u' ? 4 : 8, value);
    }
    const size_t found = kLetters.find(letter);
    if (found == std::string_view::npos) {
      value += '\\';
      value += letter;
    } else {
      value += kValues[found];
    }
    return true;
  }

  bool Code(size_t digits, std::string& value) {
    uint32_t code = 0;
    const std::string_view text = rest_.substr(0, digits);
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), code, 16);
    if (text.size() < digits || failure != std::errc() || end != text.data() + digits) {
      return false;
    }
    rest_.remove_prefix(digits);
    const bool none = code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF);
    base::AppendUtf8(none ? 0xFFFD : code, value);
    return true;
  }

  bool Scalar() {
    size_t size = 0;
    while (size < rest_.size() &&
           (IsDigit(rest_[size]) || Lower(rest_[size]) != rest_[size] ||
            (rest_[size] >= 'a' && rest_[size] <= 'z') ||
            std::string_view("+-.").find(rest_[size]) != std::string_view::npos)) {
      ++size;
    }
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    if (const std::string_view word = JsonWord(text); !word.empty()) {
      json_ += word;
      return true;
    }
    const std::optional<std::string> number = JsonNumber(text);
    json_ += number.value_or("");
    return number.has_value();
  }

  std::string_view rest_;
  std::string json_;
};

}  // namespace

std::string_view JsonWord(std::string_view text) {
  for (const std::string_view word : {"true", "false", "null"}) {
    if (IsWord(text, word)) {
      return word;
    }
  }
  return text == "None" ? "null" : "";
}

std::optional<std::string> JsonNumber(std::string_view text) {
  std::string json;
  if (text.starts_with('+') || text.starts_with('-')) {
    json += text.front() == '-' ? "-" : "";
    text.remove_prefix(1);
  }
  const auto digits = [&text] {
    const size_t size =
        static_cast<size_t>(std::find_if_not(text.begin(), text.end(), IsDigit) - text.begin());
    const std::string_view taken = text.substr(0, size);
    text.remove_prefix(size);
    return taken;
  };
  std::string_view whole = digits();
  std::string_view fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = digits();
  }
  if (whole.empty() && fraction.empty()) {
    return std::nullopt;
  }
  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
  json += whole.empty() ? "0" : whole;
  json += fraction.empty() ? "" : "." + std::string(fraction);
  if (text.starts_with('e') || text.starts_with('E')) {
    json += 'e';
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) {
      json += text.front();
      text.remove_prefix(1);
    }
    const std::string_view exponent = digits();
    if (exponent.empty()) {
      return std::nullopt;
    }
    json += exponent;
  }
  return text.empty() ? std::optional(json) : std::nullopt;
}

std::optional<std::string> JsonOfPython(std::string_view text) {
  PythonReader reader(text);
  return reader.Read() ? std::optional<std::string>(reader.json()) : std::nullopt;
}

}  // namespace millrace::output_parser
