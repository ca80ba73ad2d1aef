// Reads `tools`, `tool_choice` and their legacy forms (api-contract 2.6, 2.7).
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/read_context.h"
#include "api/wire_error.h"
#include "chat/message.h"
#include "json/field_reader.h"

namespace millrace::api {

struct ToolsField {
  std::vector<chat::ToolSpec> tools;
  std::string strict_path;  // of the first tool that asks for strict arguments, empty when none
};

// `tool_choice` as written, before it is compared with the tools.
struct AllowedTools {
  bool required = false;
  std::vector<std::string> names;
};
using ToolChoiceField = std::variant<chat::ToolChoiceAuto, chat::ToolChoiceNone,
                                     chat::ToolChoiceRequired, chat::ToolChoiceNamed, AllowedTools>;

// An absent or empty list gives no tools.
WireResult<ToolsField> ReadTools(const json::FieldReader& body, const ReadContext& context);
WireResult<std::optional<ToolChoiceField>> ReadToolChoice(const json::FieldReader& body);

// `functions` and `function_call`.
WireResult<ToolsField> ReadFunctions(const json::FieldReader& body, const ReadContext& context);
WireResult<std::optional<ToolChoiceField>> ReadFunctionCallChoice(const json::FieldReader& body);

// What the two fields mean together: which tools the model is shown and what it must do.
struct ToolPlan {
  std::vector<chat::ToolSpec> tools;
  chat::ToolChoice choice = chat::ToolChoiceAuto{};
};
WireResult<ToolPlan> CombineTools(ToolsField tools, const std::optional<ToolChoiceField>& choice,
                                  const ReadContext& context);

}  // namespace millrace::api
