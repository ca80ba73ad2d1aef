#include "api/message_fields.h"

#include <algorithm>
#include <array>
#include <utility>

namespace millrace::api {
namespace {

using json::FieldReader;

constexpr std::array<std::string_view, 1> kFunctionType = {"function"};

struct RoleName {
  std::string_view name;
  chat::Role role;
};
constexpr std::array kRoles = {
    RoleName{"system", chat::Role::kSystem}, RoleName{"developer", chat::Role::kSystem},
    RoleName{"user", chat::Role::kUser},     RoleName{"assistant", chat::Role::kAssistant},
    RoleName{"tool", chat::Role::kTool},     RoleName{"function", chat::Role::kTool},
};

WireError UnknownRole(std::string_view role, std::string path) {
  return InvalidParameter("Input tag '" + QuotedUserText(role) +
                              "' found using 'role' does not match any of the expected tags: "
                              "'system', 'user', 'assistant', 'tool'",
                          std::move(path));
}

WireError NonEmptyStringRequired(std::string path) {
  return InvalidField(std::move(path), "String should have at least 1 character");
}

WireResult<std::string> RequiredNonEmpty(const FieldReader& fields, std::string_view key) {
  const std::string_view text = TRY(fields.RequiredString(key));
  if (text.empty()) {
    return NonEmptyStringRequired(fields.PathOf(key));
  }
  return std::string(text);
}

// A string as it is, an object as its JSON, nothing as "{}".
WireResult<std::string> ReadArguments(const FieldReader& function) {
  const boost::json::value* arguments = function.Find("arguments");
  if (arguments == nullptr) {
    return std::string("{}");
  }
  if (arguments->is_object()) {
    return json::Serialize(*arguments);
  }
  if (!arguments->is_string()) {
    return json::WrongType(function.PathOf("arguments"), "string or dictionary");
  }
  std::string text(arguments->get_string());
  return text.empty() ? std::string("{}") : text;
}

WireResult<chat::ToolCall> ReadFunctionCall(const FieldReader& function, std::string id) {
  std::string name = TRY(RequiredNonEmpty(function, "name"));
  std::string arguments = TRY(ReadArguments(function));
  return chat::ToolCall{
      .id = std::move(id), .name = std::move(name), .arguments_json = std::move(arguments)};
}

WireResult<chat::ToolCall> ReadCall(const FieldReader& call) {
  std::string id = TRY(RequiredNonEmpty(call, "id"));
  TRY(call.OptionalEnum("type", kFunctionType));
  const boost::json::object* function = TRY(call.RequiredObject("function"));
  return ReadFunctionCall(FieldReader(*function, call.PathOf("function")), std::move(id));
}

WireResult<std::vector<chat::ToolCall>> ReadCalls(const FieldReader& message,
                                                  const ReadContext& context) {
  std::vector<chat::ToolCall> calls;
  const boost::json::array* list =
      TRY(message.OptionalArray("tool_calls", {.max = context.options.limits.history_calls_max}));
  if (list == nullptr) {
    return calls;
  }
  const std::string list_path = message.PathOf("tool_calls");
  for (size_t i = 0; i < list->size(); ++i) {
    const std::string path = json::JoinPath(list_path, i);
    const boost::json::object* call = TRY(json::AsObject((*list)[i], path));
    calls.push_back(TRY(ReadCall(FieldReader(*call, path))));
  }
  return calls;
}

// Whether an assistant message asks to be continued.
WireResult<bool> ReadContinueFlag(const FieldReader& fields) {
  const bool prefix = TRY(fields.OptionalBool("prefix")).value_or(false);
  const bool partial = TRY(fields.OptionalBool("partial")).value_or(false);
  return prefix || partial;
}

struct AssistantMessage {
  chat::Message message;
  bool continued = false;
};

WireResult<AssistantMessage> ReadAssistant(const FieldReader& fields, const ReadContext& context,
                                           MediaFound& media) {
  AssistantMessage out;
  out.message.role = chat::Role::kAssistant;
  const boost::json::value* content = fields.Find("content");
  if (content != nullptr) {
    Content read = TRY(
        ReadContent(*content, fields.PathOf("content"), chat::Role::kAssistant, context, media));
    out.message.content = std::move(read.text);
  }
  out.message.tool_calls = TRY(ReadCalls(fields, context));
  const auto reasoning = TRY(fields.OptionalString("reasoning_content"));
  if (reasoning) {
    out.message.reasoning = std::string(*reasoning);
  }
  out.continued = TRY(ReadContinueFlag(fields));
  TRY(fields.OptionalString("refusal"));
  const boost::json::object* legacy = TRY(fields.OptionalObject("function_call"));
  if (legacy != nullptr && out.message.tool_calls.empty()) {
    const FieldReader function(*legacy, fields.PathOf("function_call"));
    // The old form has no id; the message's own path is unique in the request.
    out.message.tool_calls.push_back(TRY(ReadFunctionCall(function, "call_" + fields.path())));
  }
  if (content == nullptr && out.message.tool_calls.empty() && !reasoning) {
    return json::MissingField(fields.PathOf("content"));
  }
  return out;
}

WireResult<chat::Message> ReadToolResult(const FieldReader& fields, bool legacy,
                                         const ReadContext& context, MediaFound& media) {
  chat::Message message;
  message.role = chat::Role::kTool;
  if (legacy) {
    message.name = TRY(RequiredNonEmpty(fields, "name"));
  } else {
    message.tool_call_id = TRY(RequiredNonEmpty(fields, "tool_call_id"));
  }
  if (const boost::json::value* content = fields.Find("content")) {
    Content read =
        TRY(ReadContent(*content, fields.PathOf("content"), chat::Role::kTool, context, media));
    message.content = std::move(read.text);
  }
  return message;
}

WireResult<chat::Message> ReadPlain(const FieldReader& fields, chat::Role role,
                                    const ReadContext& context, MediaFound& media) {
  chat::Message message;
  message.role = role;
  const boost::json::value* content = TRY(fields.RequiredValue("content"));
  Content read = TRY(ReadContent(*content, fields.PathOf("content"), role, context, media));
  message.content = std::move(read.text);
  message.parts = std::move(read.parts);
  return message;
}

WireStatus ReadMessage(const FieldReader& fields, const ReadContext& context, bool last,
                       MessagesField& out) {
  const std::string_view role_name = TRY(fields.RequiredString("role"));
  const auto role = std::ranges::find(kRoles, role_name, &RoleName::name);
  if (role == kRoles.end()) {
    return UnknownRole(role_name, fields.PathOf("role"));
  }
  const auto name = TRY(fields.OptionalString(
      "name", {.characters_max = context.options.limits.name_characters_max}));
  if (role->role == chat::Role::kAssistant) {
    AssistantMessage read = TRY(ReadAssistant(fields, context, out.media));
    if (read.continued && last) {
      out.continued_answer = std::move(read.message.content);
      return {};
    }
    read.message.name = name.value_or("");
    out.messages.push_back(std::move(read.message));
    return {};
  }
  chat::Message message =
      role->role == chat::Role::kTool
          ? TRY(ReadToolResult(fields, role_name == "function", context, out.media))
          : TRY(ReadPlain(fields, role->role, context, out.media));
  message.name = name.value_or("");
  out.messages.push_back(std::move(message));
  return {};
}

constexpr std::string_view kOrphanResult =
    "\"messages\" in request are illegal: Message has tool role, but there was no previous "
    "assistant message with a tool call!";

std::string MessagePath(size_t index, std::string_view key) {
  return json::JoinPath(json::JoinPath("messages", index), key);
}

}  // namespace

WireResult<MessagesField> ReadMessages(const FieldReader& body, const ReadContext& context) {
  const boost::json::array* list =
      TRY(body.RequiredArray("messages", {.min = 1, .max = context.options.limits.messages_max}));
  MessagesField out;
  out.messages.reserve(list->size());
  for (size_t i = 0; i < list->size(); ++i) {
    const std::string path = json::JoinPath("messages", i);
    const boost::json::object* message = TRY(json::AsObject((*list)[i], path));
    TRY(ReadMessage(FieldReader(*message, path), context, i + 1 == list->size(), out));
  }
  return out;
}

WireStatus CheckSequence(std::vector<chat::Message>& messages, const ReadContext& context) {
  const std::vector<chat::ToolCall>* calls = nullptr;  // that a tool message may answer now
  bool conversation_begun = false;
  for (size_t i = 0; i < messages.size(); ++i) {
    chat::Message& message = messages[i];
    if (message.role == chat::Role::kSystem) {
      if (conversation_begun && context.options.late_system == LateSystem::kReject) {
        return InvalidParameter("System message must be at the beginning.", MessagePath(i, "role"));
      }
    } else {
      conversation_begun = true;
    }
    if (message.role != chat::Role::kTool) {
      calls = message.tool_calls.empty() ? nullptr : &message.tool_calls;
      continue;
    }
    if (calls == nullptr) {
      return InvalidParameter(std::string(kOrphanResult), MessagePath(i, "role"));
    }
    const bool legacy = message.tool_call_id.empty();
    const auto call = std::find_if(calls->rbegin(), calls->rend(), [&](const chat::ToolCall& c) {
      return legacy ? c.name == message.name : c.id == message.tool_call_id;
    });
    if (call == calls->rend()) {
      return InvalidField(MessagePath(i, legacy ? "name" : "tool_call_id"),
                          "not found in the previous tool_calls");
    }
    message.tool_call_id = call->id;
    message.name = call->name;
  }
  return {};
}

}  // namespace millrace::api
