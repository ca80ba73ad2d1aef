// Filters on text and numbers.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/utf8.h"
#include "chat_template/arguments.h"
#include "chat_template/builtins.h"
#include "chat_template/json_value.h"
#include "chat_template/methods.h"
#include "chat_template/operators.h"
#include "chat_template/splitting.h"
#include "chat_template/stringify.h"
#include "chat_template/unicode.h"

namespace millrace::chat_template {

namespace {

using base::Result;

// The input as text, staying markup when it is.
Result<Value> SoftText(Runtime& runtime, const Value& input) {
  if (input.is_string()) {
    return input;
  }
  Text text = TRY(ToText(runtime, input));
  return MakeText(runtime, std::move(text));
}

// ---- case and space ----

template <std::string (*kMap)(std::string_view)>
Result<Value> MapCase(Runtime& runtime, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("upper", arguments, {}));
  Value text = TRY(SoftText(runtime, input));
  TRY(runtime.budget().ChargeCharacters(text.bytes().size()));
  return MakeText(runtime, text.text().MapRuns(kMap), text.is_markup());
}

Result<Value> Capitalize(Runtime& runtime, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("capitalize", arguments, {}));
  Value text = TRY(SoftText(runtime, input));
  TRY(runtime.budget().ChargeCharacters(text.bytes().size()));
  return MakeText(runtime, Capitalized(text.text()), text.is_markup());
}

// Every word begins with a capital; words end at white space and at - ( { [ <.
Result<Value> Title(Runtime& runtime, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("title", arguments, {}));
  Value value = TRY(SoftText(runtime, input));
  TRY(runtime.budget().ChargeCharacters(value.bytes().size()));
  bool word_begins = true;
  Text titled = value.text().MapRuns([&word_begins](std::string_view bytes) {
    std::string out;
    while (!bytes.empty()) {
      base::Utf8Char c = base::DecodeUtf8(bytes);
      std::string_view character = bytes.substr(0, c.length);
      bool separator = IsSpace(c.code_point) ||
                       (c.code_point < 0x80 &&
                        std::string_view("-({[<").find(character[0]) != std::string_view::npos);
      out += word_begins ? Uppercased(character) : Lowercased(character);
      word_begins = separator;
      bytes.remove_prefix(c.length);
    }
    return out;
  });
  return MakeText(runtime, std::move(titled));
}

Result<Value> Trim(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("trim", arguments, {"chars"}));
  Value text = TRY(SoftText(runtime, input));
  std::optional<Text> chars;
  if (bound.Has(0)) {
    chars = TRY(bound.TextOr(0, {}));
  }
  Text stripped = TRY(Stripped(runtime, text.text(), chars, StripEnds::kBoth));
  return MakeText(runtime, std::move(stripped), text.is_markup());
}

Result<Value> Indent(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("indent", arguments, {"width", "first", "blank"}));
  if (!input.is_string()) {
    return base::InvalidArgument(input.is_undefined() ? input.missing_message()
                                                      : "indent needs a string");
  }
  Text indention;
  if (bound[0] != nullptr && bound[0]->is_string()) {
    indention = bound[0]->text();
  } else {
    int64_t width = TRY(bound.IntOr(0, 4));
    auto spaces = static_cast<size_t>(std::max<int64_t>(width, 0));
    TRY(runtime.budget().ChargeText(spaces));
    indention = Text(std::string(spaces, ' '), Origin::kTemplate);
  }
  bool blank = bound.TruthOr(2, false);
  Text source = input.text();
  source.Append("\n", Origin::kTemplate);
  Text out;
  bool first_line = true;
  const std::vector<Text> lines = TRY(SplitLines(runtime, source, false));
  for (const Text& line : lines) {
    TRY(runtime.budget().ChargeText(line.size() + indention.size()));
    TRY(runtime.budget().LimitText(out.size()));
    if (!first_line) {
      out.Append("\n", Origin::kTemplate);
    }
    if (first_line ? bound.TruthOr(1, false) : (blank || !line.empty())) {
      out.Append(indention);
    }
    out.Append(line);
    first_line = false;
  }
  return MakeText(runtime, std::move(out), input.is_markup());
}

Result<Value> Center(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("center", arguments, {"width"}));
  int64_t width = TRY(bound.IntOr(0, 80));
  Value text = TRY(SoftText(runtime, input));
  Text centered = TRY(Centered(runtime, text.text(), width, Text(" ", Origin::kTemplate)));
  return MakeText(runtime, std::move(centered), text.is_markup());
}

Result<Value> Truncate(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound =
      TRY(BoundArguments::Bind("truncate", arguments, {"length", "killwords", "end", "leeway"}));
  int64_t length = TRY(bound.IntOr(0, 255));
  Text end = TRY(bound.TextOr(2, Text("...", Origin::kTemplate)));
  int64_t leeway = bound.Has(3) ? TRY(bound.IntOr(3, 5)) : 5;
  TRY(runtime.budget().ChargeCharacters(end.size()));
  auto end_length = static_cast<int64_t>(CodePointCount(end.bytes()));
  if (length < end_length || leeway < 0) {
    return base::InvalidArgument("truncate needs a length not below the end's");
  }
  const int64_t characters = TRY(Length(runtime, input));
  if (characters <= length || characters - length <= leeway) {
    return input;
  }
  if (!input.is_string()) {
    return base::InvalidArgument("truncate cannot shorten what is no string");
  }
  const Text& text = input.text();
  Text out = text.Slice(0, ByteOffset(text.bytes(), static_cast<size_t>(length - end_length)));
  size_t space = out.bytes().rfind(' ');
  if (!bound.TruthOr(1, false) && space != std::string::npos) {
    out = out.Slice(0, space);
  }
  out.Append(end);
  return MakeText(runtime, std::move(out), input.is_markup());
}

Result<Value> WordCount(Runtime& runtime, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("wordcount", arguments, {}));
  Value text = TRY(SoftText(runtime, input));
  TRY(runtime.budget().ChargeCharacters(text.bytes().size()));
  std::string_view bytes = text.bytes();
  int64_t words = 0;
  bool in_word = false;
  while (!bytes.empty()) {
    base::Utf8Char c = base::DecodeUtf8(bytes);
    bool word = IsLetter(c.code_point) || IsDigit(c.code_point) || c.code_point == '_';
    words += word && !in_word ? 1 : 0;
    in_word = word;
    bytes.remove_prefix(c.length);
  }
  return Value::Int(words);
}

// ---- conversion ----

Result<Value> Replace(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("replace", arguments, {"old", "new", "count"}, 2));
  Text text = TRY(ToText(runtime, input));
  Text from = TRY(ToText(runtime, *bound[0]));
  Text to = TRY(ToText(runtime, *bound[1]));
  int64_t count = bound.Has(2) ? TRY(bound.IntOr(2, -1)) : -1;
  Text replaced = TRY(Replaced(runtime, text, from, to, count));
  return MakeText(runtime, std::move(replaced));
}

Result<Value> StringFilter(Runtime& runtime, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("string", arguments, {}));
  return SoftText(runtime, input);
}

Result<Value> Safe(Runtime& runtime, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("safe", arguments, {}));
  Text text = TRY(ToText(runtime, input));
  return MakeText(runtime, std::move(text), true);
}

template <bool kAlways>
Result<Value> Escape(Runtime& runtime, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("escape", arguments, {}));
  if (input.is_markup() && !kAlways) {
    return input;
  }
  Text text = TRY(ToText(runtime, input));
  TRY(runtime.budget().ChargeCharacters(text.size()));
  return MakeText(runtime, EscapedHtml(text), true);
}

Result<Value> Format(Runtime& runtime, const Value& input, const Arguments& arguments) {
  Value text = TRY(SoftText(runtime, input));
  if (!arguments.positional.empty() && !arguments.named.empty()) {
    return base::InvalidArgument("can't handle positional and keyword arguments at the same time");
  }
  if (arguments.named.empty()) {
    return FormatPercent(runtime, text, Value::Tuple(arguments.positional));
  }
  Dict named;
  for (const auto& [name, value] : arguments.named) {
    named.Set(Value::Data(name), value);
  }
  return FormatPercent(runtime, text, Value::FromDict(std::move(named)));
}

Result<Value> ToJsonFilter(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("tojson", arguments,
                                        {"ensure_ascii", "indent", "separators", "sort_keys"}));
  JsonStyle style;
  style.ensure_ascii = bound.TruthOr(0, false);
  style.sort_keys = bound.TruthOr(3, false);
  if (bound.Has(1)) {
    if (bound[1]->is_string()) {
      style.indent = bound[1]->bytes();
    } else {
      int64_t width = TRY(bound.IntOr(1, 0));
      if (width > 1000) {
        return base::InvalidArgument("the indent of tojson is too wide");
      }
      style.indent = std::string(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
    }
    style.item_separator = ",";
  }
  if (bound.Has(2)) {
    bool pair = (bound[2]->is_tuple() || bound[2]->is_list()) && bound[2]->items().size() == 2 &&
                bound[2]->items()[0].is_string() && bound[2]->items()[1].is_string();
    if (!pair) {
      return base::InvalidArgument("separators must be a pair of strings");
    }
    style.item_separator = bound[2]->items()[0].bytes();
    style.key_separator = bound[2]->items()[1].bytes();
  }
  Text json = TRY(ToJson(runtime, input, style));
  return MakeText(runtime, std::move(json));
}

// Not a filter of jinja2, but templates made for other engines use it on the arguments of calls.
Result<Value> FromJson(Runtime& runtime, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("from_json", arguments, {}));
  if (!input.is_string()) {
    return base::InvalidArgument("from_json needs a string");
  }
  TRY(runtime.budget().ChargeItems(input.bytes().size() / 4));
  return ValueFromJson(input.bytes());
}

// ---- numbers ----

// The number a string spells in a base, with an optional sign, prefix and underscores.
std::optional<int64_t> ReadInt(std::string_view text, int64_t base) {
  text.remove_prefix(LeadingSpace(text));
  text.remove_suffix(TrailingSpace(text));
  bool negative = text.starts_with('-');
  text.remove_prefix(negative || text.starts_with('+') ? 1 : 0);
  if (text.size() > 2 && text[0] == '0') {
    char letter = static_cast<char>(text[1] | 0x20);
    int64_t prefix_base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : -1;
    if (prefix_base > 0 && (base == prefix_base || base == 0)) {
      base = prefix_base;
      text.remove_prefix(text[2] == '_' ? 3 : 2);
    }
  }
  base = base == 0 ? 10 : base;
  std::string digits;
  for (size_t i = 0; i < text.size(); ++i) {
    bool between = i > 0 && i + 1 < text.size() && text[i - 1] != '_' && text[i + 1] != '_';
    if (text[i] != '_') {
      digits += text[i];
    } else if (!between) {
      return std::nullopt;
    }
  }
  if (digits.starts_with('-') || digits.starts_with('+')) {
    return std::nullopt;
  }
  digits.insert(0, negative ? "-" : "");
  int64_t value = 0;
  auto read =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, static_cast<int>(base));
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return value;
}

std::optional<double> ReadFloat(std::string_view text) {
  text.remove_prefix(LeadingSpace(text));
  text.remove_suffix(TrailingSpace(text));
  text.remove_prefix(text.starts_with('+') && !text.starts_with("+-") ? 1 : 0);
  double value = 0;
  auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ptr != text.data() + text.size() || read.ec == std::errc::invalid_argument) {
    return std::nullopt;
  }
  if (read.ec == std::errc::result_out_of_range) {
    return std::strtod(std::string(text).c_str(), nullptr);
  }
  return value;
}

std::optional<int64_t> Truncated(double value) {
  if (!(value > -9.2e18 && value < 9.2e18)) {
    return std::nullopt;
  }
  return static_cast<int64_t>(value);
}

Result<Value> IntFilter(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("int", arguments, {"default", "base"}));
  int64_t base = TRY(bound.IntOr(1, 10));
  if (base != 0 && (base < 2 || base > 36)) {
    return base::InvalidArgument("int() base must be >= 2 and <= 36, or 0");
  }
  std::optional<int64_t> value;
  if (input.is_string()) {
    TRY(runtime.budget().ChargeCharacters(input.bytes().size()));
    value = ReadInt(input.bytes(), base);
    if (!value.has_value()) {
      std::optional<double> real = ReadFloat(input.bytes());
      value = real.has_value() ? Truncated(*real) : std::nullopt;
    }
  } else if (input.is_integral()) {
    value = input.AsInt();
  } else if (input.is_unsigned()) {
    return input;
  } else if (input.is_float()) {
    value = Truncated(input.float_value());
  } else if (input.is_undefined()) {
    return base::InvalidArgument(input.missing_message());
  }
  return value.has_value() ? Value::Int(*value) : bound.Or(0, Value::Int(0));
}

Result<Value> FloatFilter(Runtime& runtime, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("float", arguments, {"default"}));
  TRY(runtime.budget().ChargeCharacters(input.is_string() ? input.bytes().size() : 0));
  if (input.is_undefined()) {
    return base::InvalidArgument(input.missing_message());
  }
  if (input.is_number()) {
    return Value::Float(input.AsDouble());
  }
  std::optional<double> value = input.is_string() ? ReadFloat(input.bytes()) : std::nullopt;
  return value.has_value() ? Value::Float(*value) : bound.Or(0, Value::Float(0));
}

Result<Value> Abs(Runtime&, const Value& input, const Arguments& arguments) {
  TRY(BoundArguments::Bind("abs", arguments, {}));
  if (input.is_float()) {
    return Value::Float(std::fabs(input.float_value()));
  }
  if (input.is_integral() && input.AsInt() < 0) {
    return Negate(input);
  }
  if (input.is_integral()) {
    return Value::Int(input.AsInt());
  }
  return input.is_unsigned() ? Result<Value>(input)
                             : base::InvalidArgument(fmt::format("bad operand type for abs(): '{}'",
                                                                 input.TypeName()));
}

// round() of Python: to even on ties, by the exact decimal value.
double RoundedCommon(double value, int64_t precision) {
  if (!std::isfinite(value) || precision > 300) {
    return value;
  }
  if (precision < 0) {
    double scale = std::pow(10.0, static_cast<double>(-std::max<int64_t>(precision, -400)));
    return std::isinf(scale) ? 0.0 : std::nearbyint(value / scale) * scale;
  }
  char buffer[700];
  std::snprintf(buffer, sizeof buffer, "%.*f", static_cast<int>(precision), value);
  return std::strtod(buffer, nullptr);
}

Result<Value> Round(Runtime&, const Value& input, const Arguments& arguments) {
  auto bound = TRY(BoundArguments::Bind("round", arguments, {"precision", "method"}));
  int64_t precision = TRY(bound.IntOr(0, 0));
  Text method = TRY(bound.TextOr(1, Text("common", Origin::kTemplate)));
  if (!input.is_number()) {
    return base::InvalidArgument(input.is_undefined() ? input.missing_message()
                                                      : "round needs a number");
  }
  if (method.bytes() == "common") {
    double rounded = RoundedCommon(input.AsDouble(), precision);
    if (input.is_float()) {
      return Value::Float(rounded);
    }
    std::optional<int64_t> whole = Truncated(rounded);
    return precision < 0 && whole.has_value() ? Value::Int(*whole)
           : input.is_unsigned()              ? input
                                              : Value::Int(input.AsInt());
  }
  if (method.bytes() != "ceil" && method.bytes() != "floor") {
    return base::InvalidArgument("method must be common, ceil or floor");
  }
  double scale = std::pow(10.0, static_cast<double>(precision));
  double scaled = input.AsDouble() * scale;
  bool whole = !input.is_float() && precision >= 0;
  double result = (method.bytes() == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale;
  return Value::Float(whole ? input.AsDouble() : result);
}

}  // namespace

Filter FindTextFilter(std::string_view name) {
  constexpr std::pair<std::string_view, Filter> kFilters[] = {
      {"abs", Abs},
      {"capitalize", Capitalize},
      {"center", Center},
      {"e", Escape<false>},
      {"escape", Escape<false>},
      {"float", FloatFilter},
      {"forceescape", Escape<true>},
      {"format", Format},
      {"from_json", FromJson},
      {"indent", Indent},
      {"int", IntFilter},
      {"lower", MapCase<Lowercased>},
      {"replace", Replace},
      {"round", Round},
      {"safe", Safe},
      {"string", StringFilter},
      {"title", Title},
      {"tojson", ToJsonFilter},
      {"trim", Trim},
      {"truncate", Truncate},
      {"upper", MapCase<Uppercased>},
      {"wordcount", WordCount},
  };
  for (const auto& [filter_name, filter] : kFilters) {
    if (filter_name == name) {
      return filter;
    }
  }
  return nullptr;
}

}  // namespace millrace::chat_template
