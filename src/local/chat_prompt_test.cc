#include "local/chat_prompt.h"

#include <gtest/gtest.h>

namespace millrace::local {
namespace {

constexpr std::string_view kThinking =
    "{% for m in messages %}({{ m.role }}:{{ m.reasoning_content or '' }}{{ m.content }})"
    "{% endfor %}{{ '<think>' if enable_thinking }}";

chat::Message Says(chat::Role role, std::string content) {
  chat::Message message;
  message.role = role;
  message.content = std::move(content);
  return message;
}

chat::ChatRequest Asks() {
  chat::ChatRequest request;
  request.messages = {Says(chat::Role::kUser, "Hi")};
  request.enable_thinking = true;
  return request;
}

// The prompt's text, with '|' where it ends inside reasoning.
std::string Prompt(std::string_view source, const chat::ChatRequest& request,
                   const ChatPromptOptions& options = {}) {
  const auto prompt = MakeChatPrompt(FormatOfTemplate(source).value(), request, options);
  if (!prompt.has_value()) {
    return prompt.error().message;
  }
  std::string text;
  for (const chat_template::PromptPiece& piece : prompt->pieces) {
    text += piece.text;
  }
  return text + (prompt->ends_inside_reasoning ? "|" : "");
}

TEST(ChatPrompt, ReasoningThatIsNotWantedIsClosed) {
  chat::ChatRequest request = Asks();
  EXPECT_EQ(Prompt(kThinking, request), "(user:Hi)<think>|");
  request.answer_prefix = "It is";
  EXPECT_EQ(Prompt(kThinking, request), "(user:Hi)<think>\n</think>\n\nIt is");
}

TEST(ChatPrompt, ReasoningIsOpenedForAModelThatAlwaysThinks) {
  const ChatPromptOptions always = {.always_thinks = true};
  chat::ChatRequest request = Asks();
  EXPECT_EQ(Prompt("{{ messages[0].content }}", request), "Hi");
  EXPECT_EQ(Prompt("{{ messages[0].content }}", request, always), "Hi<think>\n|");
  EXPECT_EQ(Prompt(kThinking, request, always), "(user:Hi)<think>|");
  request.answer_prefix = "It is";
  EXPECT_EQ(Prompt("{{ messages[0].content }}", request, always), "HiIt is");
}

TEST(ChatPrompt, MessagesAsGivenKeepOldReasoningAndTheirForm) {
  chat::ChatRequest request = Asks();
  request.enable_thinking = false;
  request.messages.push_back(Says(chat::Role::kAssistant, "A"));
  request.messages.back().reasoning = "why ";
  request.messages.push_back(Says(chat::Role::kUser, "V"));
  EXPECT_EQ(Prompt(kThinking, request), "(user:Hi)(assistant:A)(user:V)");
  EXPECT_EQ(Prompt(kThinking, request, {.as_given = true}), "(user:Hi)(assistant:why A)(user:V)");
  const std::string picky = std::string(kThinking) +
                            "{% if messages[0].role != 'user' %}{{ raise_exception('no') }}"
                            "{% endif %}";
  request.messages.erase(request.messages.begin());
  EXPECT_EQ(Prompt(picky, request), "(user:)(assistant:A)(user:V)");
  EXPECT_EQ(Prompt(picky, request, {.as_given = true}),
            "messages: the chat template of this model refused them: chat template, line 1: no");
}

}  // namespace
}  // namespace millrace::local
