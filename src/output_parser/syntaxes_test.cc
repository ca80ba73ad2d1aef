#include "output_parser/syntaxes.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "output_parser/testing/parsed_answer.h"

namespace millrace::output_parser {
namespace {

TEST(Syntaxes, AreFoundByTheirNames) {
  for (const Syntax* syntax : Syntaxes()) {
    EXPECT_EQ(FindSyntax(syntax->name), syntax);
    EXPECT_FALSE(syntax->call_open.empty());
  }
  EXPECT_EQ(FindSyntax("nope"), nullptr);
}

TEST(Syntaxes, MarksAgreeWithTheForm) {
  for (const Syntax* syntax : Syntaxes()) {
    EXPECT_TRUE(syntax->form.call_begin.starts_with(syntax->call_open)) << syntax->name;
    EXPECT_TRUE(syntax->form.call_end.ends_with(syntax->call_close)) << syntax->name;
    EXPECT_TRUE(syntax->form.begin.starts_with(syntax->section_open)) << syntax->name;
    EXPECT_TRUE(syntax->form.end.ends_with(syntax->section_close)) << syntax->name;
    EXPECT_EQ(syntax->section_open.empty(), syntax->section_close.empty()) << syntax->name;
  }
}

// What a grammar would write by the description alone, the parser reads back.
TEST(Syntaxes, CallsWrittenByTheFormAreRead) {
  for (const Syntax* syntax : Syntaxes()) {
    const CallForm& form = syntax->form;
    std::string arguments = R"({"city": "a b", "days": 2})";
    if (form.arguments == CallForm::Arguments::kTagged) {
      arguments = std::string(form.argument_begin) + "city" + std::string(form.text_begin) + "a b" +
                  std::string(form.argument_end) + std::string(form.argument_begin) + "days" +
                  std::string(form.json_begin) + "2" + std::string(form.argument_end);
    }
    auto call = [&](std::string_view name, std::string_view written) {
      return std::string(form.call_begin) + std::string(name) + std::string(form.name_end) +
             std::string(written) + std::string(form.call_end);
    };
    std::string none = form.arguments == CallForm::Arguments::kTagged ? "" : "{}";
    std::string text = "So." + std::string(form.lead_in) + std::string(form.begin) +
                       call("get_weather", arguments) + std::string(form.between) +
                       call("now", none) + std::string(form.end);
    testing::AnswerCase answer_case = {
        .text = text,
        .options = {
            .tool_names = {"get_weather", "now"},
            .tool_parameters_json = {
                R"({"properties": {"city": {"type": "string"}, "days": {"type": "integer"}}})",
                ""}}};
    testing::CheckStreaming(*syntax, answer_case);
    testing::ParsedAnswer answer = testing::ParseAnswer(*syntax, answer_case);
    EXPECT_EQ(answer.calls,
              (std::vector<testing::ParsedCall>{
                  {"get_weather", R"({"city": "a b", "days": 2})", true}, {"now", "{}", true}}))
        << syntax->name << ": " << text;
    EXPECT_EQ(answer.content, "So.") << text;
  }
}

TEST(Syntaxes, TokensOfCallsAreMarkupWhereTheParserHidesThem) {
  const ParserOptions tools = {.tool_names = {"f"}};
  EXPECT_TRUE(IsMarkup(kHermes, tools, "<tool_call>"));
  EXPECT_FALSE(IsMarkup(kHermes, {}, "<tool_call>"));
  EXPECT_TRUE(IsMarkup(kHermes, {}, "<think>"));
  EXPECT_TRUE(IsMarkup(kDeepseekV4, {}, "｜DSML｜"));
  EXPECT_TRUE(IsMarkup(kDeepseekV31, {}, "<｜tool▁sep｜>"));
  EXPECT_FALSE(IsMarkup(kDeepseekV31, tools, "<｜User｜>"));
}

TEST(Syntaxes, HermesIsTakenWhenNothingIsRecognised) {
  EXPECT_EQ(&DetectSyntax("{{ messages }}"), &kHermes);
  EXPECT_EQ(&DetectSyntax("'<tool_call>\\n{\"name\": '"), &kHermes);
}

TEST(Syntaxes, AreDetectedInTheTemplatesOfTheirModels) {
  std::filesystem::path folder = std::filesystem::path(MILLRACE_SHARED_DATA) / "templates";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "no model templates at " << folder;
  }
  for (auto [file, wanted] : std::initializer_list<std::pair<std::string_view, const Syntax*>>{
           {"Qwen-Qwen3-0.6B.jinja", &kHermes},
           {"Qwen3.5-4B.jinja", &kQwen3Coder},
           {"Qwen3-Coder.jinja", &kQwen3Coder},
           {"GLM-4.6.jinja", &kGlm45},
           {"GLM-4.7-Flash.jinja", &kGlm47},
           {"deepseek-ai-DeepSeek-V3.1.jinja", &kDeepseekV31},
           {"deepseek-ai-DeepSeek-V3.2.jinja", &kDeepseekV32},
           {"deepseek-ai-DeepSeek-V4.jinja", &kDeepseekV4},
           {"deepseek-ai-DeepSeek-V4-Flash-0731.jinja", &kDeepseekV4}}) {
    std::ostringstream text;
    text << std::ifstream(folder / file).rdbuf();
    EXPECT_EQ(DetectSyntax(text.str()).name, wanted->name) << file;
  }
}

// Texts put together from pieces of a syntax's marks, as nested as they come.
TEST(Syntaxes, NoTextHoldsAMarkHoweverMarksAreNested) {
  std::mt19937 random(1);
  const ParserOptions with_tools = {.reasoning_possible = true, .tool_names = {"f"}};
  const ParserOptions without_tools = {.reasoning_possible = true};
  for (const Syntax* syntax : Syntaxes()) {
    std::vector<std::string_view> marks = {syntax->think_open, syntax->think_close};
    marks.insert(marks.end(), syntax->call_marks.begin(), syntax->call_marks.end());
    for (int i = 0; i < 3000; ++i) {
      std::string text;
      for (int piece = 0; piece < 8; ++piece) {
        const std::string_view mark = marks[random() % marks.size()];
        const size_t cut = random() % (mark.size() + 1);
        text += random() % 3 == 0   ? mark
                : random() % 2 == 0 ? mark.substr(0, cut)
                                    : mark.substr(cut);
      }
      for (const ParserOptions& options : {with_tools, without_tools}) {
        if (!HidesCallMarks(*syntax, options)) {
          continue;
        }
        const testing::ParsedAnswer answer =
            testing::ParseAnswer(*syntax, {.text = text, .options = options});
        for (std::string_view mark : marks) {
          ASSERT_EQ(answer.content.find(mark), std::string::npos) << syntax->name << ": " << text;
          ASSERT_EQ(answer.reasoning.find(mark), std::string::npos) << syntax->name << ": " << text;
        }
      }
    }
  }
}

}  // namespace
}  // namespace millrace::output_parser
