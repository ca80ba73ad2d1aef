// The syntaxes that write arguments as tagged text: Qwen3-Coder's and GLM's.
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
  options.tool_parameters_json = {R"({"type": "object", "properties": {
    "city": {"type": "string"}, "days": {"type": "integer"}, "hourly": {"type": "boolean"},
    "unit": {"type": ["string", "null"]}, "where": {"type": "object"}, "at": {"enum": [1, 2]},
    "list": {"type": "list"}, "flag": {"type": ["boolean", "string"]},
    "tree": {"type": ["object", "array"]},
    "either": {"oneOf": [{"type": "array"}, {"type": "string"}]},
    "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": 5},
    "any": {"anyOf": [{"type": "number"}, {"type": "string"}]}}})",
                                  ""};
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

std::string Coder(std::string_view key, std::string_view value) {
  return "<tool_call>\n<function=get_weather>\n<parameter=" + std::string(key) + ">\n" +
         std::string(value) + "\n</parameter>\n</function>\n</tool_call>";
}

std::string Glm(std::string_view key, std::string_view value) {
  return "<tool_call>get_weather\n<arg_key>" + std::string(key) + "</arg_key>\n<arg_value>" +
         std::string(value) + "</arg_value>\n</tool_call>";
}

TEST(TaggedCalls, ValuesFollowTheSchema) {
  for (auto [key, value, wanted] :
       std::initializer_list<std::tuple<std::string_view, std::string_view, std::string>>{
           {"city", "Köln", R"({"city": "Köln"})"},
           {"city", "3", R"({"city": "3"})"},
           {"city", "a \"b\" \\\nc\td", R"({"city": "a \"b\" \\\nc\td"})"},
           {"city", "", R"({"city": ""})"},
           {"city", "a </param < b", R"({"city": "a </param < b"})"},
           {"days", "3", R"({"days": 3})"},
           {"days", "three", R"({"days": "three"})"},
           {"hourly", "true", R"({"hourly": true})"},
           {"hourly", "False", R"({"hourly": false})"},
           {"unit", "null", R"({"unit": null})"},
           {"unit", "None", R"({"unit": null})"},
           {"unit", "c", R"({"unit": "c"})"},
           {"unit", "5", R"({"unit": "5"})"},
           {"where", R"({"lat": 1, "lon": [2]})", R"({"where": {"lat": 1, "lon": [2]}})"},
           {"where", "{broken", R"({"where": "{broken"})"},
           {"at", "2", R"({"at": 2})"},
           {"any", "1.50", R"({"any": 1.50})"},
           {"any", "x", R"({"any": "x"})"},
           {"unit", "042", R"({"unit": "042"})"},
           {"city", "null", R"({"city": "null"})"},
           {"city", "{'a': 1}", R"({"city": "{'a': 1}"})"},
           {"days", "007", R"({"days": 7})"},
           {"days", "-12", R"({"days": -12})"},
           {"days", "+3.50e2", R"({"days": 3.50e2})"},
           {"days", "\"4\"", R"({"days": 4})"},
           {"days", "1.2.3", R"({"days": "1.2.3"})"},
           {"days", "9007199254740993", R"({"days": 9007199254740993})"},
           {"hourly", "TRUE", R"({"hourly": true})"},
           {"hourly", "yes", R"({"hourly": "yes"})"},
           {"where", "{'lat': 1, 'tags': ('a', None)}",
            R"({"where": {"lat": 1, "tags": ["a", null]}})"},
           {"where", R"("{'lat': 1}")", R"({"where": {"lat": 1}})"},
           {"where", R"("{\"lat\": 1}")", R"({"where": {"lat": 1}})"},
           {"where", "[1]", R"({"where": "[1]"})"},
           {"list", "[\"a\", 1, true, null]", R"({"list": ["a", 1, true, null]})"},
           {"list", "[1, 2", R"({"list": "[1, 2"})"},
           {"either", "[{\"a\": 1}]", R"({"either": [{"a": 1}]})"},
           {"either", "['a']", R"({"either": "['a']"})"},
           {"flag", "true", R"({"flag": true})"},
           {"flag", "yes", R"({"flag": "yes"})"},
           {"tree", "[1]", R"({"tree": [1]})"},
           {"tree", "['a']", R"({"tree": ["a"]})"},
           {"maybe", "NULL", R"({"maybe": null})"},
           {"maybe", "12", R"({"maybe": 12})"},
           {"any", "true", R"({"any": "true"})"},
           {"unlisted", "NULL", R"({"unlisted": "NULL"})"},
           {"unlisted", "['a']", R"({"unlisted": "['a']"})"},
           {"unlisted", "007", R"({"unlisted": "007"})"},
           {"unlisted", "True", R"({"unlisted": true})"},
           {"unlisted", "[1]", R"({"unlisted": [1]})"},
           {"unlisted", "words here", R"({"unlisted": "words here"})"},
       }) {
    EXPECT_EQ(Parse(kQwen3Coder, Coder(key, value)).calls, std::vector{Call(wanted)});
    EXPECT_EQ(Parse(kGlm45, Glm(key, value)).calls, std::vector{Call(wanted)});
  }
}

TEST(Qwen3Coder, SeveralParametersAndCallsAreRead) {
  ParsedAnswer answer = Parse(
      kQwen3Coder,
      "Let me see.\n\n<tool_call>\n<function=get_weather>\n<parameter=city>\nOslo\n\n"
      "</parameter>\n<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n"
      "<function=now>\n</function>\n</tool_call>");
  EXPECT_EQ(answer.content, "Let me see.");
  EXPECT_EQ(answer.calls,
            (std::vector{Call(R"({"city": "Oslo\n", "days": 2})"), Call("{}", "now")}));
}

TEST(Qwen3Coder, MissingEndsAreForgiven) {
  EXPECT_EQ(Parse(kQwen3Coder, "<tool_call><function=now></tool_call>").calls,
            std::vector{Call("{}", "now")});
  EXPECT_EQ(Parse(kQwen3Coder, "<tool_call><function=get_weather><parameter=city>Oslo").calls,
            std::vector{Call(R"({"city": "Oslo"})")});
  ParsedAnswer answer = Parse(kQwen3Coder, "<tool_call><function=now></function> and more");
  EXPECT_EQ(answer.calls, std::vector{Call("{}", "now")});
  EXPECT_EQ(answer.content, "and more");
}

TEST(Qwen3Coder, WhatIsNoCallStaysContentWithoutTheMarks) {
  for (auto [text, wanted] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"<tool_call>\n<function=other>\n</function>\n</tool_call>",
            "\n<function=other>\n</function>\n"},
           {"<tool_call>\n<function>\n</function>\n</tool_call>", "\n<function>\n</function>\n"},
           {"<parameter=city>a</parameter></function></tool_call>",
            "<parameter=city>a</parameter></function>"},
           {"<tool_call>now</tool_call>", "now"},
           {"<tool_call>\n<function=now", "\n<function=now"},
           {"<tool_call>{\"name\": \"now\"}</tool_call>", "{\"name\": \"now\"}"}}) {
    ParsedAnswer answer = Parse(kQwen3Coder, text);
    EXPECT_EQ(answer.content, wanted);
    EXPECT_TRUE(answer.calls.empty());
  }
}

TEST(Qwen3Coder, MarksInValuesDoNoHarm) {
  EXPECT_EQ(
      Parse(kQwen3Coder, Coder("city", "<tool_call></function></tool_call><parameter=x>")).calls,
      std::vector{Call(R"({"city": "<tool_call></function></tool_call><parameter=x>"})")});
}

TEST(Qwen3Coder, ACallOfAnUnknownNameIsTextUpToItsEnd) {
  ParsedAnswer answer = Parse(kQwen3Coder,
                              "<tool_call>\n<function=other>\n<parameter=a>\n<tool_call>\n"
                              "<function=now>\n</function>\n</tool_call>\n</parameter>\n"
                              "</function>\n</tool_call>\n<tool_call>\n<function=now>\n"
                              "</function>\n</tool_call>");
  EXPECT_EQ(answer.calls, std::vector{Call("{}", "now")});
  EXPECT_TRUE(answer.content.starts_with("\n<function=other>"));
}

TEST(Qwen3Coder, ProseAboutTheMarkEndsWhereItIsNoCall) {
  ParsedAnswer answer =
      Parse(kQwen3Coder, "Use <tool_call>. <tool_call><function=now></function></tool_call>");
  EXPECT_EQ(answer.content, "Use .");
  EXPECT_EQ(answer.calls, std::vector{Call("{}", "now")});
}

TEST(Qwen3Coder, QuotesAroundNamesAreLeftOut) {
  EXPECT_EQ(Parse(kQwen3Coder,
                  "<tool_call><function=\"get_weather\"><parameter= city >Oslo</parameter>"
                  "</function></tool_call>")
                .calls,
            std::vector{Call(R"({"city": "Oslo"})")});
}

TEST(Qwen3Coder, StringsStreamAndCutsKeepWhatCame) {
  std::unique_ptr<Parser> parser = MakeParser(kQwen3Coder, WithTools());
  ParsedAnswer answer;
  Collect(parser->Add("<tool_call>\n<function=get_weather>\n<parameter=city>\nNew Y"), answer);
  EXPECT_EQ(answer.calls, (std::vector{ParsedCall{"get_weather", "{\"city\": \"New Y", false}}));
  Collect(parser->Finish(Parser::End::kCut), answer);
  EXPECT_EQ(answer.calls, std::vector{Call("{\"city\": \"New Y")});
}

TEST(Glm45, BothSpacingsAndNoArgumentsAreRead) {
  ParsedAnswer answer =
      Parse(kGlm45,
            "<tool_call>get_weather<arg_key>city</arg_key><arg_value>Oslo</arg_value><arg_key>days"
            "</arg_key><arg_value>2</arg_value></tool_call><tool_call>now</tool_call>");
  EXPECT_EQ(answer.calls, (std::vector{Call(R"({"city": "Oslo", "days": 2})"), Call("{}", "now")}));
  EXPECT_EQ(answer.content, "");
}

TEST(Glm45, WhatIsNoCallStaysContentWithoutTheMarks) {
  for (auto [text, wanted] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"<tool_call>other</tool_call>", "other"},
           {"<tool_call></tool_call>", ""},
           {"see <tool_call> here", "see  here"},
           {"<tool_call>other\n<arg_key>a</arg_key>\n<arg_value>b</arg_value>\n</tool_call>",
            "other\na\nb\n"},
           {"<tool_call>no", "no"}}) {
    ParsedAnswer answer = Parse(kGlm45, text);
    EXPECT_EQ(answer.content, wanted);
    EXPECT_TRUE(answer.calls.empty());
  }
}

TEST(Glm45, ProseAboutTheMarkEndsWhereItIsNoCall) {
  ParsedAnswer answer = Parse(kGlm45, "see <tool_call> here it is <tool_call>now</tool_call>");
  EXPECT_EQ(answer.content, "see  here it is");
  EXPECT_EQ(answer.calls, std::vector{Call("{}", "now")});
}

TEST(Glm45, MarksInValuesDoNoHarm) {
  EXPECT_EQ(Parse(kGlm45, Glm("city", "a</tool_call><arg_key>b</arg_key><tool_call>")).calls,
            std::vector{Call(R"({"city": "a</tool_call><arg_key>b</arg_key><tool_call>"})")});
}

TEST(Glm45, AKeyWithoutAValueIsLeftOut) {
  EXPECT_EQ(Parse(kGlm45, "<tool_call>now<arg_key>a</arg_key></tool_call>").calls,
            std::vector{Call("{}", "now")});
  EXPECT_EQ(Parse(kGlm45,
                  "<tool_call>now<arg_key>a</arg_key><arg_key>b</arg_key><arg_value>1"
                  "</arg_value></tool_call>")
                .calls,
            std::vector{Call(R"({"b": 1})", "now")});
}

TEST(Glm45, ACallThatDoesNotCloseEndsWhereTheNextBegins) {
  ParsedAnswer answer = Parse(
      kGlm45,
      "<tool_call>get_weather\n<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n<tool_call>now"
      "</tool_call>");
  EXPECT_EQ(answer.calls, (std::vector{Call(R"({"days": 2})"), Call("{}", "now")}));
}

TEST(Glm, EitherSyntaxReadsLinesAndNone) {
  for (const Syntax* syntax : {&kGlm45, &kGlm47}) {
    const std::vector wanted = {Call(R"({"city": "a\nb < c", "days": 2})"), Call("{}", "now")};
    EXPECT_EQ(
        Parse(*syntax,
              "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>a\nb < c</arg_value>"
              "\n<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>\n"
              "<tool_call>now\n</tool_call>")
            .calls,
        wanted);
    EXPECT_EQ(Parse(*syntax,
                    "<tool_call>get_weather<arg_key>city</arg_key><arg_value>a\nb < c</arg_value>"
                    "<arg_key>days</arg_key><arg_value>2</arg_value></tool_call>"
                    "<tool_call>now</tool_call>")
                  .calls,
              wanted);
  }
}

TEST(Qwen3Coder, ACallMayLackItsOpeningTag) {
  const std::string call = "<function=get_weather>\n<parameter=days>\n2\n</parameter>\n</function>";
  EXPECT_EQ(Parse(kQwen3Coder, call).calls, std::vector{Call(R"({"days": 2})")});
  ParsedAnswer answer = Parse(kQwen3Coder, "Let me see.\n\n" + call + "\n</tool_call>");
  EXPECT_EQ(answer.content, "Let me see.");
  EXPECT_EQ(answer.calls, std::vector{Call(R"({"days": 2})")});
  EXPECT_EQ(Parse(kQwen3Coder, call + "\n" + call).calls.size(), 2U);
}

TEST(Qwen3Coder, CallsMayShareTheirTags) {
  ParsedAnswer answer = Parse(kQwen3Coder,
                              "<tool_call>\n<function=now>\n</function>\n<function=get_weather>\n"
                              "<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>\nb");
  EXPECT_EQ(answer.calls, (std::vector{Call("{}", "now"), Call(R"({"days": 2})")}));
  EXPECT_EQ(answer.content, "b");
}

TEST(TaggedCalls, TypesMayGoByTheNamesOfProgrammingLanguages) {
  for (auto [type, value, wanted] :
       std::initializer_list<std::tuple<std::string_view, std::string_view, std::string_view>>{
           {"int32", "4", "4"},
           {"uint", "4", "4"},
           {"long", "4", "4"},
           {"num", "4.5", "4.5"},
           {"double", "4.5", "4.5"},
           {"varchar", "4", "\"4\""},
           {"str", "4", "\"4\""},
           {"bool", "true", "true"},
           {"dict", "{}", "{}"},
           {"arr", "[]", "[]"},
           {"array<int>", "[]", "[]"},
           {"duration", "4", "4"},
           {"duration", "4s", "\"4s\""}}) {
    ParserOptions options = {.tool_names = {"get_weather"},
                             .tool_parameters_json = {R"({"properties": {"a": {"type": ")" +
                                                      std::string(type) + R"("}}})"}};
    const std::string text = Coder("a", value);
    EXPECT_EQ(ParseAnswer(kQwen3Coder, {text, options}).calls,
              std::vector{Call("{\"a\": " + std::string(wanted) + "}")})
        << type;
  }
}

TEST(Qwen3Coder, ACallWithoutTheEndOfItsNameDoesNotHideTheNext) {
  ParsedAnswer answer =
      Parse(kQwen3Coder,
            "<tool_call>\n<function=now\n</function>\n</tool_call>\n<tool_call>\n"
            "<function=get_weather>\n<parameter=days>1</parameter>\n</function>\n</tool_call>");
  EXPECT_EQ(answer.calls, std::vector{Call(R"({"days": 1})")});
}

TEST(Qwen3Coder, ATemplateThatWasNotFilledInIsNoCall) {
  ParsedAnswer answer =
      Parse(kQwen3Coder,
            "<tool_call>\n<function={{ name }}>\n<parameter={{ key }}>\n{{ value }}\n</parameter>\n"
            "</function>\n</tool_call>\n\n<tool_call>\n<function=now>\n</function>\n</tool_call>");
  EXPECT_EQ(answer.calls, std::vector{Call("{}", "now")});
}

TEST(Qwen3Coder, ACallInsideOfACallOfAnUnknownNameIsNone) {
  ParsedAnswer answer = Parse(kQwen3Coder,
                              "<tool_call>\n<function=other>\n<tool_call>\n<function=elsewhere>\n"
                              "</function>\n</tool_call>\n</function>\n</tool_call>");
  EXPECT_TRUE(answer.calls.empty());
}

TEST(Qwen3Coder, TalkOfFunctionsIsNoCall) {
  for (const char* text :
       {"Write <function=f> there", "<function=", "a <function=no_such_tool>\nb"}) {
    ParsedAnswer answer = Parse(kQwen3Coder, text);
    EXPECT_EQ(answer.content, text);
    EXPECT_TRUE(answer.calls.empty());
  }
}

TEST(Glm45, BoxMarksAreNeverText) {
  EXPECT_EQ(Parse(kGlm45, "It is <|begin_of_box|>42<|end_of_box|>.").content, "It is 42.");
  AnswerCase without_tools = {.text = "<|begin_of_box|>42<|end_of_box|>"};
  CheckStreaming(kGlm45, without_tools);
  EXPECT_EQ(ParseAnswer(kGlm45, without_tools).content, "42");
}

TEST(Glm45, CutCallsKeepWhatCame) {
  ParsedAnswer answer = Parse(
      kGlm45, "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Os", Parser::End::kCut);
  EXPECT_EQ(answer.calls, std::vector{Call("{\"city\": \"Os")});
}

}  // namespace
}  // namespace millrace::output_parser
