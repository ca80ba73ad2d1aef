#include "local/history.h"

#include <gtest/gtest.h>

#include "local/reasoning.h"

namespace millrace::local {
namespace {

using chat::Message;
using chat::Role;

const output_parser::Syntax& Hermes() { return *output_parser::FindSyntax("hermes"); }

Message Say(Role role, std::string content) {
  Message message;
  message.role = role;
  message.content = std::move(content);
  return message;
}
Message Reason(std::string reasoning, std::string content, bool call) {
  Message message = Say(Role::kAssistant, std::move(content));
  message.reasoning = std::move(reasoning);
  if (call) {
    message.tool_calls.push_back({.id = "a", .name = "f", .arguments_json = "{}"});
  }
  return message;
}

TEST(ForgetReasoning, DropsThatOfFinishedTurns_C097) {
  const auto messages = ForgetReasoning({Say(Role::kUser, "q"), Reason("r", "a", false),
                                         Reason("r", "", true), Say(Role::kUser, "q")},
                                        Hermes());
  EXPECT_EQ(messages[1].reasoning, std::nullopt);
  EXPECT_EQ(messages[2].reasoning, std::nullopt);
}

TEST(ForgetReasoning, KeepsThatOfTheRunningToolLoop) {
  const auto messages = ForgetReasoning({Say(Role::kUser, "q"), Reason("r", "", true),
                                         Say(Role::kTool, "1"), Reason("s", "a", false)},
                                        Hermes());
  EXPECT_EQ(messages[1].reasoning, "r");
  EXPECT_EQ(messages[3].reasoning, std::nullopt);
}

TEST(ForgetReasoning, KeepsAllOfItWhereTheFamilyWantsItWithTools) {
  const auto v4 = chat_template::FindEncoder("deepseek_v4")->make();
  EXPECT_EQ(OldReasoningOf(*v4, true), OldReasoning::kAll);
  EXPECT_EQ(OldReasoningOf(*v4, false), OldReasoning::kRunning);
  const auto v32 = chat_template::FindEncoder("deepseek_v32")->make();
  EXPECT_EQ(OldReasoningOf(*v32, true), OldReasoning::kRunning);
  const auto jinja = chat_template::Template::Compile("{{ messages[0].reasoning_content }}");
  EXPECT_EQ(OldReasoningOf(**jinja, true), OldReasoning::kRunning);

  const auto messages =
      ForgetReasoning({Say(Role::kUser, "q"), Reason("r", "a", false), Say(Role::kUser, "q"),
                       Say(Role::kAssistant, "<think>s</think>b"), Say(Role::kUser, "q")},
                      Hermes(), OldReasoning::kAll);
  EXPECT_EQ(messages[1].reasoning, "r");
  EXPECT_EQ(messages[3].reasoning, "s");
  EXPECT_EQ(messages[3].content, "b");
}

TEST(ForgetReasoning, FindsReasoningInsideContent) {
  auto call = Say(Role::kAssistant, "<think>\nr\n</think>\n\nanswer");
  call.tool_calls.push_back({.id = "a", .name = "f", .arguments_json = "{}"});
  const auto messages = ForgetReasoning(
      {Say(Role::kAssistant, "\n<think>r</think>\n\nold"), Say(Role::kUser, "q"), call,
       Say(Role::kUser, "<think>mine</think>"), Say(Role::kAssistant, "<think>never closed")},
      Hermes());
  EXPECT_EQ(messages[0].content, "old");
  EXPECT_EQ(messages[2].content, "answer");
  EXPECT_EQ(messages[3].content, "<think>mine</think>");
  EXPECT_EQ(messages[4].content, "");
}

TEST(ForgetReasoning, KeepsReasoningFoundInARunningToolLoop) {
  auto call = Say(Role::kAssistant, "<think>\nr\n</think>\n\nanswer");
  call.tool_calls.push_back({.id = "a", .name = "f", .arguments_json = "{}"});
  EXPECT_EQ(ForgetReasoning({Say(Role::kUser, "q"), call}, Hermes())[1].reasoning, "r");
}

TEST(Alternate, JoinsNeighboursOfOneRole_C098) {
  const auto messages =
      Alternate({Say(Role::kSystem, "s"), Say(Role::kSystem, "t"), Say(Role::kUser, "a"),
                 Say(Role::kUser, "b"), Say(Role::kAssistant, "c"), Say(Role::kAssistant, "d")});
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(messages[0].content, "s\n\nt");
  EXPECT_EQ(messages[1].content, "a\n\nb");
  EXPECT_EQ(messages[2].content, "c\n\nd");
}

TEST(Alternate, LetsALateSystemMessageSpeakAsTheUser_C099) {
  const auto messages = Alternate({Say(Role::kUser, "a"), Say(Role::kAssistant, "b"),
                                   Say(Role::kSystem, "c"), Say(Role::kUser, "d")});
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(messages[2].role, Role::kUser);
  EXPECT_EQ(messages[2].content, "c\n\nd");
}

TEST(Alternate, AddsAnEmptyUserTurnWhereThereIsNone_C075) {
  const auto alone = Alternate({Say(Role::kSystem, "s")});
  ASSERT_EQ(alone.size(), 2U);
  EXPECT_EQ(alone[1].role, Role::kUser);
  const auto assistant = Alternate({Say(Role::kSystem, "s"), Say(Role::kAssistant, "a")});
  ASSERT_EQ(assistant.size(), 3U);
  EXPECT_EQ(assistant[1].role, Role::kUser);
}

TEST(Alternate, KeepsToolTurnsApart) {
  const auto messages = Alternate(
      {Say(Role::kUser, "q"), Reason("", "", true), Say(Role::kTool, "1"), Say(Role::kTool, "2")});
  EXPECT_EQ(messages.size(), 4U);
}

TEST(RenderAdapting, GivesATemplateWhatItInsistsOn) {
  const auto strict = chat_template::Template::Compile(
                          "{% for m in messages %}{% for c in m.tool_calls or [] %}"
                          "{% for k, v in c.function.arguments.items() %}{{ k }}={{ v }};"
                          "{% endfor %}{% endfor %}{% endfor %}")
                          .value();
  chat_template::RenderInput input;
  input.messages = {Say(Role::kUser, "q"), Reason("", "", true)};
  input.messages[1].tool_calls = {
      {"1", "f", R"({"a": 1})"}, {"2", "f", R"({"a": 1)"}, {"3", "f", " "}};
  std::string text;
  const auto pieces = RenderAdapting(*strict, input).value();
  for (const chat_template::PromptPiece& piece : pieces) {
    text += piece.text;
  }
  EXPECT_EQ(text, R"(a=1;arguments={"a": 1;)");
  const auto never = chat_template::Template::Compile("{{ raise_exception('no') }}").value();
  EXPECT_NE(RenderAdapting(*never, input).error().message.find("no"), std::string::npos);
}

TEST(EndsInsideReasoning, LooksAtWhatTheTemplateWroteLast) {
  const auto ends = [](std::vector<chat_template::PromptPiece> pieces) {
    return EndsInsideReasoning(pieces, Hermes());
  };
  EXPECT_TRUE(ends({{.text = "<|im_start|>assistant\n<think>\n"}}));
  EXPECT_FALSE(ends({{.text = "<think>\n\n</think>\n\n"}}));
  EXPECT_FALSE(ends({{.text = "a"}, {.text = "<think>", .from_template = false}, {.text = "b"}}));
  EXPECT_TRUE(ends({{.text = "<think>"}, {.text = "</think>", .from_template = false}}));
  EXPECT_FALSE(ends({{.text = "<think>"},
                     {.text = "r", .from_template = false},
                     {.text = "</think>"},
                     {.text = "x", .from_template = false}}));
  EXPECT_FALSE(ends({}));
}

}  // namespace
}  // namespace millrace::local
