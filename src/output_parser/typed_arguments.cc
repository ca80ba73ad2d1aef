#include "output_parser/typed_arguments.h"

#include "json/json.h"
#include "output_parser/json_text.h"
#include "output_parser/loose_values.h"
#include "output_parser/marks.h"

namespace millrace::output_parser {

namespace {

constexpr size_t kSchemaBytesMax = 1U << 20;

// `text` as JSON, where it can be read as such.
std::optional<std::string> AsJson(std::string_view text, bool loosely) {
  if (text == "True" || text == "False" || text == "None") {
    return std::string(JsonWord(text));
  }
  if (json::Parse(text).has_value()) {
    return std::string(text);
  }
  if (!loosely) {
    return std::nullopt;
  }
  if (const std::string_view word = JsonWord(text); !word.empty()) {
    return std::string(word);
  }
  return text.starts_with('{') || text.starts_with('[') ? JsonOfPython(text) : JsonNumber(text);
}

bool Allows(const ArgumentTypes& types, const ArgumentTypes& type) {
  return (type.number && types.number) || (type.boolean && types.boolean) ||
         (type.null && types.null) || (type.object && types.object) || (type.array && types.array);
}

}  // namespace

const boost::json::value& ArgumentWriter::Schema(CallSink& sink) {
  if (!schema_.has_value()) {
    base::Result<boost::json::value> schema =
        json::Parse(sink.ParametersJson(), {.bytes_max = kSchemaBytesMax});
    schema_ = schema.has_value() ? *std::move(schema) : boost::json::value();
  }
  return *schema_;
}

bool ArgumentWriter::Declares(std::string_view key, CallSink& sink) {
  return DeclaresArgument(Schema(sink), key);
}

bool ArgumentWriter::DeclaresAny(CallSink& sink) { return DeclaresArguments(Schema(sink)); }

void ArgumentWriter::BeginArgument(std::string_view key, Kind kind, CallSink& sink) {
  EndArgument(sink);
  sink.AddArguments((any_ ? ", \"" : "{\"") + EscapedForJson(key) + "\": ");
  any_ = true;
  open_ = true;
  kind_ = kind;
  types_ = kind == Kind::kBySchema ? TypesOfArgument(Schema(sink), key) : ArgumentTypes();
  streams_ = kind == Kind::kText || types_.only_string();
  text_.clear();
  if (streams_) {
    sink.AddArguments("\"");
  }
}

void ArgumentWriter::AddText(std::string_view text, CallSink& sink) {
  if (streams_) {
    sink.AddArguments(EscapedForJson(text));
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
  sink.AddArguments(JsonValue().value_or("\"" + EscapedForJson(text_) + "\""));
}

// The argument's text as JSON of a type that it may have.
std::optional<std::string> ArgumentWriter::JsonValue() const {
  std::optional<std::string> found = AsJson(Trimmed(text_), json_expected());
  // Objects and lists may come written as a string.
  for (int quotes = 0; found.has_value() && quotes < 2; ++quotes) {
    const base::Result<boost::json::value> value = json::Parse(*found);
    if (!value.has_value()) {
      return std::nullopt;
    }
    ArgumentTypes type;
    type.AddTypeOf(*value);
    const bool typed = types_.any();
    if (typed ? Allows(types_, type) : kind_ == Kind::kJson || !type.string) {
      return found;
    }
    if (!typed || types_.string || !type.string) {
      return std::nullopt;
    }
    found = AsJson(std::string_view(value->get_string()), true);
  }
  return std::nullopt;
}

void ArgumentWriter::End(CallSink& sink) {
  EndArgument(sink);
  sink.AddArguments(any_ ? "}" : "{}");
}

}  // namespace millrace::output_parser
