// Reasoning and content, in every syntax: the tag that opens reasoning may stand in the answer or
// in the prompt.
#include <gtest/gtest.h>

#include "output_parser/syntaxes.h"
#include "output_parser/testing/parsed_answer.h"

namespace millrace::output_parser {
namespace {

using testing::AnswerCase;
using testing::CheckStreaming;
using testing::InShort;
using testing::ParseAnswer;

ParserOptions MayReason() { return {.reasoning_possible = true, .tool_names = {"ping"}}; }
ParserOptions Reasons() {
  ParserOptions options = MayReason();
  options.starts_in_reasoning = true;
  return options;
}
ParserOptions DoesNotReason() { return {.tool_names = {"ping"}}; }

struct TextCase {
  std::string_view text;
  std::string_view wanted;
};
using TextCases = std::initializer_list<TextCase>;

void ExpectInEverySyntax(const ParserOptions& options, TextCases cases,
                         Parser::End end = Parser::End::kComplete) {
  for (const Syntax* syntax : Syntaxes()) {
    for (const TextCase& one : cases) {
      const AnswerCase answer_case = {one.text, options, end};
      EXPECT_EQ(InShort(ParseAnswer(*syntax, answer_case)), one.wanted)
          << syntax->name << ": " << one.text;
      CheckStreaming(*syntax, answer_case);
    }
  }
}

// A call of "ping" without arguments.
std::string Ping(const Syntax& syntax) {
  const CallForm& form = syntax.form;
  const std::string none = form.arguments == CallForm::Arguments::kTagged ? "" : "{}";
  return std::string(form.begin) + std::string(form.call_begin) + "ping" +
         std::string(form.name_end) + none + std::string(form.call_end) + std::string(form.end);
}

TEST(Reasoning, TheAnswerMayOpenIt) {
  ExpectInEverySyntax(MayReason(),
                      {{"<think>a b</think>c d", "think{a b} text{c d}"},
                       {"\n<think>\na\nb\n</think>\n\nc\nd", "think{a\nb} text{c\nd}"},
                       {" \t\n <think>a</think>", "think{a}"},
                       {"<think></think>a", "text{a}"},
                       {"<think>\n\n</think>\n\na", "text{a}"},
                       {"<think>思考。🙂</think>答え", "think{思考。🙂} text{答え}"},
                       {"plain", "text{plain}"},
                       {"  <thinking> aloud", "text{  <thinking> aloud}"},
                       {"<thin", "text{<thin}"}});
}

TEST(Reasoning, ThePromptMayHaveOpenedIt) {
  ExpectInEverySyntax(Reasons(),
                      {{"a b</think>c d", "think{a b} text{c d}"},
                       {"\na\n</think>\n\nb", "think{a} text{b}"},
                       {"</think>a", "text{a}"},
                       {"a</think>", "think{a}"},
                       {"never done", "think{never done}"},
                       {"x </thought> </thin y</think>z", "think{x </thought> </thin y} text{z}"}});
}

TEST(Reasoning, AnOpeningTagThatComesAgainIsLeftOut) {
  ExpectInEverySyntax(Reasons(), {{"<think>\na</think>b", "think{a} text{b}"},
                                  {"<think>a<think>\nb</think>c", "think{a\nb} text{c}"}});
  ExpectInEverySyntax(MayReason(), {{"<think><think>\na</think>b", "think{a} text{b}"}});
}

TEST(Reasoning, TagsOutsideOfItAreLeftOut) {
  ExpectInEverySyntax(DoesNotReason(), {{"</think>a", "text{a}"},
                                        {"</think>\n\na", "text{a}"},
                                        {"a </think>\nb", "text{a \nb}"},
                                        {"<think>\n\n</think>\n\na", "text{a}"}});
  ExpectInEverySyntax(MayReason(), {{"<think>a</think>b</think>c<think>d", "think{a} text{bcd}"}});
}

TEST(Reasoning, CutInsideATagLosesTheTag) {
  ExpectInEverySyntax(MayReason(),
                      {{"<thi", ""}, {"<think>a</thi", "think{a}"}, {"<think>a\n", "think{a\n}"}},
                      Parser::End::kCut);
}

TEST(Reasoning, EndsAtACall) {
  for (const Syntax* syntax : Syntaxes()) {
    const std::string ping = Ping(*syntax);
    for (const auto& [text, wanted] :
         std::initializer_list<std::pair<std::string, std::string_view>>{
             {"<think>I look.\n\n" + ping, "think{I look.} ping({})"},
             {"<think>I look.\n" + ping + "\n</think>\n\nSo.", "think{I look.} text{So.} ping({})"},
             {"<think>\n" + ping, "ping({})"},
             {"<think>a</think>\n\n" + ping, "think{a} ping({})"},
             {"<think>a</think>b\n\n" + ping + "\nc", "think{a} text{bc} ping({})"},
             {"<think>a\n" + ping + "\nthen\n" + ping, "think{a} text{then} ping({}) ping({})"}}) {
      const AnswerCase answer_case = {text, MayReason()};
      EXPECT_EQ(InShort(ParseAnswer(*syntax, answer_case)), wanted) << syntax->name << ": " << text;
      CheckStreaming(*syntax, answer_case);
    }
  }
}

TEST(Reasoning, TalksOfCallsWithoutMakingOne) {
  for (const auto& [syntax, text, wanted] :
       std::initializer_list<std::tuple<const Syntax*, std::string_view, std::string_view>>{
           {&kHermes, "<think>Is </tool_call> or <tool_call>? No.</think>a",
            "think{Is  or ? No.} text{a}"},
           {&kHermes, "<think>Was it <tool_c</think>a", "think{Was it <tool_c} text{a}"},
           {&kQwen3Coder, "<think>A <function=ping> in prose.</think>a",
            "think{A <function=ping> in prose.} text{a}"},
           {&kGlm47, "<think>tail</arg_value></tool_call></think>a", "think{tail} text{a}"},
           {&kDeepseekV31, "<think>x<｜tool▁call▁end｜>y<｜tool▁calls▁end｜></think>a",
            "think{xy} text{a}"},
           {&kDeepseekV4, "<think>no <｜DSML｜tool_calls> here</think>a",
            "think{no  here} text{a}"},
           {&kHunyuan, "<think>a <tool_calls> b [{</think>\n<answer>\nc\n</answer>",
            "think{a  b [{} text{c}"}}) {
    const AnswerCase answer_case = {text, MayReason()};
    EXPECT_EQ(InShort(ParseAnswer(*syntax, answer_case)), wanted) << text;
    CheckStreaming(*syntax, answer_case);
  }
}

TEST(Reasoning, StreamsAsItComes) {
  for (const Syntax* syntax : Syntaxes()) {
    std::unique_ptr<Parser> parser = MakeParser(*syntax, Reasons());
    testing::ParsedAnswer answer;
    for (const auto& [part, reasoning] :
         std::initializer_list<std::pair<std::string_view, std::string_view>>{
             {"one ", "one "},
             {"two\n", "one two"},
             {"three </", "one two\nthree "},
             {"b>", "one two\nthree </b>"},
             {" \n", "one two\nthree </b> "}}) {
      testing::Collect(parser->Add(part), answer);
      EXPECT_EQ(answer.reasoning, reasoning) << syntax->name;
    }
  }
}

}  // namespace
}  // namespace millrace::output_parser
