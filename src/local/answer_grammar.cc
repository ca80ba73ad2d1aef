#include "local/answer_grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "local/tool_arguments.h"

namespace millrace::local {
namespace {

using grammar::Expression;
using output_parser::CallForm;
using output_parser::Syntax;

constexpr int32_t kCallsMax = 128;  // of one choice: a history may hold no more

bool WantsJson(const chat::ChatRequest& request) {
  return !std::holds_alternative<chat::TextFormat>(request.response_format);
}

base::Result<Expression> JsonAnswer(const chat::ChatRequest& request,
                                    const grammar::SchemaOptions& schema_options) {
  const auto* format = std::get_if<chat::JsonSchemaFormat>(&request.response_format);
  if (format == nullptr) {
    return Expression::Json(grammar::JsonSchema::AnyObject(schema_options));
  }
  auto schema = grammar::JsonSchema::Compile(format->schema_json, schema_options);
  if (!schema.has_value()) {
    return AtField("response_format.json_schema.schema", std::move(schema).error());
  }
  return Expression::Json(*std::move(schema));
}

base::Result<Expression> OneCall(const CallForm& form, const MarkWriter& writer,
                                 const chat::ToolSpec& tool, bool forced,
                                 const grammar::SchemaOptions& schema_options) {
  const Expression arguments = TRY(ToolArguments({form, writer, tool, forced, schema_options}));
  return Expression::Sequence(
      {writer.Write(fmt::format("{}{}{}", form.call_begin, tool.name, form.name_end)), arguments,
       writer.Write(form.call_end)});
}

// At least one call; the choice's tools decide which.
base::Result<Expression> Calls(const Syntax& syntax, const MarkWriter& writer,
                               const chat::ChatRequest& request,
                               const grammar::SchemaOptions& schema_options) {
  const auto* named = std::get_if<chat::ToolChoiceNamed>(&request.tool_choice);
  std::vector<Expression> choices;
  for (const chat::ToolSpec& tool : request.tools) {
    if (named == nullptr || named->name == tool.name) {
      choices.push_back(
          TRY(OneCall(syntax.form, writer, tool, chat::ForcesCall(request), schema_options)));
    }
  }
  const Expression call = Expression::OneOf(std::move(choices));
  const bool single = named != nullptr || !request.parallel_tool_calls;
  const Expression next = Expression::Sequence({writer.Write(syntax.form.between), call});
  return Expression::Sequence({writer.Write(syntax.form.begin), call,
                               Expression::Repeat(next, 0, single ? 0 : kCallsMax - 1),
                               writer.Write(syntax.form.end)});
}

// Text in which no call begins, then calls or nothing.
Expression TextThenCalls(const Syntax& syntax, const Expression& calls) {
  std::vector<std::string> stops = {std::string(syntax.call_open)};
  if (!syntax.section_open.empty()) {
    stops.emplace_back(syntax.section_open);
  }
  return Expression::Sequence(
      {Expression::FreeText(std::move(stops)), Expression::Optional(calls)});
}

// With what models write between their reasoning and the answer and behind it, and is no part of
// it: line ends, or the tags of a family that wraps its answers.
Expression Wrapped(const Syntax& syntax, const MarkWriter& writer, bool thinking,
                   Expression answer) {
  if (!syntax.answer_open.empty()) {
    const Expression open =
        writer.Write(fmt::format("{}{}\n", thinking ? "\n" : "", syntax.answer_open));
    const Expression close = writer.Write(fmt::format("\n{}", syntax.answer_close));
    return Expression::OneOf(
        {answer, Expression::Sequence({open, answer, Expression::Optional(close)})});
  }
  return thinking ? Expression::Sequence(
                        {Expression::Optional(Expression::Literal("\n\n")), std::move(answer)})
                  : answer;
}

}  // namespace

base::Result<std::shared_ptr<const grammar::Grammar>> MakeAnswerGrammar(
    const Syntax& syntax, const MarkWriter& writer, const chat::ChatRequest& request,
    const grammar::SchemaOptions& schema_options) {
  std::vector<Expression> forms;
  if (WantsJson(request) && !chat::ForcesCall(request)) {
    forms.push_back(TRY(JsonAnswer(request, schema_options)));
  }
  if (!request.tools.empty()) {
    Expression calls = TRY(Calls(syntax, writer, request, schema_options));
    forms.push_back(WantsJson(request) || chat::ForcesCall(request) ? calls
                                                                    : TextThenCalls(syntax, calls));
  }
  return grammar::Grammar::Compile(
      Wrapped(syntax, writer, request.enable_thinking, Expression::OneOf(std::move(forms))));
}

std::string AnswerGrammarKey(const Syntax& syntax, const chat::ChatRequest& request) {
  std::string key = fmt::format("{};{};{};", syntax.name, request.response_format.index(),
                                request.enable_thinking);
  const auto add = [&key](std::string_view text) {
    key += fmt::format("{}:{}", text.size(), text);
  };
  if (const auto* format = std::get_if<chat::JsonSchemaFormat>(&request.response_format)) {
    add(format->schema_json);
  }
  key += fmt::format("{};{};", request.tool_choice.index(), request.parallel_tool_calls);
  if (const auto* named = std::get_if<chat::ToolChoiceNamed>(&request.tool_choice)) {
    add(named->name);
  }
  for (const chat::ToolSpec& tool : request.tools) {
    add(tool.name);
    add(tool.parameters_json);
    key += tool.strict ? 's' : 'f';
  }
  return key;
}

}  // namespace millrace::local
