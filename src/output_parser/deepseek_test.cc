// The syntaxes of DeepSeek: marks around JSON (V3, R1, V3.1) and DSML (V3.2, V4).
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

ParserOptions WithTools() {
  ParserOptions options;
  options.tool_names = {"get_weather", "now"};
  options.tool_parameters_json = {
      R"({"properties": {"city": {"type": "string"}, "days": {"type": "integer"}}})", ""};
  return options;
}

ParsedAnswer Parse(const Syntax& syntax, std::string_view text,
                   Parser::End end = Parser::End::kComplete) {
  AnswerCase answer_case = {text, WithTools(), end};
  CheckStreaming(syntax, answer_case);
  return ParseAnswer(syntax, answer_case);
}

ParsedCall Call(std::string arguments, std::string name = "get_weather") {
  return {std::move(name), std::move(arguments), true};
}

ParsedAnswer AfterAdding(const Syntax& syntax, std::string_view text) {
  std::unique_ptr<Parser> parser = MakeParser(syntax, WithTools());
  ParsedAnswer answer;
  Collect(parser->Add(text), answer);
  return answer;
}

// ---- V3.1 ----

TEST(DeepseekV31, CallsAreReadFromTheirSection) {
  ParsedAnswer answer = Parse(
      kDeepseekV31,
      "Let me see.\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{\"city\": "
      "\"Köln\"}<｜tool▁call▁end｜><｜tool▁call▁begin｜>now<｜tool▁sep｜>{}<｜tool▁call▁end｜>"
      "<｜tool▁calls▁end｜>");
  EXPECT_EQ(answer.content, "Let me see.");
  EXPECT_EQ(answer.calls, (std::vector{Call("{\"city\": \"Köln\"}"), Call("{}", "now")}));
  EXPECT_EQ(answer.order, "csafsaf");
}

TEST(DeepseekV31, AMissingSectionOrEndIsForgiven) {
  EXPECT_EQ(Parse(kDeepseekV31, "<｜tool▁call▁begin｜>now<｜tool▁sep｜>{\"a\": 1}").calls,
            std::vector{Call("{\"a\": 1}", "now")});
  EXPECT_EQ(
      Parse(kDeepseekV31,
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>now<｜tool▁sep｜><｜tool▁calls▁end｜>")
          .calls,
      std::vector{Call("{}", "now")});
  ParsedAnswer answer = Parse(kDeepseekV31,
                              "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>now<｜tool▁sep｜>{\"a\": "
                              "[1<｜tool▁call▁end｜><｜tool▁calls▁end｜>then");
  EXPECT_EQ(answer.calls, std::vector{Call("{\"a\": [1", "now")});
  EXPECT_EQ(answer.content, "then");
}

TEST(DeepseekV31, MarksInStringsDoNoHarm) {
  EXPECT_EQ(Parse(kDeepseekV31,
                  "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>now<｜tool▁sep｜>{\"a\": "
                  "\"<｜tool▁call▁end｜}\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>")
                .calls,
            std::vector{Call("{\"a\": \"<｜tool▁call▁end｜}\"}", "now")});
}

TEST(DeepseekV31, WhatIsNoCallStaysContentWithoutTheMarks) {
  for (auto [text, wanted] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"a\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>other<｜tool▁sep｜>{}<｜tool▁call▁end｜>"
            "<｜tool▁calls▁end｜>",
            "a\nother{}"},
           {"x <｜tool▁calls▁begin｜>y", "x y"},
           {"<｜tool▁calls▁begin｜>", ""},
           {"<｜tool▁call▁begin｜>now", "now"},
           // A call without its first mark, without the one behind its name, without a name.
           {"a<｜tool▁calls▁begin｜>now<｜tool▁sep｜>{}<｜tool▁calls▁end｜>", "anow{}"},
           {"<｜tool▁call▁begin｜>now{\"a\": 1}<｜tool▁call▁end｜>", "now{\"a\": 1}"},
           {"<｜tool▁call▁begin｜><｜tool▁sep｜>{}<｜tool▁call▁end｜>", "{}"}}) {
    ParsedAnswer answer = Parse(kDeepseekV31, text);
    EXPECT_EQ(answer.content, wanted);
    EXPECT_TRUE(answer.calls.empty());
  }
}

TEST(DeepseekV31, BrokenCallsDoNotHideTheNext) {
  for (auto [text, wanted] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"now{\"a\": 1}<｜tool▁call▁end｜>", "now{\"a\": 1}"},
           {"now", "now"},
           {"now<｜tool▁", "now<｜tool▁"},
           {"other<｜tool▁sep｜>{\"a\": [<｜tool▁call▁end｜>", "other{\"a\": ["}}) {
    ParsedAnswer answer =
        Parse(kDeepseekV31, "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>" + std::string(text) +
                                "<｜tool▁call▁begin｜>now<｜tool▁sep｜>{}"
                                "<｜tool▁call▁end｜><｜tool▁calls▁end｜>");
    EXPECT_EQ(answer.content, wanted);
    EXPECT_EQ(answer.calls, std::vector{Call("{}", "now")}) << text;
  }
}

TEST(DeepseekV31, BracketsTooManyAreForgiven) {
  ParsedAnswer answer =
      Parse(kDeepseekV31,
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>now<｜tool▁sep｜>{\"a\": {}}}\n}"
            "<｜tool▁call▁end｜><｜tool▁calls▁end｜>then");
  EXPECT_EQ(answer.content, "then");
  EXPECT_EQ(answer.calls, std::vector{Call("{\"a\": {}}", "now")});
}

TEST(DeepseekV31, TextMayStandBetweenSections) {
  const std::string call =
      "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>now<｜tool▁sep｜>{}<｜tool▁call▁end｜>"
      "<｜tool▁calls▁end｜>";
  ParsedAnswer answer = Parse(kDeepseekV31, "One.\n" + call + "\nTwo." + call);
  EXPECT_EQ(answer.content, "One.Two.");
  EXPECT_EQ(answer.order, "csafcsaf");
}

TEST(DeepseekV31, ReasoningThatThePromptOpenedIsSplitOff) {
  ParserOptions options = WithTools();
  options.reasoning_possible = true;
  options.starts_in_reasoning = true;
  AnswerCase answer_case = {
      "I look.</think><｜tool▁calls▁begin｜><｜tool▁call▁begin｜>now<｜tool▁sep｜>{}"
      "<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
      options};
  CheckStreaming(kDeepseekV31, answer_case);
  ParsedAnswer answer = ParseAnswer(kDeepseekV31, answer_case);
  EXPECT_EQ(answer.reasoning, "I look.");
  EXPECT_EQ(answer.content, "");
  EXPECT_EQ(answer.calls, std::vector{Call("{}", "now")});
}

TEST(DeepseekV31, ASectionInsideReasoningEndsIt) {
  ParserOptions options = WithTools();
  options.starts_in_reasoning = true;
  AnswerCase answer_case = {
      "I look.\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>now<｜tool▁sep｜>{}<｜tool▁call▁end｜>"
      "<｜tool▁calls▁end｜> Done.",
      options};
  CheckStreaming(kDeepseekV31, answer_case);
  ParsedAnswer answer = ParseAnswer(kDeepseekV31, answer_case);
  EXPECT_EQ(answer.reasoning, "I look.");
  EXPECT_EQ(answer.content, "Done.");
}

TEST(DeepseekV31, CallStartsWithItsNameAndArgumentsFlow) {
  EXPECT_EQ(AfterAdding(kDeepseekV31, "<｜tool▁call▁begin｜>now<｜tool▁sep｜>").order, "s");
  EXPECT_EQ(AfterAdding(kDeepseekV31, "<｜tool▁call▁begin｜>now<｜tool▁sep｜>{\"a\": \"x").calls,
            (std::vector{ParsedCall{"now", "{\"a\": \"x", false}}));
  ParsedAnswer cut =
      Parse(kDeepseekV31, "<｜tool▁call▁begin｜>now<｜tool▁sep｜>{\"a\": \"x", Parser::End::kCut);
  EXPECT_EQ(cut.calls, std::vector{Call("{\"a\": \"x", "now")});
}

// ---- V3 and R1 ----

TEST(DeepseekV3, ArgumentsStandInAFence) {
  ParsedAnswer answer = Parse(
      kDeepseekV3,
      "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n"
      "{\"city\": "
      "\"Oslo\"}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>now\n"
      "```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>");
  EXPECT_EQ(answer.content, "");
  EXPECT_EQ(answer.calls, (std::vector{Call("{\"city\": \"Oslo\"}"), Call("{}", "now")}));
}

TEST(DeepseekV3, LinesBetweenTheMarksAreNoText) {
  ParsedAnswer answer = Parse(
      kDeepseekV3,
      "Look:\n<｜tool▁calls▁begin｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>now\n```json\n"
      "{\n  \"a\": 1\n}\n```<｜tool▁call▁end｜>\n\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>now\n"
      "```json\n{}\n```\n<｜tool▁call▁end｜>\n<｜tool▁calls▁end｜>\nDone.");
  EXPECT_EQ(answer.content, "Look:Done.");
  EXPECT_EQ(answer.calls, (std::vector{Call("{\n  \"a\": 1\n}", "now"), Call("{}", "now")}));
}

TEST(DeepseekV3, ACallWithoutItsFenceDoesNotHideTheNext) {
  ParsedAnswer answer =
      Parse(kDeepseekV3,
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>now\n{}"
            "<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>now\n```json\n{}\n```"
            "<｜tool▁call▁end｜><｜tool▁calls▁end｜>");
  EXPECT_EQ(answer.content, "functionnow\n{}");
  EXPECT_EQ(answer.calls, std::vector{Call("{}", "now")});
}

TEST(DeepseekV31, MarksOfToolResultsAreNoText) {
  for (const Syntax* syntax : {&kDeepseekV3, &kDeepseekV31}) {
    EXPECT_EQ(Parse(*syntax, "It is <｜tool▁output▁begin｜>9 °C<｜tool▁output▁end｜>.").content,
              "It is 9 °C.");
  }
}

TEST(DeepseekV31, AFenceAroundTheArgumentsIsForgiven) {
  EXPECT_EQ(Parse(kDeepseekV31,
                  "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>now<｜tool▁sep｜>\n```json\n{\"a\": "
                  "\"```\"}\n```"
                  "<｜tool▁call▁end｜><｜tool▁calls▁end｜>")
                .calls,
            std::vector{Call("{\"a\": \"```\"}", "now")});
}

TEST(DeepseekV31, JsonThatIsNoneIsPassedOnAsWritten) {
  ParsedAnswer answer =
      Parse(kDeepseekV31,
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>now<｜tool▁sep｜>{oops}<｜tool▁call▁end｜>"
            "<｜tool▁call▁begin｜>now<｜tool▁sep｜>oops<｜tool▁call▁end｜><｜tool▁calls▁end｜>");
  EXPECT_EQ(answer.calls, (std::vector{Call("{oops}", "now"), Call("{}", "now")}));
  EXPECT_EQ(answer.content, "");
}

// ---- DSML ----

std::string Dsml(const Syntax& syntax, std::string_view inner) {
  return std::string(syntax.section_open) + "\n" + std::string(inner) + "\n" +
         std::string(syntax.section_close);
}

TEST(DeepseekDsml, TheModelStatesTheTypesOfValues) {
  for (const Syntax* syntax : {&kDeepseekV32, &kDeepseekV4}) {
    ParsedAnswer answer =
        Parse(*syntax,
              "Let me see.\n\n" +
                  Dsml(*syntax,
                       "<｜DSML｜invoke name=\"get_weather\">\n"
                       "<｜DSML｜parameter name=\"city\" string=\"true\">5\n</｜DSML｜parameter>\n"
                       "<｜DSML｜parameter name=\"days\" string=\"false\">[1, {}]"
                       "</｜DSML｜parameter>\n</｜DSML｜invoke>\n<｜DSML｜invoke name=\"now\">\n\n"
                       "</｜DSML｜invoke>"));
    EXPECT_EQ(answer.content, "Let me see.");
    EXPECT_EQ(answer.calls,
              (std::vector{Call(R"({"city": "5\n", "days": [1, {}]})"), Call("{}", "now")}));
  }
}

TEST(DeepseekDsml, JsonThatIsNoneBecomesAString) {
  EXPECT_EQ(Parse(kDeepseekV32, Dsml(kDeepseekV32,
                                     "<｜DSML｜invoke name=\"now\">\n<｜DSML｜parameter name=\"a\" "
                                     "string=\"false\">{x</｜DSML｜parameter>\n</｜DSML｜invoke>"))
                .calls,
            std::vector{Call(R"({"a": "{x"})", "now")});
}

TEST(DeepseekDsml, WithoutTheStatementTheSchemaDecides) {
  EXPECT_EQ(Parse(kDeepseekV32,
                  Dsml(kDeepseekV32,
                       "<｜DSML｜invoke name=\"get_weather\">\n<｜DSML｜parameter name=\"city\">3"
                       "</｜DSML｜parameter>\n<｜DSML｜parameter name=\"days\">3"
                       "</｜DSML｜parameter>\n</｜DSML｜invoke>"))
                .calls,
            std::vector{Call(R"({"city": "3", "days": 3})")});
}

TEST(DeepseekDsml, AnyOtherStatementLeavesTheTypeToTheSchema) {
  for (const char* stated : {" string=\"True\"", "  string='false' ", " type=\"integer\""}) {
    EXPECT_EQ(Parse(kDeepseekV4,
                    Dsml(kDeepseekV4,
                         "<｜DSML｜invoke name=\"get_weather\">\n<｜DSML｜parameter name=\"city\"" +
                             std::string(stated) +
                             ">3</｜DSML｜parameter>\n<｜DSML｜parameter name=\"days\"" +
                             std::string(stated) + ">3</｜DSML｜parameter>\n</｜DSML｜invoke>"))
                  .calls,
              std::vector{Call(R"({"city": "3", "days": 3})")})
        << stated;
  }
}

TEST(DeepseekDsml, MarksInValuesDoNoHarm) {
  EXPECT_EQ(
      Parse(kDeepseekV4, Dsml(kDeepseekV4,
                              "<｜DSML｜invoke name=\"now\">\n<｜DSML｜parameter name=\"a\" "
                              "string=\"true\"><｜DSML｜invoke name=\"x\"></｜DSML｜invoke>"
                              "</｜DSML｜tool_calls></｜DSML｜parameter>\n</｜DSML｜invoke>"))
          .calls,
      std::vector{Call(
          R"({"a": "<｜DSML｜invoke name=\"x\"></｜DSML｜invoke></｜DSML｜tool_calls>"})", "now")});
}

TEST(DeepseekDsml, MissingEndsAreForgiven) {
  ParsedAnswer answer = Parse(
      kDeepseekV32,
      Dsml(kDeepseekV32, "<｜DSML｜invoke name=\"now\">\n<｜DSML｜invoke name=\"now\">") + "Done");
  EXPECT_EQ(answer.calls, (std::vector{Call("{}", "now"), Call("{}", "now")}));
  EXPECT_EQ(answer.content, "Done");
}

TEST(DeepseekDsml, WhatIsNoCallStaysContentWithoutTheMarks) {
  for (auto [text, wanted] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"a\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"other\">\n</｜DSML｜invoke>\n"
            "</｜DSML｜function_calls>",
            "a\n\n\ninvoke name=\"other\">\ninvoke>"},
           {"<｜DSML｜function_calls>\nnothing", "\nnothing"},
           {"a <｜DSML｜b", "a b"}}) {
    ParsedAnswer answer = Parse(kDeepseekV32, text);
    EXPECT_EQ(answer.content, wanted);
    EXPECT_TRUE(answer.calls.empty());
  }
}

TEST(DeepseekDsml, ItsTokenIsNoTextWhereverItStands) {
  for (auto [text, wanted] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"a｜DSML｜b", "ab"},
           {"｜DSML｜", ""},
           {"a < ｜DSML｜/｜DSML｜｜DSML｜b", "a < /b"},
           {"a <｜DSM b ｜DS｜", "a <｜DSM b ｜DS｜"},
           {"<｜DSML｜｜DSML｜invoke", "invoke"},
           {"｜DS｜DSML｜ML｜b，｜", "｜DSMLb，｜"}}) {
    EXPECT_EQ(Parse(kDeepseekV32, text).content, wanted);
  }
}

TEST(DeepseekDsml, OtherNamesOfTheOuterTagAreForgivenButNeverText) {
  // The outer tag of one syntax in an answer of the other.
  ParsedAnswer answer =
      Parse(kDeepseekV4,
            "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"now\">\n</｜DSML｜invoke>\n"
            "</｜DSML｜function_calls>\nSo.");
  EXPECT_EQ(answer.calls, std::vector{Call("{}", "now")});
  EXPECT_EQ(answer.content, "So.");
}

TEST(DeepseekDsml, BrokenCallsDoNotHideTheNext) {
  ParsedAnswer answer = Parse(
      kDeepseekV4,
      Dsml(kDeepseekV4,
           "<｜DSML｜invoke name=\"\">x</｜DSML｜invoke>\n<｜DSML｜invoke>y</｜DSML｜invoke>\n"
           "<｜DSML｜invoke name=\"now\">\n</｜DSML｜invoke>"));
  EXPECT_EQ(answer.calls, std::vector{Call("{}", "now")});
}

TEST(DeepseekDsml, TextInsideOfACallThatIsNoArgumentIsDropped) {
  EXPECT_EQ(
      Parse(kDeepseekV32,
            Dsml(kDeepseekV32, "<｜DSML｜invoke name=\"now\">\nas you wish\n</｜DSML｜invoke>"))
          .calls,
      std::vector{Call("{}", "now")});
}

TEST(DeepseekDsml, StringsStreamAndCutsKeepWhatCame) {
  std::string_view text =
      "<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"now\">\n<｜DSML｜parameter name=\"a\" "
      "string=\"true\">New Y";
  EXPECT_EQ(AfterAdding(kDeepseekV4, text).calls,
            (std::vector{ParsedCall{"now", "{\"a\": \"New Y", false}}));
  EXPECT_EQ(Parse(kDeepseekV4, text, Parser::End::kCut).calls,
            std::vector{Call("{\"a\": \"New Y", "now")});
  EXPECT_EQ(Parse(kDeepseekV4, "So.\n\n<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"no",
                  Parser::End::kCut)
                .content,
            "So.");
}

// ---- without tools ----

// What a model writes that was trained to call though nothing was offered: as with a name that
// nobody has.
TEST(Deepseek, ItsMarksAreNoTextWithoutToolsEither) {
  for (auto [syntax, text, wanted] :
       std::initializer_list<std::tuple<const Syntax*, std::string_view, std::string_view>>{
           {&kDeepseekV3,
            "a\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{}\n``"
            "`"
            "<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
            "a\nfunctionf\n```json\n{}\n```"},
           {&kDeepseekV31,
            "a\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{}<｜tool▁call▁end｜>"
            "<｜tool▁calls▁end｜>",
            "a\nf{}"},
           {&kDeepseekV32,
            "a\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"f\">\n</｜DSML｜invoke>\n"
            "</｜DSML｜function_calls>",
            "a\n\n\ninvoke name=\"f\">\ninvoke>\n"},
           {&kDeepseekV4,
            "a\n\n<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"f\">\n</｜DSML｜invoke>\n"
            "</｜DSML｜tool_calls>",
            "a\n\n\ninvoke name=\"f\">\ninvoke>\n"},
           {&kDeepseekV32, "a｜DSML｜b, <｜DSML｜｜DSML｜<｜DSML", "ab, <｜DSML"},
           {&kDeepseekV4, "a，b｜c｜", "a，b｜c｜"},
           {&kDeepseekV31, "<think>x<｜tool▁sep｜>y</think>z<｜tool▁calls▁begin｜>", "z"}}) {
    const AnswerCase answer_case = {text, {.reasoning_possible = true}};
    CheckStreaming(*syntax, answer_case);
    EXPECT_EQ(ParseAnswer(*syntax, answer_case).content, wanted) << syntax->name;
  }
}

}  // namespace
}  // namespace millrace::output_parser
