#include "json/json.h"

#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <new>
#include <optional>
#include <utility>

namespace millrace::json {
namespace {

using boost::json::error_code;
using BoostView = boost::json::string_view;

// Builds the value from the parser's events. Boost.JSON 1.81's own conversion of decimal fractions
// can be off in the last place, so numbers are converted again from their text, exactly.
class ValueBuilder {
 public:
  // NOLINTBEGIN(readability-identifier-naming): the names that Boost.JSON asks of a handler
  static constexpr size_t max_object_size = boost::json::object::max_size();
  static constexpr size_t max_array_size = boost::json::array::max_size();
  static constexpr size_t max_key_size = boost::json::string::max_size();
  static constexpr size_t max_string_size = boost::json::string::max_size();
  // NOLINTEND(readability-identifier-naming)

  boost::json::value Release() { return stack_.release(); }
  void Reset() { stack_.reset(); }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(size_t count, error_code&) {
    stack_.push_object(count);
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(size_t count, error_code&) {
    stack_.push_array(count);
    return true;
  }
  bool on_key_part(BoostView text, size_t, error_code&) {
    stack_.push_chars(text);
    return true;
  }
  bool on_key(BoostView text, size_t, error_code&) {
    stack_.push_key(text);
    return true;
  }
  bool on_string_part(BoostView text, size_t, error_code&) {
    stack_.push_chars(text);
    return true;
  }
  bool on_string(BoostView text, size_t, error_code&) {
    stack_.push_string(text);
    return true;
  }
  bool on_number_part(BoostView text, error_code&) {
    number_.append(text.data(), text.size());
    return true;
  }
  bool on_int64(int64_t number, BoostView, error_code&) {
    number_.clear();
    stack_.push_int64(number);
    return true;
  }
  bool on_uint64(uint64_t number, BoostView, error_code&) {
    number_.clear();
    stack_.push_uint64(number);
    return true;
  }
  bool on_double(double approximate, BoostView text, error_code& ec) {
    number_.append(text.data(), text.size());
    double exact = approximate;
    const auto [end, status] =
        std::from_chars(number_.data(), number_.data() + number_.size(), exact);
    number_.clear();
    if (status == std::errc::result_out_of_range) {
      // Too small is zero for every purpose; too large has no value.
      if (std::fabs(approximate) > 1) {
        ec = boost::json::error::exponent_overflow;
        return false;
      }
      exact = 0;
    }
    stack_.push_double(exact);
    return true;
  }
  bool on_bool(bool flag, error_code&) {
    stack_.push_bool(flag);
    return true;
  }
  bool on_null(error_code&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(BoostView, error_code&) { return true; }
  bool on_comment(BoostView, error_code&) { return true; }

 private:
  boost::json::value_stack stack_;
  std::string number_;
};

// The four hexadecimal digits of a \u escape at `text[at]`, or nothing.
std::optional<unsigned> HexUnit(std::string_view text, size_t at) {
  unsigned unit = 0;
  if (at + 4 > text.size()) {
    return std::nullopt;
  }
  const auto [end, status] = std::from_chars(text.data() + at, text.data() + at + 4, unit, 16);
  if (status != std::errc() || end != text.data() + at + 4) {
    return std::nullopt;
  }
  return unit;
}

bool IsLead(unsigned unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool IsTrail(unsigned unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

// Rewrites escaped surrogates without a partner as \ufffd, which Boost.JSON would refuse. The
// length stays, so offsets in messages stay true. Returns nothing when there is none: the usual
// case costs one search for backslashes.
std::optional<std::string> ReplaceLoneSurrogates(std::string_view text) {
  std::optional<std::string> rewritten;
  size_t at = text.find('\\');
  while (at != std::string_view::npos && at + 1 < text.size()) {
    size_t length = 2;
    const std::optional<unsigned> unit =
        text[at + 1] == 'u' ? HexUnit(text, at + 2) : std::optional<unsigned>();
    if (unit) {
      length = 6;
      const bool next_escape = text.substr(at + 6, 2) == "\\u";
      const std::optional<unsigned> next =
          next_escape ? HexUnit(text, at + 8) : std::optional<unsigned>();
      if (IsLead(*unit) && next && IsTrail(*next)) {
        length = 12;
      } else if (IsLead(*unit) || IsTrail(*unit)) {
        if (!rewritten) {
          rewritten = std::string(text);
        }
        rewritten->replace(at, 6, "\\ufffd");
      }
    }
    at = text.find('\\', at + length);
  }
  return rewritten;
}

base::Error Refuse(size_t offset, std::string_view problem) {
  return base::InvalidArgument(fmt::format("not valid JSON at byte {}: {}", offset, problem));
}

std::string_view SkipByteOrderMark(std::string_view text) {
  return text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
}

base::Result<boost::json::value> ParseClean(std::string_view text, size_t depth_max,
                                            size_t base_offset) {
  boost::json::parse_options options;
  options.max_depth = depth_max;
  boost::json::basic_parser<ValueBuilder> parser(options);
  parser.handler().Reset();
  error_code ec;
  const size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (ec) {
    return Refuse(base_offset + used, ec.message());
  }
  if (used < text.size()) {
    return Refuse(base_offset + used, "text after the value");
  }
  return parser.handler().Release();
}

void AppendDouble(double number, std::string& out) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  const size_t start = out.size();
  fmt::format_to(std::back_inserter(out), "{}", number);
  // A whole double keeps a fraction, so that it reads back as the same type.
  if (out.find_first_of(".e", start) == std::string::npos) {
    out += ".0";
  }
}

void AppendValue(const boost::json::value& value, std::string& out);

void AppendArray(const boost::json::array& array, std::string& out) {
  out += '[';
  bool first = true;
  for (const boost::json::value& item : array) {
    if (!std::exchange(first, false)) {
      out += ',';
    }
    AppendValue(item, out);
  }
  out += ']';
}

void AppendObject(const boost::json::object& object, std::string& out) {
  out += '{';
  bool first = true;
  for (const auto& field : object) {
    if (!std::exchange(first, false)) {
      out += ',';
    }
    const BoostView key = field.key();
    AppendQuoted({key.data(), key.size()}, out);
    out += ':';
    AppendValue(field.value(), out);
  }
  out += '}';
}

// Recursion is bounded by the depth of the value: Parse's limit, or what our own code builds.
void AppendValue(const boost::json::value& value, std::string& out) {
  switch (value.kind()) {
    case boost::json::kind::null:
      out += "null";
      break;
    case boost::json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      break;
    case boost::json::kind::int64:
      fmt::format_to(std::back_inserter(out), "{}", value.get_int64());
      break;
    case boost::json::kind::uint64:
      fmt::format_to(std::back_inserter(out), "{}", value.get_uint64());
      break;
    case boost::json::kind::double_:
      AppendDouble(value.get_double(), out);
      break;
    case boost::json::kind::string:
      AppendQuoted({value.get_string().data(), value.get_string().size()}, out);
      break;
    case boost::json::kind::array:
      AppendArray(value.get_array(), out);
      break;
    case boost::json::kind::object:
      AppendObject(value.get_object(), out);
      break;
  }
}

// The escape JSON demands for `c`; empty when it stands for itself.
std::string_view ShortEscape(char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return {};
  }
}

}  // namespace

base::Result<boost::json::value> Parse(std::string_view text, const ParseLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return base::InvalidArgument(
        fmt::format("JSON text of {} bytes, at most {}", text.size(), limits.bytes_max));
  }
  const std::string_view body = SkipByteOrderMark(text);
  try {
    const std::optional<std::string> rewritten = ReplaceLoneSurrogates(body);
    return ParseClean(rewritten ? std::string_view(*rewritten) : body, limits.depth_max,
                      text.size() - body.size());
  } catch (const std::bad_alloc&) {
    return base::Error{base::ErrorKind::kResourceExhausted, "not enough memory for the JSON text"};
  } catch (const std::exception& error) {
    return base::InvalidArgument(fmt::format("not valid JSON: {}", error.what()));
  }
}

std::string Serialize(const boost::json::value& value) {
  std::string out;
  AppendValue(value, out);
  return out;
}

void AppendQuoted(std::string_view text, std::string& out) {
  out += '"';
  size_t plain = 0;  // start of the bytes not yet copied
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') {
      continue;
    }
    out.append(text.substr(plain, i - plain));
    plain = i + 1;
    const std::string_view escape = ShortEscape(c);
    if (escape.empty()) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out.append(escape);
    }
  }
  out.append(text.substr(plain));
  out += '"';
}

}  // namespace millrace::json
