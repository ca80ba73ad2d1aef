#include "api/format_fields.h"

#include <array>
#include <string_view>

#include "api/name_pattern.h"

namespace millrace::api {
namespace {

using json::FieldReader;

constexpr std::array<std::string_view, 3> kTypes = {"text", "json_object", "json_schema"};

}  // namespace

WireResult<chat::ResponseFormat> ReadResponseFormat(const FieldReader& body,
                                                    const ReadContext& context) {
  const boost::json::object* format = TRY(body.OptionalObject("response_format"));
  if (format == nullptr) {
    return chat::ResponseFormat(chat::TextFormat{});
  }
  const FieldReader fields(*format, body.PathOf("response_format"));
  const std::string_view type = TRY(fields.RequiredEnum("type", kTypes));
  if (type == "text") {
    return chat::ResponseFormat(chat::TextFormat{});
  }
  if (type == "json_object") {
    return chat::ResponseFormat(chat::JsonObjectFormat{});
  }
  const boost::json::object* wrapper = TRY(fields.RequiredObject("json_schema"));
  const FieldReader schema_fields(*wrapper, fields.PathOf("json_schema"));
  chat::JsonSchemaFormat schema;
  schema.name = TRY(RequiredName(schema_fields, "name"));
  TRY(schema_fields.OptionalString("description"));
  schema.schema_json = json::Serialize(*TRY(schema_fields.RequiredObject("schema")));
  TRY(schema_fields.OptionalBool("strict"));
  if (schema.schema_json.size() > context.options.limits.schema_bytes_max) {
    return json::TooManyBytes(schema_fields.PathOf("schema"),
                              context.options.limits.schema_bytes_max);
  }
  return chat::ResponseFormat(std::move(schema));
}

}  // namespace millrace::api
