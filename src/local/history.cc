#include "local/history.h"

#include <boost/json/object.hpp>
#include <optional>
#include <utility>

#include "json/json.h"

namespace millrace::local {
namespace {

using chat::Message;
using chat::Role;

std::string_view TrimNewlines(std::string_view text) {
  const size_t first = text.find_first_not_of('\n');
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of('\n') - first + 1);
}

// Moves a reasoning block at the start of the content to where reasoning belongs.
void SplitReasoning(Message& message, const output_parser::Syntax& syntax) {
  if (syntax.think_open.empty()) {
    return;
  }
  const size_t first = message.content.find_first_not_of(" \t\r\n");
  if (first == std::string::npos ||
      message.content.compare(first, syntax.think_open.size(), syntax.think_open) != 0) {
    return;
  }
  const size_t begin = first + syntax.think_open.size();
  const size_t close = message.content.find(syntax.think_close, begin);
  std::string reasoning(
      TrimNewlines(std::string_view(message.content).substr(begin, close - begin)));
  std::string content;
  if (close != std::string::npos) {
    content =
        TrimNewlines(std::string_view(message.content).substr(close + syntax.think_close.size()));
  }
  message.content = std::move(content);
  if (!message.reasoning) {
    message.reasoning = std::move(reasoning);
  }
}

bool IsPlain(const Message& message) {
  return message.tool_calls.empty() && message.role != Role::kTool;
}

void Join(std::string& text, std::string_view more) {
  if (!text.empty() && !more.empty()) {
    text += "\n\n";
  }
  text += more;
}

Message EmptyUserTurn() {
  Message message;
  message.role = Role::kUser;
  return message;
}

}  // namespace

OldReasoning OldReasoningOf(const chat_template::Template& chat_template, bool any_tools) {
  return any_tools && chat_template.keeps_reasoning_with_tools() ? OldReasoning::kAll
                                                                 : OldReasoning::kRunning;
}

std::vector<Message> ForgetReasoning(std::vector<Message> messages,
                                     const output_parser::Syntax& syntax, OldReasoning old) {
  size_t running_from = 0;  // messages from here on follow the last user message
  for (size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].role == Role::kUser) {
      running_from = i + 1;
    }
  }
  for (size_t i = 0; i < messages.size(); ++i) {
    Message& message = messages[i];
    if (message.role != Role::kAssistant) {
      continue;
    }
    SplitReasoning(message, syntax);
    const bool running = i >= running_from && !message.tool_calls.empty();
    if (old == OldReasoning::kRunning && !running) {
      message.reasoning.reset();
    }
  }
  return messages;
}

std::vector<Message> Alternate(std::vector<Message> messages) {
  std::vector<Message> out;
  bool any_user = false;
  for (Message& message : messages) {
    const bool conversation_begun = !out.empty() && out.back().role != Role::kSystem;
    if (message.role == Role::kSystem && conversation_begun) {
      message.role = Role::kUser;
    }
    if (!out.empty() && out.back().role == message.role && IsPlain(out.back()) &&
        IsPlain(message)) {
      Join(out.back().content, message.content);
      continue;
    }
    if (message.role == Role::kAssistant && !any_user) {
      out.push_back(EmptyUserTurn());
      any_user = true;
    }
    any_user |= message.role == Role::kUser;
    out.push_back(std::move(message));
  }
  if (!any_user) {
    out.push_back(EmptyUserTurn());
  }
  return out;
}

std::vector<Message> WithArgumentObjects(std::vector<Message> messages) {
  for (Message& message : messages) {
    for (chat::ToolCall& call : message.tool_calls) {
      const bool blank = call.arguments_json.find_first_not_of(" \t\r\n") == std::string::npos;
      const auto parsed = json::Parse(call.arguments_json);
      if (!blank && (!parsed.has_value() || !parsed->is_object())) {
        call.arguments_json =
            json::Serialize(boost::json::object{{"arguments", call.arguments_json}});
      }
    }
  }
  return messages;
}

base::Result<std::vector<chat_template::PromptPiece>> RenderAdapting(
    const chat_template::Template& chat_template, chat_template::RenderInput input) {
  auto rendered = chat_template.Render(input);
  if (rendered.has_value()) {
    return rendered;
  }
  for (const auto adapt : {WithArgumentObjects, Alternate}) {
    input.messages = adapt(std::move(input.messages));
    auto adapted = chat_template.Render(input);
    if (adapted.has_value()) {
      return adapted;
    }
  }
  return rendered;
}

}  // namespace millrace::local
