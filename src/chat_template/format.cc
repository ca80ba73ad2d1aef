#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/utf8.h"
#include "chat_template/methods.h"
#include "chat_template/operators.h"
#include "chat_template/stringify.h"
#include "chat_template/unicode.h"

namespace millrace::chat_template {

namespace {

using base::Result;

constexpr int64_t kWidthMax = 10'000;

// One conversion: `%-5.2f` or `{:<5.2f}`.
struct Spec {
  std::string fill = " ";
  char align = 0;  // < > ^ = or 0 for the type's own
  char sign = '-';
  bool alternate = false;
  bool zero = false;
  char grouping = 0;  // , or _
  int64_t width = 0;
  int64_t precision = -1;
  char type = 0;
};

Result<double> Number(const Value& value, char type) {
  if (value.is_number()) {
    return value.AsDouble();
  }
  return base::InvalidArgument(
      fmt::format("format '{}' needs a number, not '{}'", type, value.TypeName()));
}

std::string Grouped(const std::string& digits, char separator, size_t group) {
  size_t whole = std::min(digits.find_first_not_of("0123456789abcdefABCDEF"), digits.size());
  std::string out;
  for (size_t i = 0; i < whole; ++i) {
    if (i > 0 && (whole - i) % group == 0) {
      out += separator;
    }
    out += digits[i];
  }
  return out + digits.substr(whole);
}

Result<std::string> IntegerDigits(const Spec& spec, uint64_t magnitude) {
  switch (spec.type) {
    case 'x':
      return (spec.alternate ? "0x" : "") + fmt::format("{:x}", magnitude);
    case 'X':
      return (spec.alternate ? "0X" : "") + fmt::format("{:X}", magnitude);
    case 'o':
      return (spec.alternate ? "0o" : "") + fmt::format("{:o}", magnitude);
    case 'b':
      return (spec.alternate ? "0b" : "") + fmt::format("{:b}", magnitude);
    default:
      return fmt::format("{}", magnitude);
  }
}

std::string FloatDigits(const Spec& spec, double magnitude) {
  char type = spec.type == '%' ? 'f' : spec.type;
  if (type == 0) {
    return FloatText(magnitude);
  }
  char pattern[] = {'%', '.', '*', type, 0};
  auto precision = static_cast<int>(spec.precision < 0 ? 6 : spec.precision);
  int size = std::snprintf(nullptr, 0, pattern, precision, magnitude);
  std::string digits(static_cast<size_t>(size) + 1, 0);
  std::snprintf(digits.data(), digits.size(), pattern, precision, magnitude);
  digits.pop_back();
  return spec.type == '%' ? digits + "%" : digits;
}

// Pads between sign and digits for '=', else around the whole.
Text Padded(const Spec& spec, const Text& sign, const Text& body, char own_align) {
  auto length = static_cast<int64_t>(CodePointCount(sign.bytes()) + CodePointCount(body.bytes()));
  auto margin = static_cast<size_t>(std::max<int64_t>(spec.width - length, 0));
  char align = spec.align != 0 ? spec.align : own_align;
  size_t left = align == '<' ? 0 : align == '^' ? margin / 2 : margin;
  auto pad = [&](Text& out, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      out.Append(spec.fill, Origin::kTemplate);
    }
  };
  Text out;
  if (align == '=') {
    out.Append(sign);
    pad(out, left);
  } else {
    pad(out, left);
    out.Append(sign);
  }
  out.Append(body);
  pad(out, margin - left);
  return out;
}

Result<Text> FormatNumber(const Spec& spec, const Value& value) {
  bool integral =
      std::string_view("dixXobn").find(spec.type) != std::string_view::npos && spec.type != 0;
  std::string digits;
  bool negative = false;
  if (integral || (spec.type == 0 && (value.is_integral() || value.is_unsigned()))) {
    int64_t number = value.is_integral() ? value.AsInt() : 0;
    negative = number < 0;
    uint64_t magnitude = value.is_unsigned() ? value.unsigned_value()
                         : negative          ? ~static_cast<uint64_t>(number) + 1
                                             : static_cast<uint64_t>(number);
    digits = TRY(IntegerDigits(spec, magnitude));
  } else {
    double number = TRY(Number(value, spec.type));
    negative = number < 0;
    digits = FloatDigits(spec, (negative ? -number : number) * (spec.type == '%' ? 100 : 1));
  }
  if (spec.grouping != 0) {
    digits = Grouped(digits, spec.grouping, 3);
  }
  std::string sign = negative ? "-" : spec.sign == '-' ? "" : std::string(1, spec.sign);
  Spec padding = spec;
  if (spec.zero && spec.align == 0) {
    padding.fill = "0";
    padding.align = '=';
  }
  return Padded(padding, Text(sign, Origin::kTemplate), Text(digits, Origin::kTemplate), '>');
}

Text Truncated(const Text& text, int64_t characters) {
  return characters < 0 ? text
                        : text.Slice(0, ByteOffset(text.bytes(), static_cast<size_t>(characters)));
}

// Digits at `at`, at most kWidthMax.
Result<int64_t> ReadCount(std::string_view format, size_t& at) {
  int64_t count = 0;
  while (at < format.size() && IsDigit(static_cast<unsigned char>(format[at]))) {
    count = count * 10 + (format[at++] - '0');
    if (count > kWidthMax) {
      return base::InvalidArgument("the width or precision of a format is too large");
    }
  }
  return count;
}

// Hands out the arguments of `%`.
class PercentArguments {
 public:
  explicit PercentArguments(const Value& arguments) : arguments_(arguments) {}

  Result<Value> Next() {
    if (!arguments_.is_tuple()) {
      return used_++ == 0 ? Result<Value>(arguments_) : NotEnough();
    }
    return used_ < arguments_.items().size() ? Result<Value>(arguments_.items()[used_++])
                                             : NotEnough();
  }
  Result<Value> Named(std::string_view name) {
    const Value* value = arguments_.is_dict() ? arguments_.dict().Find(name) : nullptr;
    if (value == nullptr) {
      return base::InvalidArgument(fmt::format("the format has no argument '{}'", name));
    }
    return *value;
  }
  // Values that can be asked for an item count as mappings, which need not be used up.
  bool AllUsed() const {
    if (arguments_.is_tuple()) {
      return used_ >= arguments_.items().size();
    }
    const bool range =
        arguments_.is_sequence() && arguments_.sequence()->kind == SequenceKind::kRange;
    return used_ > 0 || arguments_.is_dict() || arguments_.is_list() || range ||
           arguments_.is_undefined();
  }

 private:
  static base::Error NotEnough() {
    return base::InvalidArgument("not enough arguments for format string");
  }

  const Value& arguments_;
  size_t used_ = 0;
};

Result<Text> ConvertPercent(Runtime& runtime, Spec spec, const Value& value, bool markup) {
  switch (spec.type) {
    case 's':
    case 'r':
    case 'a': {
      Text text = TRY(ToText(runtime, value));
      if (spec.type != 's' && value.is_string()) {
        text = Text(QuotedLikePython(value.bytes()), Origin::kData);
      }
      text = markup && !value.is_markup() ? EscapedHtml(text) : text;
      return Padded(spec, {}, Truncated(text, spec.precision), '>');
    }
    case 'c': {
      if (value.is_string() && CodePointCount(value.bytes()) == 1) {
        return Padded(spec, {}, value.text(), '>');
      }
      if (!value.is_int() || value.int_value() < 0 || value.int_value() > 0x10FFFF) {
        return base::InvalidArgument("%c requires int or char");
      }
      std::string character;
      base::AppendUtf8(static_cast<char32_t>(value.int_value()), character);
      return Padded(spec, {}, Text(character, Origin::kData), '>');
    }
    case 'u':
    case 'd':
    case 'i':
    case 'x':
    case 'X':
    case 'o': {
      double number = TRY(Number(value, spec.type));
      spec.type = spec.type == 'u' || spec.type == 'i' ? 'd' : spec.type;
      if (value.is_float() && (number < -9.2e18 || number > 9.2e18 || number != number)) {
        return base::InvalidArgument("the number leaves 64 bits");
      }
      return FormatNumber(spec,
                          value.is_float() ? Value::Int(static_cast<int64_t>(number)) : value);
    }
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G':
      return FormatNumber(spec, value);
    default:
      return base::InvalidArgument(fmt::format("unsupported format character '{}'", spec.type));
  }
}

// Reads one conversion after its '%' and consumes its argument.
Result<Text> ReadPercent(Runtime& runtime, std::string_view format, size_t& at,
                         PercentArguments& arguments, bool markup) {
  Spec spec;
  std::optional<std::string_view> name;
  if (at < format.size() && format[at] == '(') {
    size_t close = format.find(')', at);
    if (close == std::string_view::npos) {
      return base::InvalidArgument("incomplete format key");
    }
    name = format.substr(at + 1, close - at - 1);
    at = close + 1;
  }
  for (; at < format.size() && std::string_view("-+ #0").find(format[at]) != std::string_view::npos;
       ++at) {
    switch (format[at]) {
      case '-':
        spec.align = '<';
        break;
      case '0':
        spec.zero = true;
        break;
      case '#':
        spec.alternate = true;
        break;
      default:
        spec.sign = spec.sign == '+' ? '+' : format[at];
    }
  }
  spec.width = TRY(ReadCount(format, at));
  if (at < format.size() && format[at] == '.') {
    ++at;
    spec.precision = TRY(ReadCount(format, at));
  }
  while (at < format.size() && std::string_view("hlL").find(format[at]) != std::string_view::npos) {
    ++at;
  }
  if (at >= format.size()) {
    return base::InvalidArgument("incomplete format");
  }
  spec.type = format[at++];
  Value value = TRY(name.has_value() ? arguments.Named(*name) : arguments.Next());
  return ConvertPercent(runtime, spec, value, markup);
}

}  // namespace

Result<Value> FormatPercent(Runtime& runtime, const Value& format, const Value& values) {
  std::string_view bytes = format.bytes();
  TRY(runtime.budget().ChargeCharacters(bytes.size()));
  PercentArguments arguments(values);
  Text out;
  size_t at = 0;
  while (at < bytes.size()) {
    size_t percent = std::min(bytes.find('%', at), bytes.size());
    out.Append(format.text().Slice(at, percent));
    at = percent + 1;
    if (percent == bytes.size()) {
      break;
    }
    if (at < bytes.size() && bytes[at] == '%') {
      out.Append(format.text().Slice(percent, at));
      ++at;
      continue;
    }
    Text converted = TRY(ReadPercent(runtime, bytes, at, arguments, format.is_markup()));
    TRY(runtime.budget().ChargeText(converted.size()));
    TRY(runtime.budget().LimitText(out.size()));
    out.Append(converted);
  }
  if (!arguments.AllUsed()) {
    return base::InvalidArgument("not all arguments converted during string formatting");
  }
  return MakeText(runtime, std::move(out), format.is_markup());
}

namespace {

// Parses the part after the colon of a replacement field.
Result<Spec> ReadSpec(std::string_view format) {
  Spec spec;
  size_t at = 0;
  auto is_align = [](char c) { return c == '<' || c == '>' || c == '^' || c == '='; };
  size_t first = format.empty() ? 0 : base::DecodeUtf8(format).length;
  if (first > 0 && first < format.size() && is_align(format[first])) {
    spec.fill = format.substr(0, first);
    spec.align = format[first];
    at = first + 1;
  } else if (!format.empty() && is_align(format[0])) {
    spec.align = format[at++];
  }
  auto take = [&](std::string_view set) -> char {
    return at < format.size() && set.find(format[at]) != std::string_view::npos ? format[at++]
                                                                                : '\0';
  };
  if (char sign = take("+- ")) {
    spec.sign = sign;
  }
  spec.alternate = take("#") != 0;
  spec.zero = take("0") != 0;
  spec.width = TRY(ReadCount(format, at));
  spec.grouping = take(",_");
  if (take(".") != 0) {
    spec.precision = TRY(ReadCount(format, at));
  }
  spec.type = take("sdxXobfFeEgG%n");
  if (at != format.size()) {
    return base::InvalidArgument("invalid format specifier");
  }
  return spec;
}

Result<Text> FormatValue(Runtime& runtime, const Value& value, std::string_view format) {
  Spec spec = TRY(ReadSpec(format));
  if (value.is_number() && spec.type != 's' && !(value.is_bool() && format.empty())) {
    if (value.is_float() && spec.type == 0 && spec.precision >= 0) {
      spec.type = 'g';
    }
    if (value.is_float() && std::string_view("dxXobn").find(spec.type) != std::string_view::npos &&
        spec.type != 0) {
      return base::InvalidArgument("this format needs an integer, not 'float'");
    }
    return FormatNumber(spec, value);
  }
  if (spec.type != 0 && spec.type != 's') {
    return base::InvalidArgument(
        fmt::format("format '{}' does not fit '{}'", spec.type, value.TypeName()));
  }
  Text text = TRY(ToText(runtime, value));
  return Padded(spec, {}, Truncated(text, spec.precision), '<');
}

// Resolves "0", "name", "name.attribute[key]" or, when empty, the next positional argument.
Result<Value> LookUpField(Runtime& runtime, std::string_view field, const Arguments& arguments,
                          size_t& next) {
  size_t end = std::min(field.find_first_of(".["), field.size());
  std::string_view first = field.substr(0, end);
  std::optional<Value> value;
  if (first.empty() ||
      std::all_of(first.begin(), first.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    size_t digits_end = 0;
    size_t index = first.empty() ? next++ : static_cast<size_t>(TRY(ReadCount(first, digits_end)));
    if (index < arguments.positional.size()) {
      value = arguments.positional[index];
    }
  } else {
    for (const auto& [name, named] : arguments.named) {
      value = name == first ? named : value;
    }
  }
  if (!value.has_value()) {
    return base::InvalidArgument("a replacement field has no argument");
  }
  while (end < field.size()) {
    bool attribute = field[end] == '.';
    size_t stop = attribute ? std::min(field.find_first_of(".[", end + 1), field.size())
                            : field.find(']', end);
    if (stop == std::string_view::npos) {
      return base::InvalidArgument("expected ']' in a replacement field");
    }
    std::string name(field.substr(end + 1, stop - end - 1));
    size_t digits_end = 0;
    int64_t index = attribute ? 0 : TRY(ReadCount(name, digits_end));
    bool numeric = !attribute && !name.empty() && digits_end == name.size();
    value = attribute
                ? TRY(GetAttribute(runtime, *value, name))
                : TRY(GetItem(runtime, *value, numeric ? Value::Int(index) : Value::Literal(name)));
    end = attribute ? stop : stop + 1;
  }
  return *value;
}

Result<Text> ReplaceField(Runtime& runtime, std::string_view field, const Arguments& arguments,
                          size_t& next) {
  size_t colon = std::min(field.find(':'), field.size());
  std::string_view name = field.substr(0, colon);
  std::string_view spec = colon == field.size() ? "" : field.substr(colon + 1);
  char conversion = 0;
  if (name.size() >= 2 && name[name.size() - 2] == '!') {
    conversion = name.back();
    name.remove_suffix(2);
  }
  Value value = TRY(LookUpField(runtime, name, arguments, next));
  if (conversion == 'r' && value.is_string()) {
    value = Value::Data(QuotedLikePython(value.bytes()));
  } else if (conversion != 0) {
    value = Value::FromText(TRY(ToText(runtime, value)));
  }
  return FormatValue(runtime, value, spec);
}

}  // namespace

Result<Value> FormatBraces(Runtime& runtime, const Value& format, const Arguments& arguments) {
  std::string_view bytes = format.bytes();
  TRY(runtime.budget().ChargeCharacters(bytes.size()));
  Text out;
  size_t at = 0;
  size_t next = 0;
  while (at < bytes.size()) {
    size_t brace = std::min(bytes.find_first_of("{}", at), bytes.size());
    out.Append(format.text().Slice(at, brace));
    if (brace == bytes.size()) {
      break;
    }
    if (brace + 1 < bytes.size() && bytes[brace + 1] == bytes[brace]) {
      out.Append(format.text().Slice(brace, brace + 1));
      at = brace + 2;
      continue;
    }
    size_t close = bytes.find('}', brace);
    if (bytes[brace] == '}' || close == std::string_view::npos) {
      return base::InvalidArgument("a brace in the format string has no partner");
    }
    Text replaced =
        TRY(ReplaceField(runtime, bytes.substr(brace + 1, close - brace - 1), arguments, next));
    TRY(runtime.budget().ChargeText(replaced.size()));
    TRY(runtime.budget().LimitText(out.size()));
    out.Append(format.is_markup() ? EscapedHtml(replaced) : replaced);
    at = close + 1;
  }
  return MakeText(runtime, std::move(out), format.is_markup());
}

}  // namespace millrace::chat_template
