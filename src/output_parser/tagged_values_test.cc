// Values between tags: where they end, whatever they hold, and what becomes of them.
#include <gtest/gtest.h>

#include "output_parser/syntaxes.h"
#include "output_parser/testing/parsed_answer.h"

namespace millrace::output_parser {
namespace {

using testing::CheckStreaming;
using testing::InShort;
using testing::ParseAnswer;

struct ValueCase {
  std::string_view text;
  std::string_view wanted;
};
using ValueCases = std::initializer_list<ValueCase>;

ParserOptions Tools() {
  ParserOptions options;
  options.tool_names = {"save", "ping", "tally"};
  options.tool_parameters_json = {
      R"({"type": "object", "properties": {
        "path": {"type": "string"}, "body": {"type": "string"}, "mode": {"type": "string"},
        "lines": {"type": "array"}, "meta": {"type": "object"}}})",
      "{}", ""};
  return options;
}

void ExpectAll(const Syntax& syntax, ValueCases cases, Parser::End end = Parser::End::kComplete) {
  for (const ValueCase& one : cases) {
    const testing::AnswerCase answer_case = {one.text, Tools(), end};
    EXPECT_EQ(InShort(ParseAnswer(syntax, answer_case)), one.wanted) << one.text;
    CheckStreaming(syntax, answer_case);
  }
}

// ---- Qwen3-Coder ----

TEST(Qwen3CoderValue, MayQuoteItsOwnSyntax) {
  ExpectAll(
      kQwen3Coder,
      {
          // Marks inside of a line, as source code has them.
          {"<tool_call>\n<function=save>\n<parameter=path>\nt.py\n</parameter>\n<parameter=body>\n"
           "marks = [\n    \"<tool_call>\\n\",\n    \"<parameter=city>\\n\",\n    "
           "\"\\n</parameter>\\n\",\n"
           "    \"</function>\\n\",\n]\n</parameter>\n</function>\n</tool_call>",
           R"(save({"path": "t.py", "body": "marks = [\n    \"<tool_call>\\n\",\n    )"
           R"(\"<parameter=city>\\n\",\n    \"\\n</parameter>\\n\",\n    \"</function>\\n)"
           R"(\",\n]"}))"},
          // An argument that the call already has.
          {"<tool_call>\n<function=save>\n<parameter=path>\na\n</"
           "parameter>\n<parameter=body>\n'''\n"
           "<parameter=path>\nb\n</parameter>\n'''\n</parameter>\n</function>\n</tool_call>",
           R"(save({"path": "a", "body": "'''\n<parameter=path>\nb\n</parameter>\n'''"}))"},
          // A whole call of the same tool.
          {"<tool_call>\n<function=save>\n<parameter=path>\na\n</"
           "parameter>\n<parameter=body>\nLike:\n"
           "<tool_call>\n<function=save>\n<parameter=path>\nb\n</parameter>\n<parameter=body>\nhi\n"
           "</parameter>\n</function>\n</tool_call>\nSo.\n</parameter>\n</function>\n</tool_call>",
           R"(save({"path": "a", "body": "Like:\n<tool_call>\n<function=save>\n)"
           R"(<parameter=path>\nb\n</parameter>\n<parameter=body>\nhi\n</parameter>\n)"
           R"(</function>\n</tool_call>\nSo."}))"},
          // The same before the other argument came, and one of another tool.
          {"<tool_call>\n<function=save>\n<parameter=body>\n<tool_call>\n<function=save>\n"
           "<parameter=path>\nb\n</parameter>\n</function>\n</"
           "tool_call>\n<tool_call>\n<function=pick>\n"
           "<parameter=bar>1</parameter>\n</function>\n</tool_call>\nend\n</parameter>\n"
           "<parameter=path>\na\n</parameter>\n</function>\n</tool_call>",
           R"(save({"body": "<tool_call>\n<function=save>\n<parameter=path>\nb\n)"
           R"(</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=pick>\n)"
           R"(<parameter=bar>1</parameter>\n</function>\n</tool_call>\nend", "path": "a"}))"},
          // Closing marks with text behind them.
          {"<tool_call>\n<function=save>\n<parameter=body>\nUse </parameter> to close, </function> "
           "next.\n"
           "</parameter> that is\n</parameter>\n</function>\n</tool_call>",
           R"(save({"body": "Use </parameter> to close, </function> next.\n</parameter> that is"}))"},
          {"<tool_call>\n<function=save>\n<parameter=body>\n</tool_call>\n</parameter>\n"
           "<parameter=path>\n</function>\nx\n</parameter>\n</function>\n</tool_call>\nDone.",
           R"(text{Done.} save({"body": "</tool_call>", "path": "</function>\nx"}))"},
      });
}

TEST(Qwen3CoderValue, ArgumentsThatTheToolDoesNotListAreTextOnlyWhereTextFollows) {
  ExpectAll(
      kQwen3Coder,
      {{"<tool_call>\n<function=save>\n<parameter=body>\nT = "
        "'''\n</parameter>\n<parameter=new>\n#!\n"
        "</parameter>\n'''\n</parameter>\n<parameter=path>\na\n</parameter>\n</function>\n</"
        "tool_call>",
        R"(save({"body": "T = '''\n</parameter>\n<parameter=new>\n#!\n</parameter>\n'''", )"
        R"("path": "a"}))"},
       {"<tool_call>\n<function=save>\n<parameter=path>\na\n</parameter>\n<parameter=one>\n1\n</"
        "parameter>\n"
        "<parameter=two>\n<parameter=x>\n</parameter>\n</parameter>\n</function>\n</tool_call> b",
        R"(text{b} save({"path": "a", "one": 1, "two": "<parameter=x>\n</parameter>"}))"},
       {"<tool_call>\n<function=save>\n<parameter=path>\na\n</parameter>\n<parameter=one>\n1\n</"
        "parameter>\n"
        "<parameter=body>\nb\n</parameter>\n<parameter=path>\nc\n</parameter>\n</function>\n</"
        "tool_call>",
        R"(save({"path": "a", "one": 1, "body": "b", "path": "c"}))"},
       {"<tool_call>\n<function=save>\n<parameter=path>\na\n</parameter>\n<parameter=one>\n1",
        R"(save({"path": "a", "one": 1}))"},
       {"<tool_call>\n<function=save>\n<parameter=path>\na\n</parameter>\n<parameter=one>\n1\n</"
        "parameter>\n"
        "<parameter=two>\n2\n</parameter>",
        R"(save({"path": "a", "one": 1, "two": 2}))"},
       {"<tool_call>\n<function=save>\n<parameter=path>\na\n</parameter>\n<parameter=a<b>\n1\n</"
        "parameter>\n"
        "</function>\n</tool_call>",
        R"(save({"path": "a", "a<b": 1}))"}});
}

TEST(Qwen3CoderValue, EndsWithoutItsClosingMark) {
  ExpectAll(kQwen3Coder,
            {
                // At an argument that the tool has.
                {"Look:\n<tool_call>\n<function=save>\n<parameter=path>\na "
                 "b\n<parameter=body>\nc\n</parameter>\n"
                 "<parameter=mode>\nw\n</parameter>\n</function>\n</tool_call>",
                 R"(text{Look:} save({"path": "a b", "body": "c", "mode": "w"}))"},
                {"<tool_call>\n<function=save>\n<parameter=path>\na\n<parameter=body>\nb\n<"
                 "parameter=mode>\nw\n"
                 "</function>\n</tool_call>",
                 R"(save({"path": "a", "body": "b", "mode": "w"}))"},
                // At the end of the call when that ends the answer.
                {"<tool_call>\n<function=save>\n<parameter=path>\na\n</function>\n</tool_call>\n",
                 R"(save({"path": "a"}))"},
                {"<tool_call>\n<function=save>\n<parameter=path>\na\n</tool_call>",
                 R"(save({"path": "a"}))"},
                {"<tool_call>\n<function=save>\n<parameter=path>\na\n</function></tool",
                 R"(save({"path": "a"}))"},
                {"<tool_call>\n<function=save>\n<parameter=path>\na\n", R"(save({"path": "a"}))"},
            });
}

TEST(Qwen3CoderValue, BeginsInTheNextLineWhereItsKeyLacksItsEnd) {
  ExpectAll(
      kQwen3Coder,
      {
          {"<tool_call>\n<function=save>\n<parameter=path\na\n</parameter>\n<parameter=body>\n"
           "b\n</parameter>\n</function>\n</tool_call>",
           R"(save({"path": "a", "body": "b"}))"},
          {"<tool_call>\n<function=save>\n<parameter=path>\na\n</parameter>\n<parameter=body\n"
           "\nb\n\n</parameter>\n</function>\n</tool_call>",
           R"(save({"path": "a", "body": "\nb\n"}))"},
          {"<tool_call>\n<function=save>\n<parameter=\npath>\na\n</parameter>\n</function>\n"
           "</tool_call>",
           R"(save({"path": "a"}))"},
      });
}

TEST(Qwen3CoderValue, ClosingMarksTooManyDoNoHarm) {
  ExpectAll(
      kQwen3Coder,
      {
          {"<tool_call>\n<function=save>\n<parameter=path>\na\n</parameter>\n</parameter>\n"
           "<parameter=body>\nb\n</parameter></parameter></function>\n</function>\n</tool_call>"
           "</tool_call> on",
           R"(text{on} save({"path": "a", "body": "b"}))"},
          {"<tool_call><tool_call>\n<function=ping>\n</function>\n</tool_call>", "ping({})"},
      });
}

TEST(Qwen3CoderValue, JsonMayHoldAnyMarkInItsStrings) {
  ExpectAll(
      kQwen3Coder,
      {
          {"<tool_call>\n<function=save>\n<parameter=meta>\n{\"a\": "
           "\"</parameter></function></tool_call>\", "
           "\"b\": \"<parameter=path>x</parameter><parameter=mode>\"}\n</parameter>\n</function>\n"
           "</tool_call>\n<tool_call>\n<function=ping>\n</function>\n</tool_call>",
           R"(save({"meta": {"a": "</parameter></function></tool_call>", "b": )"
           R"("<parameter=path>x</parameter><parameter=mode>"}}) ping({}))"},
          // A string that does not end is no JSON.
          {"<tool_call>\n<function=save>\n<parameter=meta>\n{\"a\": "
           "\"b\n</parameter>\n<parameter=path>\nc\n"
           "</parameter>\n</function>\n</tool_call> d",
           R"(text{d} save({"meta": "{\"a\": \"b", "path": "c"}))"},
          {"<tool_call><function=save><parameter=meta>{\"a\": "
           "\"b</parameter></function></tool_call>",
           R"(save({"meta": "{\"a\": \"b"}))"},
      });
}

TEST(Qwen3CoderValue, KeepsItsWhiteSpaceButForOneLineEndOnEachSide) {
  ExpectAll(
      kQwen3Coder,
      {
          {"<tool_call><function=save><parameter=body>\n\n  "
           "a\n\n</parameter></function></tool_call>",
           R"(save({"body": "\n  a\n"}))"},
          {"<tool_call><function=save><parameter=body> \na\n </parameter></function></tool_call>",
           R"(save({"body": " \na\n "}))"},
          {"<tool_call><function=save><parameter=body>\n</parameter><parameter=path></parameter>"
           "<parameter=mode>   </parameter></function></tool_call>",
           R"(save({"body": "", "path": "", "mode": "   "}))"},
          {"<tool_call>\n  <function=save>\n    <parameter=path>a</parameter>\n    "
           "<parameter=body>\n      b\n"
           "    </parameter>\n  </function>\n</tool_call>",
           R"(save({"path": "a", "body": "      b\n    "}))"},
          {"<tool_call>\r\n<function=ping>\r\n</function>\r\n</tool_call>", "ping({})"},
      });
}

TEST(Qwen3CoderValue, CharactersHaveNoMeaningOfTheirOwn) {
  ExpectAll(
      kQwen3Coder,
      {
          {"<tool_call><function=save><parameter=body>\nmake && echo \"a > b < c\" &amp; &#60; "
           "<b>x</b> "
           "<![CDATA[y]]>\n</parameter></function></tool_call>",
           R"(save({"body": "make && echo \"a > b < c\" &amp; &#60; <b>x</b> <![CDATA[y]]>"}))"},
          {"<tool_call><function=tally><parameter=Größe "
           "1>3</parameter><parameter=\"q\">\"x\"</parameter>"
           "</function></tool_call>",
           R"(tally({"Größe 1": 3, "q": "\"x\""}))"},
      });
}

TEST(Qwen3CoderValue, CutByALimitKeepsWhatIsCertain) {
  ExpectAll(
      kQwen3Coder,
      {{"<tool_call><function=save><parameter=body>\nab</param", R"(save({"body": "ab))"},
       {"<tool_call><function=save><parameter=body>\nab\n</parameter>", R"(save({"body": "ab"))"},
       {"<tool_call><function=save><parameter=body>\nab\n</function>", R"(save({"body": "ab))"},
       {"<tool_call><function=save><parameter=lines>\n[1, 2", R"(save({"lines": ))"},
       {"<tool_call><function=save><parameter=bo", "save()"}},
      Parser::End::kCut);
}

// ---- GLM ----

TEST(GlmValue, MayQuoteItsOwnSyntax) {
  for (const Syntax* syntax : {&kGlm45, &kGlm47}) {
    ExpectAll(
        *syntax,
        {
            {"<tool_call>save<arg_key>path</arg_key><arg_value>a</arg_value><arg_key>body</"
             "arg_key><arg_value>"
             "<tool_call>save<arg_key>path</arg_key><arg_value>b</arg_value></tool_call>, then"
             "</arg_value></tool_call>",
             R"(save({"path": "a", "body": "<tool_call>save<arg_key>path</arg_key><arg_value>b)"
             R"(</arg_value></tool_call>, then"}))"},
            {"<tool_call>save\n<arg_key>body</arg_key>\n<arg_value>x</arg_value> y <arg_key> z "
             "</tool_call>."
             "</arg_value>\n</tool_call>ok",
             R"(text{ok} save({"body": "x</arg_value> y <arg_key> z </tool_call>."}))"},
            {"<tool_call>save<arg_key>meta</arg_key><arg_value>{\"a\": "
             "\"</arg_value></tool_call>\"}</arg_value>"
             "</tool_call><tool_call>ping</tool_call>",
             R"(save({"meta": {"a": "</arg_value></tool_call>"}}) ping({}))"},
        });
  }
}

TEST(GlmValue, LacksSomeOfItsMarks) {
  for (const Syntax* syntax : {&kGlm45, &kGlm47}) {
    ExpectAll(
        *syntax,
        {
            {"<tool_call>save\n<arg_key>path</arg_key>\n<arg_value>a<arg_key>body</"
             "arg_key>\n<arg_value>b"
             "</arg_value>\n</tool_call>",
             R"(save({"path": "a", "body": "b"}))"},
            {"<tool_call>save\n<arg_key>path</arg_key>\n<arg_value>a<arg_key>body</"
             "arg_key>\n<arg_value>b",
             R"(save({"path": "a", "body": "b"}))"},
            {"<tool_call>save<arg_key>path</arg_key><arg_value>a</tool_call>",
             R"(save({"path": "a"}))"},
            {"<tool_call>save<arg_key>path</arg_key><arg_value>a</arg_value></tool_",
             R"(save({"path": "a"}))"},
            {"<tool_call>save\n<arg_key>path</arg_key>\na b</arg_value>\n<arg_key>body</arg_key>\nc"
             "</arg_value>\n</tool_call>",
             R"(save({"path": "a b", "body": "c"}))"},
            {"<tool_call>save<arg_key>path</arg_key><arg_value>a</arg_value></arg_value><arg_value>"
             "</tool_call>",
             R"(save({"path": "a"}))"},
            {"<tool_call>save\n<arg_key>path\n<arg_value>a</arg_value>\n<arg_key>body</arg_key>\n"
             "<arg_value>b</arg_value>\n</tool_call>",
             R"(save({"path": "a", "body": "b"}))"},
            {"<tool_call>save<arg_key>path<arg_value>a", R"(save({"path": "a"}))"},
            {"<tool_call>ping\n</tool x\n</tool_call>b", "text{b} ping({})"},
        });
  }
}

TEST(GlmValue, KeepsItsWhiteSpaceAndCharacters) {
  ExpectAll(
      kGlm45,
      {
          {"<tool_call>save\n<arg_key>body</arg_key>\n<arg_value>  \n if x:\n\ty()  "
           "\n</arg_value>\n</tool_call>",
           R"(save({"body": "  \n if x:\n\ty()  \n"}))"},
          {"<tool_call>tally\n<arg_key>a<1></arg_key>\n<arg_value><>&&<></arg_value>\n<arg_key>x & "
           "y</arg_key>\n"
           "<arg_value></arg_value>\n</tool_call>",
           R"(tally({"a<1>": "<>&&<>", "x & y": ""}))"},
          {"<tool_call>  tally\n  <arg_key>a</arg_key>\n  <arg_value>1</arg_value>\n  </tool_call>",
           R"(tally({"a": 1}))"},
      });
}

TEST(GlmValue, TheSameKeyMayComeTwice) {
  ExpectAll(kGlm47,
            {{"<tool_call>tally<arg_key>a</arg_key><arg_value>1</arg_value><arg_key>a</arg_key>"
              "<arg_value>2</arg_value></tool_call>",
              R"(tally({"a": 1, "a": 2}))"}});
}

// ---- DSML ----

TEST(DsmlValue, MayQuoteItsOwnSyntax) {
  ExpectAll(
      kDeepseekV4,
      {
          {"<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"save\">\n<｜DSML｜parameter name=\"body\" "
           "string=\"true\">"
           "<｜DSML｜invoke name=\"save\">\n<｜DSML｜parameter name=\"path\" "
           "string=\"true\">b</｜DSML｜parameter>\n"
           "</｜DSML｜invoke>\nend</｜DSML｜parameter>\n<｜DSML｜parameter name=\"path\" "
           "string=\"true\">a"
           "</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>",
           R"(save({"body": "<｜DSML｜invoke name=\"save\">\n<｜DSML｜parameter name=\"path\" )"
           R"(string=\"true\">b</｜DSML｜parameter>\n</｜DSML｜invoke>\nend", "path": "a"}))"},
          {"<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"tally\">\n<｜DSML｜parameter name=\"a\" "
           "string=\"false\">"
           "{\"x\": "
           "\"</｜DSML｜parameter>\\n</｜DSML｜invoke></｜DSML｜tool_calls>\"}</"
           "｜DSML｜parameter>\n"
           "</｜DSML｜invoke>\n</｜DSML｜tool_calls>\n\nok",
           R"(text{ok} tally({"a": {"x": "</｜DSML｜parameter>\n</｜DSML｜invoke></｜DSML｜tool_calls>"}}))"},
      });
}

TEST(DsmlValue, LacksSomeOfItsMarks) {
  ExpectAll(kDeepseekV32, {
                              {"<｜DSML｜function_calls>\n<｜DSML｜invoke "
                               "name=\"save\">\n<｜DSML｜parameter name=\"path\" "
                               "string=\"true\">a<｜DSML｜parameter name=\"body\" "
                               "string=\"true\">b</｜DSML｜parameter>\n"
                               "</｜DSML｜invoke>\n</｜DSML｜function_calls>",
                               R"(save({"path": "a", "body": "b"}))"},
                              {"<｜DSML｜function_calls>\n<｜DSML｜invoke "
                               "name=\"save\">\n<｜DSML｜parameter name=\"path\" "
                               "string=\"true\">a</｜DSML｜invoke>\n</｜DSML｜function_calls>",
                               R"(save({"path": "a"}))"},
                              {"<｜DSML｜function_calls>\n<｜DSML｜invoke "
                               "name=\"save\">\n<｜DSML｜parameter name=\"path\" "
                               "string=\"true\">a</｜DSML｜parameter>\n",
                               R"(save({"path": "a"}))"},
                          });
}

// ---- arguments as one JSON object ----

TEST(TaggedCall, AJsonObjectMayStandInPlaceOfTheTags) {
  const std::string_view json = R"({"x": [1, {"y": "}</tool_call></｜DSML｜invoke></function>"}]})";
  const std::string wanted = "tally(" + std::string(json) + ") ping({})";
  for (const auto& [syntax, open, close] :
       std::initializer_list<std::tuple<const Syntax*, std::string, std::string>>{
           {&kQwen3Coder, "<tool_call>\n<function=tally>\n",
            "\n</function>\n</tool_call>\n<tool_call>\n"
            "<function=ping>\n{}\n</function>\n</tool_call>"},
           {&kGlm45, "<tool_call>tally\n", "\n</tool_call>\n<tool_call>ping\n{}</tool_call>"},
           {&kDeepseekV32, "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"tally\">\n",
            "\n</｜DSML｜invoke>\n<｜DSML｜invoke name=\"ping\">{}</｜DSML｜invoke>\n"
            "</｜DSML｜function_calls>"}}) {
    const std::string text = open + std::string(json) + close;
    ExpectAll(*syntax, {{text, wanted}});
  }
}

TEST(TaggedCall, AJsonObjectThatIsBrokenEndsWithTheCall) {
  ExpectAll(kQwen3Coder, {{"<tool_call>\n<function=tally>\n{\"a\": [1\n</function>\n</tool_call> b",
                           "text{b} tally({\"a\": [1\n)"},
                          {"<tool_call>\n<function=tally>\n{\"a\": 1} "
                           "<parameter=b>2</parameter></function></tool_call>",
                           "tally({\"a\": 1})"}});
}

}  // namespace
}  // namespace millrace::output_parser
