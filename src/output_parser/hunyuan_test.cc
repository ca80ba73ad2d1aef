#include <gtest/gtest.h>

#include "output_parser/syntaxes.h"
#include "output_parser/testing/parsed_answer.h"

namespace millrace::output_parser {
namespace {

using testing::AnswerCase;
using testing::CheckStreaming;
using testing::ParseAnswer;
using testing::ParsedAnswer;
using testing::ParsedCall;

ParserOptions WithTools() {
  return {.reasoning_possible = true, .tool_names = {"get_weather", "now"}};
}

ParsedAnswer Parse(std::string_view text, ParserOptions options = WithTools(),
                   Parser::End end = Parser::End::kComplete) {
  AnswerCase answer_case = {text, std::move(options), end};
  CheckStreaming(kHunyuan, answer_case);
  return ParseAnswer(kHunyuan, answer_case);
}

ParsedCall Call(std::string arguments, std::string name = "get_weather") {
  return {std::move(name), std::move(arguments), true};
}

TEST(Hunyuan, TheAnswersOwnTagsAreLeftOut) {
  for (const ParserOptions& options : {WithTools(), ParserOptions{.reasoning_possible = true}}) {
    ParsedAnswer answer =
        Parse("<think>\nHm.\n</think>\n<answer>\nTwo\nlines\n</answer>\n", options);
    EXPECT_EQ(answer.reasoning, "Hm.");
    EXPECT_EQ(answer.content, "Two\nlines");
  }
}

TEST(Hunyuan, WithoutReasoningTheyAreLeftOutToo) {
  EXPECT_EQ(Parse("<answer>\nYes.\n</answer>", {}).content, "Yes.");
  EXPECT_EQ(Parse("Yes.", {}).content, "Yes.");
}

TEST(Hunyuan, TagsInsideTheAnswerAreItsOwn) {
  EXPECT_EQ(Parse("Write <answer>x</answer>.", {}).content, "Write <answer>x</answer>.");
  EXPECT_EQ(Parse("<answer>a <answer> b</answer>", {}).content, "a <answer> b");
}

TEST(Hunyuan, TagsAroundJsonAreLeftOut) {
  const ParserOptions json = {.reasoning_possible = true, .json_content = true};
  EXPECT_EQ(Parse("<think>\na\n</think>\n<answer>\n[1, 2]\n</answer>", json).content, "[1, 2]");
  EXPECT_EQ(Parse("<answer>\n{\"a\": \"x</answer>\"}\n</answer>", json).content,
            "{\"a\": \"x</answer>\"}");
  EXPECT_EQ(Parse("{\"a\": \"<answer>\"}", json).content, "{\"a\": \"<answer>\"}");
  EXPECT_EQ(Parse("<answer>\n\"</ans", json, Parser::End::kCut).content, "\"</ans");
}

TEST(Hunyuan, TheWordForAssistantIsLeftOut) {
  EXPECT_EQ(Parse("助手：你好").content, "你好");
  EXPECT_EQ(Parse("<think>a</think>\n<answer>\n助手：你好\n</answer>").content, "你好");
  EXPECT_EQ(Parse("你好，助手：好").content, "你好，助手：好");
}

TEST(Hunyuan, CallsAreElementsOfAList) {
  ParsedAnswer answer = Parse(
      "<think>\nLook.\n</think>\n<answer>\nOne moment.\n<tool_calls>[{\"name\": \"get_weather\", "
      "\"arguments\": {\"city\": \"Köln\"}}, {\"name\": \"now\", \"arguments\": "
      "{}}]</tool_calls>\n</answer>");
  EXPECT_EQ(answer.reasoning, "Look.");
  EXPECT_EQ(answer.content, "One moment.");
  EXPECT_EQ(answer.calls, (std::vector{Call("{\"city\": \"Köln\"}"), Call("{}", "now")}));
}

TEST(Hunyuan, WhiteSpaceInTheListDoesNotMatter) {
  ParsedAnswer answer = Parse(
      "<tool_calls>\n[\n {\"name\": \"now\", \"arguments\": {\"a\": [1, {}]}}\n,\n{ \"name\": "
      "\"now\"}\n]\n</tool_calls>");
  EXPECT_EQ(answer.calls, (std::vector{Call("{\"a\": [1, {}]}", "now"), Call("{}", "now")}));
  EXPECT_EQ(answer.content, "");
}

TEST(Hunyuan, BracketsOutsideOfASectionAreText) {
  std::string_view text = "a [1, {\"name\": \"now\", \"arguments\": {}}] {";
  EXPECT_EQ(Parse(text).content, text);
}

TEST(Hunyuan, MarksInStringsDoNoHarm) {
  EXPECT_EQ(Parse("<tool_calls>[{\"name\": \"now\", \"arguments\": {\"a\": \"]</tool_calls>}\"}}]"
                  "</tool_calls>")
                .calls,
            std::vector{Call("{\"a\": \"]</tool_calls>}\"}", "now")});
}

TEST(Hunyuan, UnknownNamesStayContentAndTheOthersAreCalls) {
  ParsedAnswer answer = Parse(
      "<tool_calls>[{\"name\": \"now\"}, {\"name\": \"other\", \"arguments\": {\"x\": {\"name\": "
      "\"now\"}}}, {\"name\": \"now\", \"arguments\": {\"n\": 2}}]</tool_calls>");
  EXPECT_EQ(answer.content, "{\"name\": \"other\", \"arguments\": {\"x\": {\"name\": \"now\"}}}");
  EXPECT_EQ(answer.calls, (std::vector{Call("{}", "now"), Call("{\"n\": 2}", "now")}));
}

TEST(Hunyuan, BrokenListsStayContentWithoutTheMarks) {
  EXPECT_EQ(Parse("a <tool_calls>[oops]</tool_calls>").content, "a [oops]");
  EXPECT_EQ(Parse("<tool_calls>[{\"nam\": 1}]</tool_calls>").content, "[{\"nam\": 1}]");
  EXPECT_EQ(Parse("Use <tool_calls> here").content, "Use  here");
}

TEST(Hunyuan, ACallWithoutArgumentsLeavesTheOthersTheirs) {
  EXPECT_EQ(Parse(R"(<tool_calls>[{"name": "now", "arguments": {}}, )"
                  R"({"name": "get_weather", "arguments": {"a": {"b": {"c": [7, null]}}}}, )"
                  R"({"name": "now"}]</tool_calls>)")
                .calls,
            (std::vector{Call("{}", "now"), Call(R"({"a": {"b": {"c": [7, null]}}})"),
                         Call("{}", "now")}));
}

TEST(Hunyuan, AnAnswerMayBeEmpty) {
  EXPECT_EQ(Parse("<think>\n\n</think>\n<answer>\n\n</answer>").order, "");
  EXPECT_EQ(Parse("<think>\nHm!\n</think>\n<answer>\n").order, "r");
}

TEST(Hunyuan, ContentMayFollowItsCalls) {
  ParsedAnswer answer = Parse("A. <tool_calls>[{\"name\": \"now\"}]</tool_calls>\nB.\n</answer>");
  EXPECT_EQ(answer.content, "A.B.\n</answer>");
  answer = Parse("<answer>\nA. <tool_calls>[{\"name\": \"now\"}]</tool_calls>\nB.\n</answer>");
  EXPECT_EQ(answer.content, "A.B.");
}

TEST(Hunyuan, CutCallsKeepWhatCame) {
  ParsedAnswer answer = Parse("Hm. <tool_calls>[{\"name\": \"now\", \"arguments\": {\"a\": \"x",
                              WithTools(), Parser::End::kCut);
  EXPECT_EQ(answer.content, "Hm.");
  EXPECT_EQ(answer.calls, std::vector{Call("{\"a\": \"x", "now")});
}

TEST(Hunyuan, ACallThatLacksBracketsEndsWithTheSection) {
  ParsedAnswer answer =
      Parse("<tool_calls>[{\"name\": \"now\", \"arguments\": {\"a\": 1</tool_calls> b");
  EXPECT_EQ(answer.calls, std::vector{Call("{\"a\": 1", "now")});
  EXPECT_EQ(answer.content, "b");
}

}  // namespace
}  // namespace millrace::output_parser
