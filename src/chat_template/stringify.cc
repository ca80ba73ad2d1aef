#include "chat_template/stringify.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/utf8.h"
#include "chat_template/unicode.h"

namespace millrace::chat_template {

namespace {

// Deeper values only come about through namespaces that hold themselves.
constexpr int kDepthMax = 400;

bool Printable(char32_t c) {
  if (c < 0x20 || (c >= 0x7F && c <= 0xA0) || c == 0xAD) {
    return false;
  }
  return !(IsSpace(c) && c != ' ') && !(c >= 0x200B && c <= 0x200F) &&
         !(c >= 0x202A && c <= 0x202E) && !(c >= 0x2060 && c <= 0x206F) && c != 0xFEFF &&
         !(c >= 0xE000 && c <= 0xF8FF) && !(c >= 0xFFF0 && c <= 0xFFFB) && c < 0xE0000;
}

void AppendEscape(char32_t c, std::string& out) {
  if (c == '\n') {
    out += "\\n";
  } else if (c == '\r') {
    out += "\\r";
  } else if (c == '\t') {
    out += "\\t";
  } else if (c < 0x100) {
    out += fmt::format("\\x{:02x}", static_cast<uint32_t>(c));
  } else if (c < 0x10000) {
    out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
  } else {
    out += fmt::format("\\U{:08x}", static_cast<uint32_t>(c));
  }
}

// Writes repr() of nested values.
class ReprWriter {
 public:
  explicit ReprWriter(Runtime& runtime) : runtime_(runtime) {}

  base::Status Write(const Value& value) {
    TRY(runtime_.budget().Charge(1));
    if (++depth_ > kDepthMax) {
      return base::InvalidArgument("the value is nested too deeply to print");
    }
    if (value.is_string()) {
      TRY(WriteString(value.text(), value.is_markup()));
    } else if (value.is_sequence()) {
      TRY(WriteSequence(*value.sequence()));
    } else if (value.is_dict()) {
      TRY(WriteDict(value.dict()));
    } else if (value.is_object()) {
      TRY(WriteObject(*value.object()));
    } else {
      WriteScalar(value);
    }
    --depth_;
    return {};
  }

  Text Take() { return std::move(out_); }

 private:
  void Raw(std::string_view text) { out_.Append(text, Origin::kData); }

  void WriteScalar(const Value& value) {
    if (value.is_undefined()) {
      Raw("Undefined");
    } else if (value.is_none()) {
      Raw("None");
    } else if (value.is_bool()) {
      Raw(value.bool_value() ? "True" : "False");
    } else if (value.is_int()) {
      Raw(std::to_string(value.int_value()));
    } else if (value.is_unsigned()) {
      Raw(std::to_string(value.unsigned_value()));
    } else {
      Raw(FloatText(value.float_value()));
    }
  }

  base::Status WriteString(const Text& text, bool markup) {
    TRY(runtime_.budget().ChargeCharacters(text.size()));
    TRY(runtime_.budget().LimitText(out_.size()));
    Raw(markup ? "Markup(" : "");
    bool double_quotes =
        text.bytes().find('\'') != std::string::npos && text.bytes().find('"') == std::string::npos;
    std::string quoted = QuotedLikePython(text.bytes());
    if (text.uniform() && !text.empty()) {
      out_.Append(quoted, text.OriginAt(0));
    } else {
      Raw(double_quotes ? "\"" : "'");
      text.ForEachRun([&](std::string_view bytes, Origin origin) {
        // The quote is chosen by the whole text, so each run is escaped for it.
        std::string run = QuotedLikePython(std::string(bytes) + (double_quotes ? "'" : ""));
        out_.Append(std::string_view(run).substr(1, run.size() - (double_quotes ? 3 : 2)), origin);
      });
      Raw(double_quotes ? "\"" : "'");
    }
    Raw(markup ? ")" : "");
    return {};
  }

  base::Status WriteItems(const std::vector<Value>& items) {
    for (size_t i = 0; i < items.size(); ++i) {
      Raw(i == 0 ? "" : ", ");
      TRY(Write(items[i]));
    }
    return {};
  }

  base::Status WriteSequence(const Sequence& sequence) {
    switch (sequence.kind) {
      case SequenceKind::kList:
        Raw("[");
        TRY(WriteItems(sequence.items));
        Raw("]");
        return {};
      case SequenceKind::kTuple:
      case SequenceKind::kGroup:
        Raw("(");
        TRY(WriteItems(sequence.items));
        Raw(sequence.items.size() == 1 ? ",)" : ")");
        return {};
      case SequenceKind::kRange:
        Raw(sequence.range_text);
        return {};
      case SequenceKind::kKeysView:
      case SequenceKind::kValuesView:
      case SequenceKind::kItemsView:
        Raw(sequence.kind == SequenceKind::kKeysView     ? "dict_keys(["
            : sequence.kind == SequenceKind::kValuesView ? "dict_values(["
                                                         : "dict_items([");
        TRY(WriteItems(sequence.items));
        Raw("])");
        return {};
    }
    std::unreachable();
  }

  base::Status WriteDict(const Dict& dict) {
    Raw("{");
    bool first = true;
    for (const auto& [key, value] : dict.entries()) {
      Raw(first ? "" : ", ");
      first = false;
      TRY(Write(key));
      Raw(": ");
      TRY(Write(value));
    }
    Raw("}");
    return {};
  }

  base::Status WriteObject(Object& object) {
    switch (object.kind) {
      case ObjectKind::kNamespace: {
        Raw("<Namespace {");
        bool first = true;
        for (const auto& [name, value] : static_cast<const Namespace&>(object).attributes) {
          Raw((first ? "" : ", ") + QuotedLikePython(name) + ": ");
          first = false;
          TRY(Write(value));
        }
        Raw("}>");
        return {};
      }
      case ObjectKind::kMacro:
        Raw("<Macro>");
        return {};
      case ObjectKind::kLoop: {
        const Value index = TRY(runtime_.LoopAttribute(object, "index"));
        const Value length = TRY(runtime_.LoopAttribute(object, "length"));
        Raw(fmt::format("<LoopContext {}/{}>", index.int_value(), length.int_value()));
        return {};
      }
      case ObjectKind::kGenerator:
        Raw("<generator object>");
        return {};
      case ObjectKind::kBoundMethod:
        Raw("<built-in method " + static_cast<const BoundMethod&>(object).name + ">");
        return {};
      case ObjectKind::kFunction:
        Raw("<function>");
        return {};
    }
    std::unreachable();
  }

  Runtime& runtime_;
  Text out_;
  int depth_ = 0;
};

// Writes JSON.
class JsonWriter {
 public:
  JsonWriter(Runtime& runtime, const JsonStyle& style) : runtime_(runtime), style_(style) {}

  base::Status Write(const Value& value) {
    TRY(runtime_.budget().Charge(1));
    if (value.is_none()) {
      Raw("null");
    } else if (value.is_number()) {
      Raw(NumberText(value));
    } else if (value.is_string()) {
      return WriteString(value.text());
    } else if (value.is_list() || value.is_tuple()) {
      return WriteArray(value.items());
    } else if (value.is_dict()) {
      return WriteObject(value.dict());
    } else {
      return base::InvalidArgument(
          fmt::format("Object of type {} is not JSON serializable", value.TypeName()));
    }
    return {};
  }

  Text Take() { return std::move(out_); }

 private:
  void Raw(std::string_view text) { out_.Append(text, Origin::kData); }

  static std::string NumberText(const Value& value) {
    if (value.is_bool()) {
      return value.bool_value() ? "true" : "false";
    }
    if (value.is_int()) {
      return std::to_string(value.int_value());
    }
    if (value.is_unsigned()) {
      return std::to_string(value.unsigned_value());
    }
    double number = value.float_value();
    if (std::isnan(number)) {
      return "NaN";
    }
    if (std::isinf(number)) {
      return number > 0 ? "Infinity" : "-Infinity";
    }
    return FloatText(number);
  }

  base::Status WriteString(const Text& text) {
    TRY(runtime_.budget().ChargeCharacters(text.size()));
    TRY(runtime_.budget().LimitText(out_.size()));
    Raw("\"");
    text.ForEachRun([&](std::string_view bytes, Origin origin) {
      std::string escaped;
      Escape(bytes, escaped);
      out_.Append(escaped, origin);
    });
    Raw("\"");
    return {};
  }

  static void AppendUnit(uint32_t unit, std::string& out) { out += fmt::format("\\u{:04x}", unit); }

  void Escape(std::string_view bytes, std::string& out) const {
    while (!bytes.empty()) {
      auto byte = static_cast<unsigned char>(bytes[0]);
      base::Utf8Char c{byte, 1, true};
      if (byte >= 0x80 && style_.ensure_ascii) {
        c = base::DecodeUtf8(bytes);
      }
      EscapeOne(c.code_point, bytes.substr(0, c.length), out);
      bytes.remove_prefix(c.length);
    }
  }

  void EscapeOne(char32_t c, std::string_view bytes, std::string& out) const {
    constexpr std::string_view kShort = "\"\\\n\r\t\f\b";
    constexpr std::string_view kLetters = "\"\\nrtfb";
    size_t found = c < 0x80 ? kShort.find(static_cast<char>(c)) : std::string_view::npos;
    if (found != std::string_view::npos) {
      out += '\\';
      out += kLetters[found];
    } else if (c >= 0x20 && (!style_.ensure_ascii || c < 0x7F)) {
      out += bytes;
    } else if (c < 0x10000) {
      AppendUnit(c, out);
    } else {
      AppendUnit(0xD800 + ((c - 0x10000) >> 10U), out);
      AppendUnit(0xDC00 + ((c - 0x10000) & 0x3FFU), out);
    }
  }

  void NewLine() {
    if (style_.indent.has_value()) {
      std::string line = "\n";
      for (int i = 0; i < level_; ++i) {
        line += *style_.indent;
      }
      Raw(line);
    }
  }

  base::Status WriteArray(const std::vector<Value>& items) {
    if (items.empty()) {
      Raw("[]");
      return {};
    }
    Raw("[");
    ++level_;
    for (size_t i = 0; i < items.size(); ++i) {
      Raw(i == 0 ? "" : style_.item_separator);
      NewLine();
      TRY(Write(items[i]));
    }
    --level_;
    NewLine();
    Raw("]");
    return {};
  }

  static base::Result<Text> KeyText(const Value& key) {
    if (key.is_string()) {
      return key.text();
    }
    if (key.is_none()) {
      return Text("null", Origin::kData);
    }
    return Text(NumberText(key), Origin::kData);
  }

  base::Status WriteObject(const Dict& dict) {
    if (dict.size() == 0) {
      Raw("{}");
      return {};
    }
    std::vector<const Dict::Entry*> entries;
    for (const Dict::Entry& entry : dict.entries()) {
      entries.push_back(&entry);
    }
    if (style_.sort_keys) {
      TRY(runtime_.budget().ChargeItems(entries.size() * 8));
      if (!std::all_of(entries.begin(), entries.end(),
                       [](const auto* entry) { return entry->first.is_string(); })) {
        return base::InvalidArgument("only keys that are text can be sorted");
      }
      std::sort(entries.begin(), entries.end(),
                [](const auto* a, const auto* b) { return a->first.bytes() < b->first.bytes(); });
    }
    Raw("{");
    ++level_;
    for (size_t i = 0; i < entries.size(); ++i) {
      Raw(i == 0 ? "" : style_.item_separator);
      NewLine();
      Text key = TRY(KeyText(entries[i]->first));
      TRY(WriteString(key));
      Raw(style_.key_separator);
      TRY(Write(entries[i]->second));
    }
    --level_;
    NewLine();
    Raw("}");
    return {};
  }

  Runtime& runtime_;
  const JsonStyle& style_;
  Text out_;
  int level_ = 0;
};

}  // namespace

std::string QuotedLikePython(std::string_view text) {
  char quote = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos
                   ? '"'
                   : '\'';
  std::string out(1, quote);
  while (!text.empty()) {
    base::Utf8Char c = base::DecodeUtf8(text);
    if (c.valid && (c.code_point == static_cast<unsigned char>(quote) || c.code_point == '\\')) {
      out += '\\';
      out += static_cast<char>(c.code_point);
    } else if (c.valid && !Printable(c.code_point)) {
      AppendEscape(c.code_point, out);
    } else {
      out.append(text.substr(0, c.length));
    }
    text.remove_prefix(c.length);
  }
  out += quote;
  return out;
}

std::string FloatText(double value) {
  if (std::isnan(value)) {
    return "nan";
  }
  if (std::isinf(value)) {
    return value > 0 ? "inf" : "-inf";
  }
  char buffer[64];
  auto written =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  std::string scientific(buffer, written.ptr);
  size_t e = scientific.find('e');
  int exponent = std::atoi(scientific.c_str() + e + 1);
  if (exponent < -4 || exponent >= 16) {
    return scientific;  // both write at least two digits of the exponent
  }
  written = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
  std::string fixed(buffer, written.ptr);
  return fixed.find('.') == std::string::npos ? fixed + ".0" : fixed;
}

base::Result<Text> ToText(Runtime& runtime, const Value& value) {
  if (value.is_string()) {
    return value.text();
  }
  if (value.is_undefined()) {
    return Text();
  }
  ReprWriter writer(runtime);
  TRY(writer.Write(value));
  Text text = writer.Take();
  if (value.is_none() || value.is_number()) {
    return Text(text.bytes(), Origin::kTemplate);
  }
  return text;
}

base::Result<Text> ToJson(Runtime& runtime, const Value& value, const JsonStyle& style) {
  JsonWriter writer(runtime, style);
  TRY(writer.Write(value));
  return writer.Take();
}

}  // namespace millrace::chat_template
