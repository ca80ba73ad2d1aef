#include "api/tool_fields.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <type_traits>
#include <utility>

#include "api/name_pattern.h"

namespace millrace::api {
namespace {

using boost::json::object;
using json::FieldReader;

constexpr std::array<std::string_view, 1> kFunctionType = {"function"};
constexpr std::array<std::string_view, 2> kChoiceTypes = {"function", "allowed_tools"};
constexpr std::array<std::string_view, 3> kChoiceNames = {"none", "auto", "required"};
constexpr std::array<std::string_view, 2> kLegacyChoiceNames = {"none", "auto"};
constexpr std::array<std::string_view, 2> kModes = {"auto", "required"};

struct ReadTool {
  chat::ToolSpec spec;
  bool strict = false;
};

// The members of a function definition; `entry_json` is the caller's.
WireResult<ReadTool> ReadFunction(const FieldReader& function, const ReadContext& context) {
  ReadTool tool;
  tool.spec.name = TRY(RequiredName(function, "name"));
  const auto description = TRY(function.OptionalString(
      "description", {.bytes_max = context.options.limits.tool_description_bytes_max}));
  tool.spec.description = description.value_or("");
  const object* parameters = TRY(function.OptionalObject("parameters"));
  if (parameters != nullptr) {
    tool.spec.parameters_json = json::Serialize(*parameters);
  }
  tool.spec.strict = TRY(function.OptionalBool("strict")).value_or(false);
  tool.strict = tool.spec.strict;
  return tool;
}

WireResult<ReadTool> ReadEntry(const FieldReader& entry, const ReadContext& context) {
  TRY(entry.RequiredEnum("type", kFunctionType));
  const object* function = TRY(entry.RequiredObject("function"));
  ReadTool tool = TRY(ReadFunction(FieldReader(*function, entry.PathOf("function")), context));
  tool.spec.entry_json = json::Serialize(entry.object());
  return tool;
}

WireResult<ReadTool> ReadLegacyEntry(const FieldReader& function, const ReadContext& context) {
  ReadTool tool = TRY(ReadFunction(function, context));
  tool.spec.entry_json =
      R"({"type":"function","function":)" + json::Serialize(function.object()) + "}";
  return tool;
}

using EntryReader = WireResult<ReadTool> (*)(const FieldReader&, const ReadContext&);

WireResult<ToolsField> ReadList(const FieldReader& body, std::string_view key,
                                std::string_view function_key, EntryReader read,
                                const ReadContext& context) {
  const RequestLimits& limits = context.options.limits;
  ToolsField field;
  const boost::json::array* list = TRY(body.OptionalArray(key, {.max = limits.tools_max}));
  if (list == nullptr) {
    return field;
  }
  std::set<std::string, std::less<>> names;
  size_t bytes = 0;
  for (size_t i = 0; i < list->size(); ++i) {
    const std::string path = json::JoinPath(body.PathOf(key), i);
    const object* entry = TRY(json::AsObject((*list)[i], path));
    ReadTool tool = TRY(read(FieldReader(*entry, path), context));
    const std::string function_path =
        function_key.empty() ? path : json::JoinPath(path, function_key);
    if (!names.insert(tool.spec.name).second) {
      return InvalidField(json::JoinPath(function_path, "name"), "Duplicate name");
    }
    if (tool.strict && field.strict_path.empty()) {
      field.strict_path = json::JoinPath(function_path, "strict");
    }
    bytes += tool.spec.entry_json.size();
    tool.spec.position = static_cast<int32_t>(i);
    field.tools.push_back(std::move(tool.spec));
  }
  if (bytes > limits.tools_bytes_max) {
    return InvalidField(body.PathOf(key), "All tools together should have at most " +
                                              std::to_string(limits.tools_bytes_max) + " bytes");
  }
  return field;
}

// {"function":{"name":"X"}}
WireResult<std::string> ReadFunctionName(const FieldReader& fields) {
  const object* function = TRY(fields.RequiredObject("function"));
  const FieldReader reader(*function, fields.PathOf("function"));
  return std::string(TRY(reader.RequiredString("name")));
}

WireResult<ToolChoiceField> ReadAllowedTools(const FieldReader& fields) {
  AllowedTools allowed;
  allowed.required = TRY(fields.RequiredEnum("mode", kModes)) == "required";
  const boost::json::array* tools = TRY(fields.RequiredArray("tools", {.min = 1}));
  for (size_t i = 0; i < tools->size(); ++i) {
    const std::string path = json::JoinPath(fields.PathOf("tools"), i);
    const object* entry = TRY(json::AsObject((*tools)[i], path));
    const FieldReader reader(*entry, path);
    TRY(reader.RequiredEnum("type", kFunctionType));
    allowed.names.push_back(TRY(ReadFunctionName(reader)));
  }
  return ToolChoiceField(std::move(allowed));
}

ToolChoiceField ChoiceOfName(std::string_view name) {
  if (name == "none") {
    return chat::ToolChoiceNone{};
  }
  if (name == "required") {
    return chat::ToolChoiceRequired{};
  }
  return chat::ToolChoiceAuto{};
}

bool HasTool(const std::vector<chat::ToolSpec>& tools, std::string_view name) {
  return std::ranges::find(tools, name, &chat::ToolSpec::name) != tools.end();
}

WireStatus CheckNamesKnown(const std::vector<std::string>& names, const ToolsField& tools) {
  if (tools.tools.empty()) {
    return InvalidField("tool_choice", "tools is required");
  }
  for (const std::string& name : names) {
    if (!HasTool(tools.tools, name)) {
      return InvalidField("tool_choice", "function " + QuotedUserText(name) + " is not in tools");
    }
  }
  return {};
}

// Forcing a call, or arguments that fit a schema, needs constrained decoding.
WireStatus CheckEnforceable(const ToolPlan& plan, const ToolsField& field,
                            const ReadContext& context) {
  if (context.record.constrained_tools || plan.tools.empty()) {
    return {};
  }
  if (std::holds_alternative<chat::ToolChoiceRequired>(plan.choice) ||
      std::holds_alternative<chat::ToolChoiceNamed>(plan.choice)) {
    return InvalidField("tool_choice",
                        "this model cannot be forced to call a tool; use \"auto\" or \"none\"");
  }
  if (!field.strict_path.empty()) {
    return InvalidField(field.strict_path,
                        "this model cannot hold arguments to their schema; leave it out or false");
  }
  return {};
}

}  // namespace

WireResult<ToolsField> ReadTools(const FieldReader& body, const ReadContext& context) {
  return ReadList(body, "tools", "function", ReadEntry, context);
}

WireResult<ToolsField> ReadFunctions(const FieldReader& body, const ReadContext& context) {
  return ReadList(body, "functions", "", ReadLegacyEntry, context);
}

WireResult<std::optional<ToolChoiceField>> ReadToolChoice(const FieldReader& body) {
  const boost::json::value* value = body.Find("tool_choice");
  if (value == nullptr) {
    return std::optional<ToolChoiceField>();
  }
  const std::string path = body.PathOf("tool_choice");
  if (value->is_string()) {
    return std::optional(ChoiceOfName(TRY(json::AsEnum(*value, path, kChoiceNames))));
  }
  if (!value->is_object()) {
    return json::WrongType(path, "string or dictionary");
  }
  const FieldReader fields(value->get_object(), path);
  if (TRY(fields.RequiredEnum("type", kChoiceTypes)) == "function") {
    return std::optional<ToolChoiceField>(
        chat::ToolChoiceNamed{.name = TRY(ReadFunctionName(fields))});
  }
  const object* allowed = TRY(fields.RequiredObject("allowed_tools"));
  return std::optional(
      TRY(ReadAllowedTools(FieldReader(*allowed, fields.PathOf("allowed_tools")))));
}

WireResult<std::optional<ToolChoiceField>> ReadFunctionCallChoice(const FieldReader& body) {
  const boost::json::value* value = body.Find("function_call");
  if (value == nullptr) {
    return std::optional<ToolChoiceField>();
  }
  const std::string path = body.PathOf("function_call");
  if (value->is_string()) {
    return std::optional(ChoiceOfName(TRY(json::AsEnum(*value, path, kLegacyChoiceNames))));
  }
  if (!value->is_object()) {
    return json::WrongType(path, "string or dictionary");
  }
  const FieldReader fields(value->get_object(), path);
  return std::optional<ToolChoiceField>(
      chat::ToolChoiceNamed{.name = std::string(TRY(fields.RequiredString("name")))});
}

WireResult<ToolPlan> CombineTools(ToolsField field, const std::optional<ToolChoiceField>& choice,
                                  const ReadContext& context) {
  ToolPlan plan;
  const ToolChoiceField wanted = choice.value_or(chat::ToolChoiceAuto{});
  if (std::holds_alternative<chat::ToolChoiceNone>(wanted)) {
    plan.choice = chat::ToolChoiceNone{};
    return plan;  // the tools are not shown to the model
  }
  if (std::holds_alternative<chat::ToolChoiceRequired>(wanted)) {
    TRY(CheckNamesKnown({}, field));
    plan.choice = chat::ToolChoiceRequired{};
  } else if (const auto* named = std::get_if<chat::ToolChoiceNamed>(&wanted)) {
    TRY(CheckNamesKnown({named->name}, field));
    plan.choice = *named;
  } else if (const auto* allowed = std::get_if<AllowedTools>(&wanted)) {
    TRY(CheckNamesKnown(allowed->names, field));
    std::erase_if(field.tools, [allowed](const chat::ToolSpec& tool) {
      return std::ranges::find(allowed->names, tool.name) == allowed->names.end();
    });
    if (allowed->required) {
      plan.choice = chat::ToolChoiceRequired{};
    }
  }
  plan.tools = std::move(field.tools);
  field.tools.clear();
  TRY(CheckEnforceable(plan, field, context));
  return plan;
}

}  // namespace millrace::api
