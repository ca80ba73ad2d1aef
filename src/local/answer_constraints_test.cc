#include "local/answer_constraints.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "base/testing/fake_clock.h"
#include "output_parser/syntax.h"
#include "tokenizer/testing/vocabularies.h"

namespace millrace::local {
namespace {

class Spacing : public ::testing::Test {
 protected:
  // Whether a held answer may go on with a space behind `begin`.
  bool MaySpace(grammar::Whitespace whitespace, std::string_view begin) {
    const auto tokenizer =
        tokenizer::Tokenizer::Create(tokenizer::testing::MakeTinyVocabulary()).value();
    AnswerConstraints constraints(tokenizer, output_parser::FindSyntax("hermes"), tokenizer->size(),
                                  whitespace, &clock_);
    chat::ChatRequest request;
    request.response_format = chat::JsonSchemaFormat{
        .name = "x", .schema_json = R"({"properties":{"a":{"type":"array"}},"required":["a"]})"};
    const auto constraint = constraints.MakerFor(request).value()();
    std::vector<base::TokenId> tokens;
    tokenizer->Encode(begin, tokenizer::SpecialTokens::kPlainText, tokens);
    for (const base::TokenId token : tokens) {
      constraint->Accept(token);
    }
    std::vector<uint32_t> mask((static_cast<size_t>(tokenizer->size()) + 31) / 32);
    constraint->FillMask(mask);
    tokens.clear();
    tokenizer->Encode(" ", tokenizer::SpecialTokens::kPlainText, tokens);
    const auto space = static_cast<size_t>(base::ToIndex(tokens.at(0)));
    return (mask[space / 32] >> (space % 32) & 1U) != 0;
  }

  base::FakeClock clock_;
};

TEST_F(Spacing, IsOneSpaceOrNoneBehindColonsAndCommas) {
  EXPECT_TRUE(MaySpace(grammar::Whitespace::kSingleSpace, R"({"a":)"));
  EXPECT_TRUE(MaySpace(grammar::Whitespace::kSingleSpace, R"({"a":[1,)"));
  EXPECT_FALSE(MaySpace(grammar::Whitespace::kSingleSpace, R"({"a": )"));
  EXPECT_FALSE(MaySpace(grammar::Whitespace::kSingleSpace, R"({"a":[)"));
}

TEST_F(Spacing, IsNoneInCompactAnswers) {
  EXPECT_FALSE(MaySpace(grammar::Whitespace::kCompact, R"({"a":)"));
  EXPECT_FALSE(MaySpace(grammar::Whitespace::kCompact, R"({"a":[1,)"));
}

// Whether an answer to a request in a syntax may be this text.
bool Admits(std::string_view syntax, const chat::ChatRequest& request, std::string_view text) {
  const auto tokenizer =
      tokenizer::Tokenizer::Create(tokenizer::testing::MakeTinyVocabulary()).value();
  base::FakeClock clock;
  AnswerConstraints constraints(tokenizer, output_parser::FindSyntax(syntax), tokenizer->size(),
                                grammar::Whitespace::kSingleSpace, &clock);
  const auto maker = constraints.MakerFor(request);
  if (!maker.has_value()) {
    ADD_FAILURE() << maker.error().message;
    return false;
  }
  const auto constraint = (*maker)();
  std::vector<base::TokenId> tokens;
  tokenizer->Encode(text, tokenizer::SpecialTokens::kPlainText, tokens);
  try {
    std::ranges::for_each(tokens, [&](base::TokenId token) { constraint->Accept(token); });
  } catch (const std::exception&) {
    return false;
  }
  std::vector<uint32_t> mask((static_cast<size_t>(tokenizer->size()) + 31) / 32);
  constraint->FillMask(mask);
  const auto end = static_cast<size_t>(base::ToIndex(tokenizer->end_tokens().front()));
  return (mask[end / 32] >> (end % 32) & 1U) != 0;
}

bool Admits(std::string_view syntax, bool thinking, std::string_view text) {
  chat::ChatRequest request;
  request.enable_thinking = thinking;
  request.response_format = chat::JsonObjectFormat{};
  return Admits(syntax, request, text);
}

// Whether a required call may have the argument `a` so.
bool AdmitsArgument(bool strict, std::string_view schema, std::string_view argument) {
  chat::ChatRequest request;
  request.tool_choice = chat::ToolChoiceRequired{};
  chat::ToolSpec tool;
  tool.name = "f";
  tool.parameters_json = fmt::format(R"({{"type": "object", "properties": {{"a": {}}},
                                          "required": ["a"], "additionalProperties": false}})",
                                     schema);
  tool.strict = strict;
  request.tools.push_back(tool);
  return Admits("deepseek_v32", request,
                fmt::format("<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"f\">\n"
                            "<｜DSML｜parameter name=\"a\" string={}</｜DSML｜parameter>\n"
                            "</｜DSML｜invoke>\n</｜DSML｜function_calls>",
                            argument));
}

TEST(AnswerConstraintsTest, AnArgumentOfTwoTypesMayHaveValuesOfOneOnly) {
  for (const bool strict : {false, true}) {
    const std::string_view no_string =
        R"({"oneOf": [{"type": "integer", "multipleOf": 2}, {"type": "string", "const": 2.5}]})";
    EXPECT_TRUE(AdmitsArgument(strict, no_string, "\"false\">4"));
    EXPECT_FALSE(AdmitsArgument(strict, no_string, "\"false\">5"));
    EXPECT_FALSE(AdmitsArgument(strict, no_string, "\"true\">x"));
    const std::string_view no_number =
        R"({"anyOf": [{"type": "integer", "minimum": 5, "maximum": 3}, {"enum": ["x", "y"]}]})";
    EXPECT_TRUE(AdmitsArgument(strict, no_number, "\"true\">x"));
    EXPECT_FALSE(AdmitsArgument(strict, no_number, "\"true\">z"));
    EXPECT_FALSE(AdmitsArgument(strict, no_number, "\"false\">4"));
  }
}

TEST(AnswerConstraintsTest, AdmitWhatModelsWriteAroundTheirAnswers) {
  EXPECT_TRUE(Admits("hermes", false, "{}"));
  EXPECT_FALSE(Admits("hermes", false, "\n\n{}"));
  EXPECT_TRUE(Admits("hermes", true, "\n\n{}"));
  EXPECT_FALSE(Admits("hermes", true, "<answer>\n{}"));
  for (const bool thinking : {false, true}) {
    const std::string line_end = thinking ? "\n" : "";
    EXPECT_TRUE(Admits("hunyuan", thinking, "{}"));
    EXPECT_TRUE(Admits("hunyuan", thinking, line_end + "<answer>\n{}\n</answer>"));
    EXPECT_TRUE(Admits("hunyuan", thinking, line_end + "<answer>\n{}"));
    EXPECT_FALSE(Admits("hunyuan", thinking, "{}\n</answer>"));
    EXPECT_FALSE(Admits("hunyuan", thinking, line_end + "<answer>\n{}\n"));
    EXPECT_FALSE(Admits("hunyuan", thinking, "\n\n{}"));
  }
}

// What a refusal leaves behind is for `make asan` to see.
TEST(AnswerConstraintsTest, RefuseAFaultyToolInEverySyntax) {
  const auto tokenizer =
      tokenizer::Tokenizer::Create(tokenizer::testing::MakeTinyVocabulary()).value();
  base::FakeClock clock;
  for (const output_parser::Syntax* syntax : output_parser::Syntaxes()) {
    AnswerConstraints constraints(tokenizer, syntax, tokenizer->size(),
                                  grammar::Whitespace::kSingleSpace, &clock);
    for (const char* fault :
         {R"({"type":"integer","minimum":"x"})", R"({"type":"string","pattern":"("})"}) {
      chat::ToolSpec tool;
      tool.name = "find_a_place_with_a_rather_long_name";
      tool.strict = true;
      tool.parameters_json = fmt::format(
          R"({{"type":"object","properties":{{"a":{{"type":"integer"}},"b":{}}}}})", fault);
      chat::ChatRequest request;
      request.tools.push_back(std::move(tool));
      const auto refused = constraints.MakerFor(request);
      ASSERT_FALSE(refused.has_value()) << syntax->name << " " << fault;
      EXPECT_EQ(refused.error().kind, base::ErrorKind::kInvalidArgument);
    }
  }
}

TEST(AnswerConstraintsTest, StopWhenInterrupted) {
  const auto tokenizer =
      tokenizer::Tokenizer::Create(tokenizer::testing::MakeTinyVocabulary()).value();
  base::FakeClock clock;
  AnswerConstraints constraints(tokenizer, output_parser::FindSyntax("hermes"), tokenizer->size(),
                                grammar::Whitespace::kCompact, &clock);
  std::string choices;
  for (int i = 0; i < 400; ++i) {
    choices += fmt::format(R"({}{{"anyOf":[{{"required":["a{}"]}},{{"required":["b{}"]}}]}})",
                           i == 0 ? "" : ",", i, i);
  }
  chat::ChatRequest request;
  request.response_format =
      chat::JsonSchemaFormat{.name = "x", .schema_json = R"({"allOf":[)" + choices + "]}"};
  const auto interrupted = constraints.MakerFor(request, [] { return true; });
  ASSERT_FALSE(interrupted.has_value());
  EXPECT_EQ(interrupted.error().kind, base::ErrorKind::kCancelled);
}

}  // namespace
}  // namespace millrace::local
