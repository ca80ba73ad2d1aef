#include "output_parser/typed_arguments.h"

#include <fmt/format.h>

#include "json/json.h"
#include "output_parser/marks.h"

namespace millrace::output_parser {

namespace {

constexpr int kSchemaDepthMax = 4;
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

const boost::json::value* Member(const boost::json::value& value, std::string_view name) {
  const boost::json::object* object = value.if_object();
  return object != nullptr ? object->if_contains(name) : nullptr;
}

}  // namespace

void ArgumentWriter::AddNamedType(std::string_view name, Types& types) {
  if (name == "string" || name == "str" || name == "text") {
    types.string = true;
  } else if (name == "integer" || name == "number" || name == "int" || name == "float") {
    types.number = true;
  } else if (name == "boolean" || name == "bool") {
    types.boolean = true;
  } else if (name == "null") {
    types.null = true;
  } else if (name == "object" || name == "dict") {
    types.object = true;
  } else if (name == "array" || name == "list") {
    types.array = true;
  }
}

void ArgumentWriter::AddTypeOfValue(const boost::json::value& value, Types& types) {
  types.string = types.string || value.is_string();
  types.number = types.number || value.is_number();
  types.boolean = types.boolean || value.is_bool();
  types.null = types.null || value.is_null();
  types.object = types.object || value.is_object();
  types.array = types.array || value.is_array();
}

void ArgumentWriter::AddTypesOfSchema(const boost::json::value& schema, int depth, Types& types) {
  if (depth == 0) {
    return;
  }
  if (const boost::json::value* type = Member(schema, "type")) {
    if (type->is_string()) {
      AddNamedType(type->get_string(), types);
    } else if (type->is_array()) {
      for (const boost::json::value& one : type->get_array()) {
        AddNamedType(one.is_string() ? std::string_view(one.get_string()) : "", types);
      }
    }
    return;
  }
  if (const boost::json::value* values = Member(schema, "enum"); values && values->is_array()) {
    for (const boost::json::value& value : values->get_array()) {
      AddTypeOfValue(value, types);
    }
  }
  if (const boost::json::value* value = Member(schema, "const")) {
    AddTypeOfValue(*value, types);
  }
  for (std::string_view choice : {"anyOf", "oneOf"}) {
    const boost::json::value* options = Member(schema, choice);
    if (options != nullptr && options->is_array()) {
      for (const boost::json::value& option : options->get_array()) {
        AddTypesOfSchema(option, depth - 1, types);
      }
    }
  }
}

ArgumentWriter::Types ArgumentWriter::TypesOf(std::string_view key, CallSink& sink) {
  if (!schema_.has_value()) {
    base::Result<boost::json::value> schema =
        json::Parse(sink.ParametersJson(), {.bytes_max = kSchemaBytesMax});
    schema_ = schema.has_value() ? *std::move(schema) : boost::json::value();
  }
  Types types;
  const boost::json::value* properties = Member(*schema_, "properties");
  const boost::json::value* property = properties != nullptr ? Member(*properties, key) : nullptr;
  if (property != nullptr) {
    AddTypesOfSchema(*property, kSchemaDepthMax, types);
  }
  return types;
}

void ArgumentWriter::BeginArgument(std::string_view key, Kind kind, CallSink& sink) {
  EndArgument(sink);
  sink.AddArguments((any_ ? ", \"" : "{\"") + Escaped(key) + "\": ");
  any_ = true;
  open_ = true;
  kind_ = kind;
  types_ = kind == Kind::kBySchema ? TypesOf(key, sink) : Types();
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
    Types type;
    AddTypeOfValue(*value, type);
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
