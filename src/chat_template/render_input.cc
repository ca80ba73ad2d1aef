#include "chat_template/render_input.h"

#include "chat_template/json_value.h"
#include "chat_template/unicode.h"

namespace millrace::chat_template {

Value ArgumentsOf(const chat::ToolCall& call) {
  if (LeadingSpace(call.arguments_json) == call.arguments_json.size()) {
    return Value::FromDict({});
  }
  base::Result<Value> parsed = ValueFromJson(call.arguments_json);
  return parsed.has_value() && parsed->is_dict() ? *std::move(parsed)
                                                 : Value::Data(call.arguments_json);
}

// The tool as the client wrote it, or made of its parts when that text is missing.
Value ToolOf(const chat::ToolSpec& tool) {
  base::Result<Value> entry = ValueFromJson(tool.entry_json);
  if (entry.has_value()) {
    return *std::move(entry);
  }
  Dict function;
  function.Set("name", Value::Data(tool.name));
  if (!tool.description.empty()) {
    function.Set("description", Value::Data(tool.description));
  }
  base::Result<Value> parameters = ValueFromJson(tool.parameters_json);
  if (parameters.has_value()) {
    function.Set("parameters", *std::move(parameters));
  }
  Dict dict;
  dict.Set("type", Value::Literal("function"));
  dict.Set("function", Value::FromDict(std::move(function)));
  return Value::FromDict(std::move(dict));
}

namespace {

std::string_view RoleName(chat::Role role) {
  switch (role) {
    case chat::Role::kSystem:
      return "system";
    case chat::Role::kUser:
      return "user";
    case chat::Role::kAssistant:
      return "assistant";
    case chat::Role::kTool:
      return "tool";
  }
  std::unreachable();
}

Value CallOf(const chat::ToolCall& call) {
  Dict function;
  function.Set("name", Value::Data(call.name));
  function.Set("arguments", ArgumentsOf(call));
  Dict entry;
  entry.Set("id", Value::Data(call.id));
  entry.Set("type", Value::Literal("function"));
  entry.Set("function", Value::FromDict(std::move(function)));
  return Value::FromDict(std::move(entry));
}

Value MessageOf(const chat::Message& message) {
  Dict dict;
  dict.Set("role", Value::Literal(std::string(RoleName(message.role))));
  dict.Set("content", Value::Data(message.content));
  if (message.reasoning.has_value()) {
    dict.Set("reasoning_content", Value::Data(*message.reasoning));
  }
  if (!message.tool_calls.empty()) {
    std::vector<Value> calls;
    for (const chat::ToolCall& call : message.tool_calls) {
      calls.push_back(CallOf(call));
    }
    dict.Set("tool_calls", Value::List(std::move(calls)));
  }
  if (!message.tool_call_id.empty()) {
    dict.Set("tool_call_id", Value::Data(message.tool_call_id));
  }
  if (!message.name.empty()) {
    dict.Set("name", Value::Data(message.name));
  }
  return Value::FromDict(std::move(dict));
}

}  // namespace

Context ContextOf(const RenderInput& input) {
  std::vector<Value> messages;
  for (const chat::Message& message : input.messages) {
    messages.push_back(MessageOf(message));
  }
  std::vector<Value> tools;
  for (const chat::ToolSpec& tool : input.tools) {
    tools.push_back(ToolOf(tool));
  }
  Context context = {
      {"messages", Value::List(std::move(messages))},
      {"tools", tools.empty() ? Value::NoneValue() : Value::List(std::move(tools))},
      {"documents", Value::NoneValue()},
      {"add_generation_prompt", Value::Bool(input.add_generation_prompt)},
      {"enable_thinking", Value::Bool(input.enable_thinking)},
      {"thinking", Value::Bool(input.enable_thinking)},
      {"bos_token", Value::Literal(input.bos_token)},
      {"eos_token", Value::Literal(input.eos_token)},
  };
  if (input.reasoning_effort.has_value()) {
    bool max = *input.reasoning_effort == chat::ReasoningEffort::kMax;
    context.emplace_back("reasoning_effort", Value::Literal(max ? "max" : "high"));
  }
  return context;
}

}  // namespace millrace::chat_template
