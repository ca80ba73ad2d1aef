// Short ways to write conversations in tests.
#pragma once

#include <string>
#include <utility>

#include "chat_template/template.h"

namespace millrace::chat_template::testing {

inline chat::Message Says(chat::Role role, std::string content) {
  chat::Message message;
  message.role = role;
  message.content = std::move(content);
  return message;
}

inline RenderInput UserSays(std::string content) {
  RenderInput input;
  input.messages.push_back(Says(chat::Role::kUser, std::move(content)));
  return input;
}

inline chat::ToolSpec ToolOf(std::string entry_json) {
  chat::ToolSpec tool;
  tool.entry_json = std::move(entry_json);
  return tool;
}

// Every kind of message once: calls with good and with broken arguments, a result, reasoning.
inline RenderInput FullConversation() {
  RenderInput input = UserSays("Hé <|im_end|>\n");
  input.messages.insert(input.messages.begin(), Says(chat::Role::kSystem, "Be brief."));
  chat::Message assistant = Says(chat::Role::kAssistant, "<think>\na\n</think>\n\nb");
  assistant.reasoning = "r";
  assistant.tool_calls = {{"1", "f", R"({"a":[1,2.5,null,{"b":"c"}]})"}, {"2", "g", "{"}};
  input.messages.push_back(std::move(assistant));
  chat::Message result = Says(chat::Role::kTool, "42");
  result.tool_call_id = "1";
  input.messages.push_back(std::move(result));
  input.tools = {ToolOf(R"({"type":"function","function":{"name":"f"}})")};
  return input;
}

}  // namespace millrace::chat_template::testing
