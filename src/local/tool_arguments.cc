#include "local/tool_arguments.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

#include "local/tagged_arguments.h"

namespace millrace::local {
namespace {

using grammar::Expression;
using grammar::JsonSchema;
using output_parser::CallForm;

constexpr std::string_view kNoArguments =
    R"({"type":"object","properties":{},"additionalProperties":false})";
// Schemas may describe more than objects; arguments are objects.
constexpr std::string_view kObjectOf =
    R"({"allOf":[{"type":"object"},{"$ref":"tool:parameters"}]})";

base::Result<std::shared_ptr<const JsonSchema>> CompileParameters(
    const chat::ToolSpec& tool, const grammar::SchemaOptions& schema_options) {
  grammar::SchemaOptions options = schema_options;
  if (tool.parameters_json.empty()) {
    return JsonSchema::Compile(kNoArguments, options);
  }
  options.documents.emplace_back("tool:parameters", tool.parameters_json);
  return JsonSchema::Compile(kObjectOf, options);
}

base::Result<Expression> JsonArguments(const chat::ToolSpec& tool, bool forced,
                                       const grammar::SchemaOptions& schema_options) {
  if (!tool.strict && !forced) {
    return Expression::Json(JsonSchema::AnyObject(schema_options));
  }
  auto schema = CompileParameters(tool, schema_options);
  if (schema.has_value()) {
    return Expression::Json(*std::move(schema));
  }
  if (tool.strict || schema.error().kind == base::ErrorKind::kCancelled) {
    return std::move(schema).error();
  }
  return Expression::Json(JsonSchema::AnyObject(schema_options));
}

}  // namespace

base::Result<Expression> ToolArguments(const CallToWrite& call) {
  auto arguments = call.form.arguments == CallForm::Arguments::kTagged
                       ? TaggedArguments(call)
                       : JsonArguments(call.tool, call.forced, call.schema_options);
  if (!arguments.has_value()) {
    return AtField(fmt::format("tools.{}.function.parameters", call.tool.position),
                   std::move(arguments).error());
  }
  return arguments;
}

base::Error AtField(std::string_view field, base::Error error) {
  if (error.kind == base::ErrorKind::kCancelled) {
    return error;
  }
  return base::InvalidArgument(fmt::format("{}: {}", field, error.message), std::string(field));
}

}  // namespace millrace::local
