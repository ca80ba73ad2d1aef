#include <gtest/gtest.h>

#include "output_parser/syntaxes.h"
#include "output_parser/testing/parsed_answer.h"

namespace millrace::output_parser {
namespace {

using testing::AnswerCase;
using testing::CheckStreaming;
using testing::Collect;
using testing::ParseAnswer;
using testing::ParsedAnswer;
using testing::ParsedCall;

ParserOptions WithTools() { return {.tool_names = {"get_weather", "now"}}; }
ParserOptions Thinking() {
  return {.reasoning_possible = true, .tool_names = {"get_weather", "now"}};
}
ParserOptions InsideReasoning() {
  ParserOptions options = Thinking();
  options.starts_in_reasoning = true;
  return options;
}

ParsedAnswer Parse(std::string_view text, ParserOptions options = WithTools(),
                   Parser::End end = Parser::End::kComplete) {
  AnswerCase answer_case = {text, std::move(options), end};
  CheckStreaming(kHermes, answer_case);
  return ParseAnswer(kHermes, answer_case);
}

ParsedCall Call(std::string arguments, std::string name = "get_weather") {
  return {std::move(name), std::move(arguments), true};
}

// ---- reasoning ----

TEST(HermesReasoning, IsSplitFromContentWithoutTheNewlinesAroundItsTags) {
  ParsedAnswer answer = Parse("<think>\nTwo plus two\n\nis four.\n</think>\n\n4\n", Thinking());
  EXPECT_EQ(answer.reasoning, "Two plus two\n\nis four.");
  EXPECT_EQ(answer.content, "4\n");
  EXPECT_EQ(answer.order, "rc");
}

TEST(HermesReasoning, MayBeginAfterWhiteSpace) {
  ParsedAnswer answer = Parse(" \n<think>a</think>b", Thinking());
  EXPECT_EQ(answer.reasoning, "a");
  EXPECT_EQ(answer.content, "b");
}

TEST(HermesReasoning, WithoutItsTagTheAnswerIsContent) {
  ParsedAnswer answer = Parse(" \n4 < 5", Thinking());
  EXPECT_EQ(answer.reasoning, "");
  EXPECT_EQ(answer.content, " \n4 < 5");
}

TEST(HermesReasoning, AnEmptyBlockIsNoReasoning) {
  ParsedAnswer answer = Parse("<think>\n\n</think>\n\nHello", Thinking());
  EXPECT_EQ(answer.content, "Hello");
  EXPECT_EQ(answer.order, "c");
}

TEST(HermesReasoning, MayHaveBegunInThePrompt) {
  ParsedAnswer answer = Parse("\nHm.\n</think>\n\nYes.", InsideReasoning());
  EXPECT_EQ(answer.reasoning, "Hm.");
  EXPECT_EQ(answer.content, "Yes.");
}

TEST(HermesReasoning, ThatNeverEndsStaysReasoning) {
  ParsedAnswer answer = Parse("<think>On and on", Thinking(), Parser::End::kCut);
  EXPECT_EQ(answer.reasoning, "On and on");
  EXPECT_EQ(answer.content, "");
}

TEST(HermesReasoning, EndsAtACall) {
  ParsedAnswer answer = Parse(
      "<think>I need the weather.\n\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": "
      "{}}\n</tool_call>",
      Thinking());
  EXPECT_EQ(answer.reasoning, "I need the weather.");
  EXPECT_EQ(answer.content, "");
  EXPECT_EQ(answer.calls, std::vector{Call("{}")});
}

TEST(HermesReasoning, IsNotEndedByTalkAboutTheTag) {
  ParsedAnswer answer = Parse("<think>Use <tool_call> tags?\n</think>No.", Thinking());
  EXPECT_EQ(answer.reasoning, "Use  tags?");
  EXPECT_EQ(answer.content, "No.");
}

TEST(HermesReasoning, StrayTagsAreLeftOut) {
  EXPECT_EQ(Parse("<think>\n\n</think>\n\nHello").content, "Hello");
  EXPECT_EQ(Parse("a</think>b<think>c").content, "abc");
  EXPECT_EQ(Parse("<think>a<think>b</think>c", Thinking()).reasoning, "ab");
}

// ---- calls ----

TEST(HermesCall, NameAndArgumentsAreReadAsWritten) {
  ParsedAnswer answer = Parse(
      "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\":  \"Köln\", \"n\": [1, "
      "{}]}}\n</tool_call>");
  EXPECT_EQ(answer.content, "");
  EXPECT_EQ(answer.calls, std::vector{Call("{\"city\":  \"Köln\", \"n\": [1, {}]}")});
  EXPECT_EQ(answer.order, "saf");
}

TEST(HermesCall, ContentBeforeItComesFirstWithoutTheWhiteSpaceBetween) {
  ParsedAnswer answer =
      Parse("I will look. \n\n<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>\n");
  EXPECT_EQ(answer.content, "I will look.");
  EXPECT_EQ(answer.order, "csaf");
}

TEST(HermesCall, SeveralFollowEachOther) {
  ParsedAnswer answer = Parse(
      "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>\n<tool_call>\n{\"name\": "
      "\"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>");
  EXPECT_EQ(answer.calls, (std::vector{Call("{}", "now"), Call("{\"city\": \"Oslo\"}")}));
  EXPECT_EQ(answer.content, "");
}

TEST(HermesCall, MayHaveItsArgumentsBeforeItsName) {
  ParsedAnswer answer =
      Parse("<tool_call>{\"arguments\": {\"a\": 1}, \"name\": \"now\"}</tool_call>");
  EXPECT_EQ(answer.calls, std::vector{Call("{\"a\": 1}", "now")});
}

TEST(HermesCall, MayHaveOtherKeys) {
  ParsedAnswer answer = Parse(
      "<tool_call>{\"id\": 7, \"x\": {\"name\": \"no\"}, \"name\": \"now\", \"y\": null, "
      "\"arguments\": {}, \"z\": \"}\"}</tool_call>");
  EXPECT_EQ(answer.calls, std::vector{Call("{}", "now")});
}

TEST(HermesCall, ArgumentsInsideAStringAreDecoded) {
  ParsedAnswer answer = Parse(
      R"(<tool_call>{"name": "now", "arguments": "{\"a\": \"\u00e9\ud83d\ude00\\n\"}"}</tool_call>)");
  EXPECT_EQ(answer.calls, std::vector{Call(R"({"a": "é😀\n"})", "now")});
}

TEST(HermesCall, ArgumentsInsideAStringThatAreNoObjectStayAString) {
  for (auto [written, wanted] : std::initializer_list<std::pair<std::string_view, std::string>>{
           {R"("soon")", R"("soon")"},
           {R"(" a \"b\"\n")", R"(" a \"b\"\n")"},
           {R"("\u00e9 <\/tool_call>")", R"("é </tool_call>")"},
           {R"("[1]")", R"("[1]")"},
           {R"("  \n{\"a\": 2}")", "  \n{\"a\": 2}"},
           {R"("  ")", "{}"},
           {R"([1, "]"])", R"([1, "]"])"},
           {"7", "7"},
           {"true", "true"}}) {
    EXPECT_EQ(Parse("<tool_call>{\"name\": \"now\", \"arguments\": " + std::string(written) +
                    "}</tool_call>")
                  .calls,
              std::vector{Call(wanted, "now")});
    EXPECT_EQ(Parse("<tool_call>{\"arguments\": " + std::string(written) +
                    ", \"name\": \"now\"}</tool_call>")
                  .calls,
              std::vector{Call(wanted, "now")});
  }
}

TEST(HermesCall, ArgumentsMayBeCalledParameters) {
  EXPECT_EQ(Parse(R"(<tool_call>{"name": "now", "parameters": {"a": 1}}</tool_call>)").calls,
            std::vector{Call(R"({"a": 1})", "now")});
}

TEST(HermesCall, MayBeWrittenInLines) {
  EXPECT_EQ(
      Parse("<tool_call>\r\n{\n  \"name\" : \"now\",\n  \"arguments\" :\n  {\n    \"a\": [\n1\n]\n"
            "  }\n}\n\n</tool_call>\n")
          .calls,
      std::vector{Call("{\n    \"a\": [\n1\n]\n  }", "now")});
}

TEST(HermesCall, ContentMayStandBetweenCalls) {
  ParsedAnswer answer = Parse(
      "First.\n<tool_call>\n{\"name\": \"now\"}\n</tool_call>\nSecond "
      "<b>.\n<tool_call>\n{\"name\": "
      "\"now\"}\n</tool_call>\n\nThird.");
  EXPECT_EQ(answer.content, "First.Second <b>.Third.");
  EXPECT_EQ(answer.order, "csafcsafc");
}

TEST(HermesCall, AMarkThatOnlyBeginsIsText) {
  EXPECT_EQ(Parse("a\n<tool_call b").content, "a\n<tool_call b");
  EXPECT_EQ(Parse("你好 \u3000<tool_呼ぶ>").content, "你好 \u3000<tool_呼ぶ>");
  EXPECT_EQ(Parse("x <tool_calls> y </tool_calls>").content, "x <tool_calls> y </tool_calls>");
}

TEST(HermesCall, MissingArgumentsAreAnEmptyObject) {
  EXPECT_EQ(Parse("<tool_call>{\"name\": \"now\"}</tool_call>").calls,
            std::vector{Call("{}", "now")});
  EXPECT_EQ(Parse("<tool_call>{\"name\": \"now\", \"arguments\": null}</tool_call>").calls,
            std::vector{Call("{}", "now")});
  EXPECT_EQ(Parse("<tool_call>{\"name\": \"now\", \"arguments\": \"\"}</tool_call>").calls,
            std::vector{Call("{}", "now")});
}

TEST(HermesCall, TagsAndBracketsInsideStringsDoNoHarm) {
  std::string arguments = R"({"a": "</tool_call> <tool_call> } ] \" \\", "b": "<think>"})";
  std::string text =
      "<tool_call>\n{\"name\": \"now\", \"arguments\": " + arguments + "}\n</tool_call>";
  EXPECT_EQ(Parse(text).calls, std::vector{Call(arguments, "now")});
}

TEST(HermesCall, EscapesInTheNameAreDecoded) {
  EXPECT_EQ(Parse(R"(<tool_call>{"name": "\u006eow", "arguments": {}}</tool_call>)").calls,
            std::vector{Call("{}", "now")});
}

TEST(HermesCall, WithoutItsClosingTagCountsWhenItsJsonIsWhole) {
  ParsedAnswer answer = Parse("<tool_call>\n{\"name\": \"now\", \"arguments\": {\"a\": 1}}");
  EXPECT_EQ(answer.calls, std::vector{Call("{\"a\": 1}", "now")});
  EXPECT_EQ(answer.content, "");
}

TEST(HermesCall, WithoutItsClosingTagEndsWhereTheNextBegins) {
  ParsedAnswer answer = Parse(
      "<tool_call>{\"name\": \"now\", \"arguments\": {}}\n<tool_call>{\"name\": \"now\", "
      "\"arguments\": {\"b\": 2}}</tool_call>");
  EXPECT_EQ(answer.calls, (std::vector{Call("{}", "now"), Call("{\"b\": 2}", "now")}));
}

TEST(HermesCall, OneBracketTooManyOrTooFewIsForgiven) {
  EXPECT_EQ(Parse("<tool_call>{\"name\": \"now\", \"arguments\": {}}}</tool_call>").calls,
            std::vector{Call("{}", "now")});
  EXPECT_EQ(Parse("<tool_call>{\"name\": \"now\", \"arguments\": {\"a\": 1}</tool_call>").calls,
            std::vector{Call("{\"a\": 1}", "now")});
}

TEST(HermesCall, UnknownNamesStayContentWithoutTheMarks) {
  ParsedAnswer answer =
      Parse("a\n<tool_call>\n{\"name\": \"other\", \"arguments\": {}}\n</tool_call> b");
  EXPECT_EQ(answer.content, "a\n\n{\"name\": \"other\", \"arguments\": {}}\n b");
  EXPECT_TRUE(answer.calls.empty());
}

TEST(HermesCall, InsideACallOfAnUnknownNameIsNone) {
  ParsedAnswer answer = Parse(
      R"(<tool_call>{"name": "other", "arguments": {"text": "<tool_call>{\"name\": \"now\"}"}})"
      R"(</tool_call><tool_call>{"name": "now"}</tool_call>)");
  EXPECT_EQ(answer.content, R"({"name": "other", "arguments": {"text": "{\"name\": \"now\"}"}})");
  EXPECT_EQ(answer.calls, std::vector{Call("{}", "now")});
}

TEST(HermesCall, BehindACallOfAnUnknownNameThatDoesNotCloseIsFound) {
  ParsedAnswer answer =
      Parse(R"(<tool_call>{"name": "other"}<tool_call>{"name": "now"}</tool_call>)");
  EXPECT_EQ(answer.content, R"({"name": "other"})");
  EXPECT_EQ(answer.calls, std::vector{Call("{}", "now")});
}

TEST(HermesCall, BrokenSyntaxStaysContentWithoutTheMarks) {
  for (auto [text, wanted] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"<tool_call>now()</tool_call>", "now()"},
           {"<tool_call>{now: 1}</tool_call>", "{now: 1}"},
           {"<tool_call>{}", "{}"},
           {"<tool_call>{\"name\": 5}</tool_call>", "{\"name\": 5}"},
           {"<tool_call>{\"name\" \"now\"}</tool_call>", "{\"name\" \"now\"}"},
           {"<tool_call>{\"arguments\": {}}</tool_call>", "{\"arguments\": {}}"},
           {"{\"name\": \"now\"}\n</tool_call>", "{\"name\": \"now\"}\n"},
           {"x <tool_call>", "x "},
           {"<tool_call>\n{\"name\": \"n", "\n{\"name\": \"n"},
           {"<tool_call>{\"arguments\": {</tool_call>", "{\"arguments\": {"},
           {"a <tool", "a <tool"},
           {"a <", "a <"}}) {
    ParsedAnswer answer = Parse(text);
    EXPECT_EQ(answer.content, wanted);
    EXPECT_TRUE(answer.calls.empty());
  }
}

TEST(HermesCall, NoMarkIsMadeOfWhatStandsBesideAnother) {
  EXPECT_EQ(Parse("x <tool_<tool_call>call>y").content, "x <tool_cally");
  EXPECT_EQ(Parse("</tool_</think>call>z").content, "</tool_callz");
  EXPECT_EQ(Parse("<tool_call<tool_call>>{}").content, "<tool_call{}");
  EXPECT_EQ(Parse("<to<to<tool_call>ol_call>ol_call>>").content, "<to<tool_callol_call>>");
  EXPECT_EQ(Parse("<tool_c<tool_call>{\"name\": \"now\"}</tool_call>all>").content, "<tool_call");
  ParsedAnswer answer = Parse("<think>a<thi<think>nk>b</think></thi</think>nk>c", Thinking());
  EXPECT_EQ(answer.reasoning, "a<thinkb");
  EXPECT_EQ(answer.content, "</thinkc");
}

TEST(HermesCall, BehindBrokenSyntaxIsStillFound) {
  ParsedAnswer answer =
      Parse("<tool_call><tool_call>{\"name\": \"now\", \"arguments\": {}}</tool_call>");
  EXPECT_EQ(answer.content, "");
  EXPECT_EQ(answer.calls, std::vector{Call("{}", "now")});
}

TEST(HermesCall, MarksInStringsDoNoHarm) {
  ParsedAnswer answer = Parse(
      R"(<tool_call>{"name": "now", "arguments": {"a": "</tool_call> <tool_call> \"} </think>"}})"
      "\n</tool_call>");
  EXPECT_EQ(answer.calls,
            std::vector{Call(R"({"a": "</tool_call> <tool_call> \"} </think>"})", "now")});
  EXPECT_EQ(answer.content, "");
}

TEST(HermesCall, IsContentWhenThereAreNoTools) {
  std::string_view text = "a \n<tool_call>{\"name\": \"now\", \"arguments\": {}}</tool_call>\n";
  EXPECT_EQ(Parse(text, {}).content, text);
}

TEST(HermesCall, BeyondTheAllowedNumberIsDropped) {
  ParserOptions options = WithTools();
  options.calls_max = 1;
  ParsedAnswer answer = Parse(
      "<tool_call>{\"name\": \"now\", \"arguments\": {}}</tool_call>\n<tool_call>{\"name\": "
      "\"get_weather\", \"arguments\": {}}</tool_call>",
      options);
  EXPECT_EQ(answer.calls, std::vector{Call("{}", "now")});
  EXPECT_EQ(answer.content, "");
}

TEST(HermesCall, TextBehindItIsContent) {
  ParsedAnswer answer =
      Parse("a\n<tool_call>{\"name\": \"now\", \"arguments\": {}}</tool_call>\n\nb c\n");
  EXPECT_EQ(answer.content, "ab c\n");
  EXPECT_EQ(answer.order, "csafc");
}

// ---- cut by a limit ----

TEST(HermesCut, CallIsKeptAsFarAsItGotOnceItsNameIsWhole) {
  ParsedAnswer answer = Parse("<tool_call>\n{\"name\": \"now\", \"arguments\": {\"city\": \"Ko",
                              WithTools(), Parser::End::kCut);
  EXPECT_EQ(answer.calls, std::vector{Call("{\"city\": \"Ko", "now")});
  answer = Parse("<tool_call>\n{\"name\": \"now\"", WithTools(), Parser::End::kCut);
  EXPECT_EQ(answer.calls, std::vector{Call("", "now")});
}

TEST(HermesCut, CallWithoutWholeNameIsDropped) {
  ParsedAnswer answer =
      Parse("Look:\n<tool_call>\n{\"name\": \"no", WithTools(), Parser::End::kCut);
  EXPECT_TRUE(answer.calls.empty());
  EXPECT_EQ(answer.content, "Look:");
}

TEST(HermesCut, BeginningOfATagIsDropped) {
  EXPECT_EQ(Parse("abc<tool_c", WithTools(), Parser::End::kCut).content, "abc");
  EXPECT_EQ(Parse("abc <", WithTools(), Parser::End::kCut).content, "abc <");
  EXPECT_EQ(Parse("<think>abc</thi", Thinking(), Parser::End::kCut).reasoning, "abc");
}

// ---- promptness ----

ParsedAnswer AfterAdding(std::string_view text, ParserOptions options) {
  std::unique_ptr<Parser> parser = MakeParser(kHermes, std::move(options));
  ParsedAnswer answer;
  Collect(parser->Add(text), answer);
  return answer;
}

TEST(HermesStreaming, NothingIsHeldLongerThanNeeded) {
  EXPECT_EQ(AfterAdding("a < b", WithTools()).content, "a < b");
  EXPECT_EQ(AfterAdding("a <b", WithTools()).content, "a <b");
  EXPECT_EQ(AfterAdding("a <", WithTools()).content, "a");
  EXPECT_EQ(AfterAdding("a <tool_x", WithTools()).content, "a <tool_x");
  EXPECT_EQ(AfterAdding("a \n", {}).content, "a \n");
  EXPECT_EQ(AfterAdding("Hello", Thinking()).content, "Hello");
  EXPECT_EQ(AfterAdding("<think>a b", Thinking()).reasoning, "a b");
}

TEST(HermesStreaming, CallStartsWithItsNameAndArgumentsFlow) {
  ParsedAnswer answer = AfterAdding("<tool_call>\n{\"name\": \"now\"", WithTools());
  EXPECT_EQ(answer.order, "s");
  answer = AfterAdding("<tool_call>\n{\"name\": \"now\", \"arguments\": {\"a\": \"x", WithTools());
  EXPECT_EQ(answer.calls, (std::vector{ParsedCall{"now", "{\"a\": \"x", false}}));
}

// ---- JSON content ----

TEST(HermesJsonContent, KeepsMarksOnceItHasBegun) {
  ParserOptions options = Thinking();
  options.json_content = true;
  const std::string_view json =
      R"({"html": "<think>a</think> <tool_call>\n{\"name\": \"now\"}</tool_call>"})";
  ParsedAnswer answer = Parse(std::string("<think>why</think>\n\n") + std::string(json), options);
  EXPECT_EQ(answer.reasoning, "why");
  EXPECT_EQ(answer.content, json);
  EXPECT_TRUE(answer.calls.empty());
}

TEST(HermesJsonContent, IsCutWhereTheAnswerIsCut) {
  ParserOptions options = WithTools();
  options.json_content = true;
  EXPECT_EQ(Parse(R"({"a": "<tool_c)", options, Parser::End::kCut).content, R"({"a": "<tool_c)");
}

TEST(HermesJsonContent, ACallMayStandInItsPlace) {
  ParserOptions options = WithTools();
  options.json_content = true;
  ParsedAnswer answer =
      Parse("<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>", options);
  EXPECT_EQ(answer.content, "");
  EXPECT_EQ(answer.calls, std::vector<ParsedCall>{Call("{}", "now")});
}

}  // namespace
}  // namespace millrace::output_parser
