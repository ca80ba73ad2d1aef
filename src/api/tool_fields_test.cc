#include "api/tool_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing/parse_fixture.h"

namespace millrace::api {
namespace {

class Tools : public ::testing::Test {
 protected:
  static Refused Invalid(std::string message) { return {400, 20015, std::move(message)}; }
  Refused With(std::string_view more, std::string_view model = "M") const {
    return RefusalOf(fixture_.ParseWith(more, model));
  }
  chat::ChatRequest Request(std::string_view more, std::string_view model = "M") const {
    auto parsed = fixture_.ParseWith(more, model);
    EXPECT_TRUE(parsed.has_value()) << more << ": " << RefusalOf(parsed).message;
    return parsed.has_value() ? std::move(parsed->request) : chat::ChatRequest{};
  }
  static std::string Tool(std::string_view name, std::string_view more = "") {
    return R"({"type":"function","function":{"name":")" + std::string(name) + "\"" +
           std::string(more) + "}}";
  }
  static std::string ToolList(int count) {
    std::string list;
    for (int i = 0; i < count; ++i) {
      list += (i == 0 ? "" : ",") + Tool("f" + std::to_string(i));
    }
    return "\"tools\":[" + list + "]";
  }

  ParseFixture fixture_;
};

TEST_F(Tools, AreReadAndKeptAsWritten_C160) {
  const std::string entry =
      R"({"type":"function","function":{"parameters":{"type":"object"},"name":"f","description":"d"}})";
  const chat::ChatRequest request = Request("\"tools\":[" + entry + "]");
  ASSERT_EQ(request.tools.size(), 1U);
  EXPECT_EQ(request.tools[0].name, "f");
  EXPECT_EQ(request.tools[0].description, "d");
  EXPECT_EQ(request.tools[0].parameters_json, R"({"type":"object"})");
  EXPECT_EQ(request.tools[0].entry_json, entry);
}

TEST_F(Tools, AreBoundedInNumber_C161_C162) {
  EXPECT_EQ(Request(ToolList(128)).tools.size(), 128U);
  EXPECT_EQ(With(ToolList(129)),
            Invalid("tools: List should have at most 128 items after validation, not 129"));
  EXPECT_TRUE(Request(R"("tools":[])").tools.empty());
  EXPECT_EQ(With(R"("tools":[])", "N").status, 200);
}

TEST_F(Tools, NeedTheirShape_C163) {
  EXPECT_EQ(With(R"("tools":{})"), Invalid("tools: Input should be a valid list"));
  EXPECT_EQ(With(R"("tools":[{"type":"retrieval"}])"),
            Invalid("tools.0.type: Input should be 'function'"));
  EXPECT_EQ(With(R"("tools":[{"function":{"name":"f"}}])"),
            Invalid("tools.0.type: Field required"));
  EXPECT_EQ(With(R"("tools":[{"type":"function"}])"), Invalid("tools.0.function: Field required"));
  EXPECT_EQ(With(R"("tools":[5])"), Invalid("tools.0: Input should be a valid dictionary"));
}

TEST_F(Tools, HaveNamesOfAPattern_C164) {
  for (const std::string& name :
       {std::string("a b"), std::string("a.b"), std::string(), std::string(65, 'a')}) {
    EXPECT_EQ(With("\"tools\":[" + Tool(name) + "]"),
              Invalid("tools.0.function.name: String should match pattern "
                      "'^[A-Za-z0-9_-]{1,64}$'"))
        << name;
  }
  EXPECT_EQ(With("\"tools\":[" + Tool(std::string(64, 'a')) + "]").status, 200);
}

TEST_F(Tools, HaveDifferentNames_C165) {
  EXPECT_EQ(With("\"tools\":[" + Tool("f") + "," + Tool("f") + "]"),
            Invalid("tools.1.function.name: Duplicate name"));
}

TEST_F(Tools, MayLackParameters_C166_C167) {
  EXPECT_EQ(With("\"tools\":[" + Tool("f", R"(,"parameters":null)") + "]").status, 200);
  EXPECT_EQ(With("\"tools\":[" + Tool("f", R"(,"parameters":[])") + "]"),
            Invalid("tools.0.function.parameters: Input should be a valid dictionary"));
  EXPECT_EQ(
      With("\"tools\":[" + Tool("f", R"(,"parameters":{"properties":{"a":{"type":"int"}}})") + "]")
          .status,
      200);
}

TEST_F(Tools, SayWhatStrictNeeds_C168) {
  EXPECT_EQ(With("\"tools\":[" + Tool("f", R"(,"strict":"yes")") + "]"),
            Invalid("tools.0.function.strict: Input should be a valid boolean"));
  const std::string strict = "\"tools\":[" + Tool("f", R"(,"strict":true)") + "]";
  EXPECT_THAT(With(strict).message, ::testing::StartsWith("tools.0.function.strict: this model"));
  EXPECT_TRUE(Request(strict, "J").tools[0].strict);
  EXPECT_EQ(With(strict + R"(,"tool_choice":"none")").status, 200);
}

TEST_F(Tools, AreRefusedWhereTheModelHasNone_C169) {
  EXPECT_EQ(With(ToolList(1), "N"),
            (Refused{400, 20037, "Function call is not supported for this model."}));
}

TEST_F(Tools, AreBoundedInSize) {
  const std::string description = R"(,"description":")" + std::string(16 * 1024 + 1, 'd') + "\"";
  EXPECT_EQ(With("\"tools\":[" + Tool("f", description) + "]"),
            Invalid("tools.0.function.description: String should have at most 16384 bytes"));
  fixture_.options.limits.tools_bytes_max = 100;
  EXPECT_THAT(With(ToolList(9)).message, ::testing::StartsWith("tools: All tools together"));
}

TEST_F(Tools, AreHiddenByChoiceNone_C172) {
  const chat::ChatRequest request = Request(ToolList(2) + R"(,"tool_choice":"none")");
  EXPECT_TRUE(request.tools.empty());
  EXPECT_TRUE(std::holds_alternative<chat::ToolChoiceNone>(request.tool_choice));
}

TEST_F(Tools, RefuseOtherChoices_C173) {
  const std::string tools = ToolList(1);
  EXPECT_EQ(With(tools + R"(,"tool_choice":"sometimes")"),
            Invalid("tool_choice: Input should be 'none', 'auto' or 'required'"));
  EXPECT_EQ(With(tools + R"(,"tool_choice":5)"),
            Invalid("tool_choice: Input should be a valid string or dictionary"));
  EXPECT_EQ(With(tools + R"(,"tool_choice":{})"), Invalid("tool_choice.type: Field required"));
  EXPECT_EQ(With(tools + R"(,"tool_choice":{"type":"function","function":{"name":"zzz"}})"),
            Invalid("tool_choice: function zzz is not in tools"));
}

TEST_F(Tools, AreNeededByForcedChoices_C174) {
  EXPECT_EQ(With(R"("tool_choice":"required")"), Invalid("tool_choice: tools is required"));
  EXPECT_EQ(With(R"("tool_choice":{"type":"function","function":{"name":"f"}})"),
            Invalid("tool_choice: tools is required"));
  EXPECT_EQ(With(R"("tool_choice":"auto")").status, 200);
  EXPECT_EQ(With(R"("tool_choice":"none")").status, 200);
}

TEST_F(Tools, CannotBeForcedWithoutConstrainedDecoding) {
  const std::string tools = ToolList(2);
  for (const std::string_view choice :
       {R"("required")", R"({"type":"function","function":{"name":"f0"}})",
        R"({"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[)"
        R"({"type":"function","function":{"name":"f0"}}]}})"}) {
    const std::string more = tools + ",\"tool_choice\":" + std::string(choice);
    EXPECT_EQ(With(more),
              Invalid("tool_choice: this model cannot be forced to call a tool; use \"auto\" or "
                      "\"none\""))
        << choice;
    EXPECT_EQ(With(more, "J").status, 200) << choice;
  }
}

TEST_F(Tools, MayBeNarrowedToASubset_C175) {
  const std::string allowed =
      R"(,"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[)"
      R"({"type":"function","function":{"name":"f1"}}]}})";
  const chat::ChatRequest request = Request(ToolList(3) + allowed);
  ASSERT_EQ(request.tools.size(), 1U);
  EXPECT_EQ(request.tools[0].name, "f1");
}

TEST_F(Tools, MayBeLimitedToOneCall_C176) {
  EXPECT_TRUE(Request(ToolList(1)).parallel_tool_calls);
  EXPECT_FALSE(Request(ToolList(1) + R"(,"parallel_tool_calls":false)").parallel_tool_calls);
  EXPECT_EQ(With(R"("parallel_tool_calls":"no")").code, 20015);
}

TEST_F(Tools, AreReadFromTheLegacyFieldsToo_C183) {
  const chat::ChatRequest request =
      Request(R"("functions":[{"name":"f","parameters":{}}],"function_call":"auto")");
  ASSERT_EQ(request.tools.size(), 1U);
  EXPECT_EQ(request.tools[0].entry_json,
            R"({"type":"function","function":{"name":"f","parameters":{}}})");
  EXPECT_EQ(With(R"("functions":[{"name":"a b"}])"),
            Invalid("functions.0.name: String should match pattern '^[A-Za-z0-9_-]{1,64}$'"));
  EXPECT_EQ(Request(ToolList(1) + R"(,"functions":[{"name":"a b"}])").tools.size(), 1U);
}

}  // namespace
}  // namespace millrace::api
