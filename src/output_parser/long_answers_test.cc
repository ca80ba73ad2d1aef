// Answers that repeat themselves, as models do that have lost their way, and as one would to stop a
// server. Anything that is not linear in their length does not end here in reasonable time.
#include <gtest/gtest.h>

#include <algorithm>

#include "output_parser/syntaxes.h"
#include "output_parser/testing/parsed_answer.h"

namespace millrace::output_parser {
namespace {

constexpr size_t kBytes = 1U << 16;

std::string Repeated(std::string_view unit, size_t bytes) {
  std::string text;
  while (text.size() < bytes) {
    text += unit;
  }
  return text;
}

// What a model might repeat, by itself or inside of a call.
std::vector<std::string> Units(const Syntax& syntax) {
  const CallForm& form = syntax.form;
  const auto joined = [](std::initializer_list<std::string_view> parts) {
    std::string text;
    for (std::string_view part : parts) {
      text += part;
    }
    return text;
  };
  std::vector<std::string> units = {
      "<",
      " ",
      "\n",
      "\"",
      "{",
      "\\",
      "x",
      " <",
      "</",
      "<think>",
      "</think>",
      "{\"a\": [",
      joined({syntax.call_open, "{\"a\": ["}),
      joined({syntax.call_open, "{\"a\": \""}),
      joined({syntax.call_open, "      "}),
      joined({form.begin, form.call_begin}),
      joined({form.call_begin, "nobody", form.name_end}),
      joined({form.call_begin, "nobody", form.name_end, "{}", form.call_end}),
      joined({form.call_begin, "ping", form.name_end, "{}", form.call_end}),
      joined({form.argument_begin, "a", form.text_begin}),
      joined({form.argument_begin, "a", form.text_begin, form.argument_end}),
      joined({form.argument_begin, "a", form.json_begin, "[\"", form.argument_end})};
  for (std::string_view mark :
       {syntax.call_open, syntax.call_close, syntax.section_open, syntax.section_close,
        syntax.bare_call_open, form.call_begin, form.call_end, form.argument_begin,
        form.argument_end, form.text_begin}) {
    units.emplace_back(mark);
    units.emplace_back(mark.substr(0, mark.size() - std::min<size_t>(mark.size(), 1)));
  }
  std::erase(units, "");
  return units;
}

class LongAnswers : public ::testing::TestWithParam<const Syntax*> {};

TEST_P(LongAnswers, AreReadInTimeInProportionToTheirLength) {
  const Syntax& syntax = *GetParam();
  const CallForm& form = syntax.form;
  const std::string call =
      std::string(form.begin) + std::string(form.call_begin) + "ping" + std::string(form.name_end);
  const bool tagged = form.arguments == CallForm::Arguments::kTagged;
  const std::string in_value =
      call + (tagged ? std::string(form.argument_begin) + "b" + std::string(form.text_begin)
                     : "{\"b\": \"");
  ParserOptions options = {
      .reasoning_possible = true,
      .tool_names = {"ping"},
      .tool_parameters_json = {R"({"properties": {"a": {}, "b": {"type": "string"}}})"}};
  for (const std::string& unit : Units(syntax)) {
    for (const std::string& lead : {std::string(), std::string("<think>"), call, in_value}) {
      const std::string text = lead + Repeated(unit, kBytes);
      const testing::AnswerCase answer_case = {text, options};
      const testing::ParsedAnswer answer = testing::ParseInParts(syntax, answer_case, {3});
      EXPECT_LE(answer.content.size() + answer.reasoning.size(), text.size()) << unit;
      EXPECT_LE(answer.calls.size(), 128U) << unit;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EverySyntax, LongAnswers, ::testing::ValuesIn(Syntaxes()),
                         [](const auto& made) { return std::string(made.param->name); });

}  // namespace
}  // namespace millrace::output_parser
