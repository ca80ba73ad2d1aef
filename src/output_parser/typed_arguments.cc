#include "output_parser/typed_arguments.h"

#include <fmt/format.h>

#include "json/json.h"
#include "output_parser/marks.h"

namespace millrace::output_parser {

namespace {

constexpr size_t kSchemaBytesMax = 1U << 20;

// Escapes what may not stand in a JSON string. Bytes of longer characters pass, so text may be cut
// anywhere.
std::string Escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
          out += c;
        }
    }
  }
  return out;
}

}  // namespace

ArgumentTypes ArgumentWriter::TypesOf(std::string_view key, CallSink& sink) {
  if (!schema_.has_value()) {
    base::Result<boost::json::value> schema =
        json::Parse(sink.ParametersJson(), {.bytes_max = kSchemaBytesMax});
    schema_ = schema.has_value() ? *std::move(schema) : boost::json::value();
  }
  return TypesOfArgument(*schema_, key);
}

void ArgumentWriter::BeginArgument(std::string_view key, Kind kind, CallSink& sink) {
  EndArgument(sink);
  sink.AddArguments((any_ ? ", \"" : "{\"") + Escaped(key) + "\": ");
  any_ = true;
  open_ = true;
  kind_ = kind;
  types_ = kind == Kind::kBySchema ? TypesOf(key, sink) : ArgumentTypes();
  streams_ = kind == Kind::kText || types_.only_string();
  text_.clear();
  if (streams_) {
    sink.AddArguments("\"");
  }
}

void ArgumentWriter::AddText(std::string_view text, CallSink& sink) {
  if (streams_) {
    sink.AddArguments(Escaped(text));
  } else {
    text_ += text;
  }
}

void ArgumentWriter::EndArgument(CallSink& sink) {
  if (!open_) {
    return;
  }
  open_ = false;
  if (streams_) {
    sink.AddArguments("\"");
    return;
  }
  std::string_view candidate = Trimmed(text_);
  if (candidate == "True" || candidate == "False") {
    candidate = candidate == "True" ? "true" : "false";
  } else if (candidate == "None") {
    candidate = "null";
  }
  base::Result<boost::json::value> value = json::Parse(candidate);
  bool fits = false;
  if (value.has_value()) {
    ArgumentTypes type;
    type.AddTypeOf(*value);
    fits = types_.any() ? (type.number && types_.number) || (type.boolean && types_.boolean) ||
                              (type.null && types_.null) || (type.object && types_.object) ||
                              (type.array && types_.array)
                        : kind_ == Kind::kJson || !type.string;
  }
  sink.AddArguments(fits ? std::string(candidate) : "\"" + Escaped(text_) + "\"");
}

void ArgumentWriter::End(CallSink& sink) {
  EndArgument(sink);
  sink.AddArguments(any_ ? "}" : "{}");
}

}  // namespace millrace::output_parser
