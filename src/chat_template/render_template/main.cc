// Renders templates for the comparison with jinja2: reads lines {"template": text, "context": {…}}
// and answers each with {"output": text} or {"error": text}. `template` may be left out: the last
// one is used again.
#include <iostream>
#include <string>

#include "chat_template/interpreter.h"
#include "chat_template/json_value.h"
#include "chat_template/parser.h"
#include "json/json.h"

namespace millrace::chat_template {
namespace {

std::string Answer(std::string_view key, std::string_view text) {
  std::string line = "{\"" + std::string(key) + "\":";
  json::AppendQuoted(text, line);
  return line + "}";
}

std::string AnswerLine(const std::string& line, base::Result<Ast>& ast) {
  base::Result<Value> request = ValueFromJson(line);
  if (!request.has_value() || !request->is_dict()) {
    return Answer("error", "the line is no JSON object");
  }
  if (const Value* source = request->dict().Find("template")) {
    ast = Parse(source->bytes());
  }
  if (!ast.has_value()) {
    return Answer("error", ast.error().message);
  }
  Context context;
  if (const Value* values = request->dict().Find("context")) {
    for (const auto& [name, value] : values->dict().entries()) {
      context.emplace_back(name.bytes(), value);
    }
  }
  base::Result<Text> text = RenderAst(*ast, context, {}, 1'700'000'000);
  return text.has_value() ? Answer("output", text->bytes()) : Answer("error", text.error().message);
}

}  // namespace
}  // namespace millrace::chat_template

int main() {
  millrace::base::Result<millrace::chat_template::Ast> ast =
      millrace::base::InvalidArgument("no template yet");
  std::string line;
  while (std::getline(std::cin, line)) {
    std::cout << millrace::chat_template::AnswerLine(line, ast) << "\n";
  }
  return 0;
}
