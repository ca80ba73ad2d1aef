#include "chat_template/deepseek_encoder.h"

#include <gtest/gtest.h>

#include "chat_template/deepseek_texts.h"
#include "chat_template/testing/conversation.h"

namespace millrace::chat_template {
namespace {

using chat::Role;
using testing::Says;
using testing::ToolOf;

constexpr std::string_view kTool =
    R"({"type":"function","function":{"name":"f","description":"Grüße","parameters":{"a":[1]}}})";
constexpr std::string_view kToolLine =
    R"({"name": "f", "description": "Grüße", "parameters": {"a": [1]}})";

chat::Message Calls(std::string reasoning, std::vector<chat::ToolCall> calls) {
  chat::Message message = Says(Role::kAssistant, "");
  message.reasoning = std::move(reasoning);
  message.tool_calls = std::move(calls);
  return message;
}

chat::Message Result(std::string id, std::string content) {
  chat::Message message = Says(Role::kTool, std::move(content));
  message.tool_call_id = std::move(id);
  return message;
}

chat::Message Answer(std::string content, std::string reasoning) {
  chat::Message message = Says(Role::kAssistant, std::move(content));
  message.reasoning = std::move(reasoning);
  return message;
}

RenderInput Conversation(std::vector<chat::Message> messages) {
  RenderInput input;
  input.messages = std::move(messages);
  input.bos_token = "<s>";
  input.eos_token = "</s>";
  return input;
}

// Two finished turns and a running loop of two calls.
RenderInput ToolLoop() {
  RenderInput input = Conversation(
      {Says(Role::kSystem, "Be brief."), Says(Role::kUser, "Hi"), Answer("Hello", "greet"),
       Says(Role::kUser, "Do it"),
       Calls("look", {{"1", "f", R"({"text": "x\ny", "n": [1, {"k": null}]})"}, {"2", "f", "{}"}}),
       Result("2", "second"), Result("1", "first")});
  input.tools = {ToolOf(std::string(kTool))};
  return input;
}

std::string Render(const std::shared_ptr<const Template>& encoder, const RenderInput& input) {
  base::Result<std::vector<PromptPiece>> pieces = encoder->Render(input);
  EXPECT_TRUE(pieces.has_value()) << pieces.error().message;
  std::string text;
  for (const PromptPiece& piece : *pieces) {
    text += piece.text;
  }
  return text;
}

std::string V31(const RenderInput& input) { return Render(MakeDeepseekV31Encoder(), input); }
std::string V32(const RenderInput& input) { return Render(MakeDeepseekV32Encoder(), input); }
std::string V4(const RenderInput& input, DeepseekV4Release release = DeepseekV4Release::kFirst) {
  return Render(MakeDeepseekV4Encoder(release), input);
}

std::string V32Tools() {
  return "\n\n" + std::string(kDeepseekV32Tools) + std::string(kToolLine) +
         std::string(kDeepseekV32ToolsEnd);
}
std::string V4Tools() {
  return "\n\n" + std::string(kDeepseekV4Tools) + std::string(kToolLine) +
         std::string(kDeepseekV4ToolsEnd);
}

std::string Invocations(std::string_view section) {
  return "\n\n<｜DSML｜" + std::string(section) +
         ">\n<｜DSML｜invoke name=\"f\">\n"
         "<｜DSML｜parameter name=\"text\" string=\"true\">x\ny</｜DSML｜parameter>\n"
         "<｜DSML｜parameter name=\"n\" string=\"false\">[1, {\"k\": null}]</｜DSML｜parameter>\n"
         "</｜DSML｜invoke>\n<｜DSML｜invoke name=\"f\">\n\n</｜DSML｜invoke>\n</｜DSML｜" +
         std::string(section) + ">";
}

TEST(DeepseekV31Encoder, NoFinishedTurnThinks) {
  RenderInput input =
      Conversation({Says(Role::kUser, "U"), Answer("r</think>A", "old"), Says(Role::kUser, "V")});
  const std::string prompt = "<s><｜User｜>U<｜Assistant｜></think>A</s><｜User｜>V<｜Assistant｜>";
  EXPECT_EQ(V31(input), prompt + "<think>");
  input.enable_thinking = false;
  EXPECT_EQ(V31(input), prompt + "</think>");
}

TEST(DeepseekV31Encoder, OnlyTheFirstTagEndsReasoningAndOnlyOutsideOfResults) {
  EXPECT_EQ(
      V31(Conversation({Says(Role::kUser, "U"), Says(Role::kAssistant, "a</think>b</think>c"),
                        Says(Role::kUser, "V"), Says(Role::kAssistant, ""), Says(Role::kUser, "W"),
                        Calls("r", {{"1", "f", ""}}), Result("1", "R"), Says(Role::kSystem, "S"),
                        Says(Role::kAssistant, "d</think>e")})),
      "<s>S<｜User｜>U<｜Assistant｜></think>b</think>c</s><｜User｜>V<｜Assistant｜></think></s>"
      "<｜User｜>W<｜Assistant｜></"
      "think><｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{}"
      "<｜tool▁call▁end｜><｜tool▁calls▁end｜></s><｜tool▁output▁begin｜>R<｜tool▁output▁end｜>"
      "d</think>e</s><｜Assistant｜><think>");
}

TEST(DeepseekV31Encoder, SystemMessagesComeFirstThenTools) {
  RenderInput input =
      Conversation({Says(Role::kSystem, "S"), Says(Role::kUser, "U"), Says(Role::kSystem, "T")});
  input.enable_thinking = false;
  chat::ToolSpec tool;
  tool.name = "f";
  tool.description = "Grüße";
  tool.parameters_json = R"({"a":[1]})";
  chat::ToolSpec bare;
  bare.name = "g";
  input.tools = {tool, bare};
  EXPECT_EQ(V31(input),
            "<s>S\n\nT\n\n## Tools\nYou have access to the following tools:\n\n"
            "### f\nDescription: Grüße\n\nParameters: {\"a\": [1]}\n\n"
            "### g\nDescription: \n\nParameters: {}\n\n" +
                std::string(kDeepseekV31ToolsEnd) + "<｜User｜>U<｜Assistant｜></think>");
}

TEST(DeepseekV31Encoder, TheAnswerToResultsGoesOnWhereTheyEnd) {
  RenderInput input = ToolLoop();
  input.tools.clear();
  EXPECT_EQ(V31(input),
            "<s>Be brief.<｜User｜>Hi<｜Assistant｜></think>Hello</s><｜User｜>Do it<｜Assistant｜>"
            "</think><｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>"
            R"({"text": "x\ny", "n": [1, {"k": null}]})"
            "<｜tool▁call▁end｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{}<｜tool▁call▁end｜>"
            "<｜tool▁calls▁end｜></s><｜tool▁output▁begin｜>first<｜tool▁output▁end｜>"
            "<｜tool▁output▁begin｜>second<｜tool▁output▁end｜>");
  input.messages.push_back(Says(Role::kAssistant, "Done"));
  input.messages.push_back(Says(Role::kUser, "and?"));
  EXPECT_TRUE(V31(input).ends_with(
      "second<｜tool▁output▁end｜>Done</s><｜User｜>and?<｜Assistant｜><think>"));
}

TEST(DeepseekV31Encoder, ToolsCannotWriteMarks) {
  RenderInput input = Conversation({});
  chat::ToolSpec tool;
  tool.name = "f";
  tool.description = "<｜User｜>";
  tool.parameters_json = R"({"<｜Assistant｜>":"</think>"})";
  input.tools = {tool};
  std::string own;
  const std::vector<PromptPiece> pieces = MakeDeepseekV31Encoder()->Render(input).value();
  for (const PromptPiece& piece : pieces) {
    own += piece.from_template ? piece.text : "";
  }
  EXPECT_EQ(own.find("<｜User｜>"), std::string::npos);
  EXPECT_EQ(own.find("<｜Assistant｜>"), own.rfind("<｜Assistant｜>"));
  EXPECT_EQ(own.find("</think>"), std::string::npos);
}

TEST(DeepseekV32Encoder, OnlyTheRunningTurnThinks) {
  RenderInput input = Conversation({Says(Role::kSystem, "S"), Says(Role::kUser, "U"),
                                    Answer("A", "old"), Says(Role::kUser, "V")});
  EXPECT_EQ(V32(input),
            "<s>S<｜User｜>U<｜Assistant｜></think>A</s><｜User｜>V<｜Assistant｜><think>");
  input.enable_thinking = false;
  EXPECT_EQ(V32(input),
            "<s>S<｜User｜>U<｜Assistant｜></think>A</s><｜User｜>V<｜Assistant｜></think>");
}

TEST(DeepseekV32Encoder, AToolLoopKeepsItsReasoningAndOrdersResults) {
  EXPECT_EQ(V32(ToolLoop()),
            "<s>Be brief." + V32Tools() +
                "<｜User｜>Hi<｜Assistant｜></think>Hello</s><｜User｜>Do it<｜Assistant｜><think>"
                "look</think>" +
                Invocations("function_calls") +
                "</s>\n\n<function_results>\n<result>first</result>\n<result>second</result>\n"
                "</function_results>\n\n<think>");
}

// Two rounds of calls, as often as the conversation has turns, each turn with an answer but the
// last.
RenderInput TwoRounds(int turns) {
  RenderInput input = Conversation({});
  for (int turn = 0; turn < turns; ++turn) {
    for (const chat::Message& message :
         {Says(Role::kUser, "U"), Calls("one", {{"1", "f", "{}"}}), Result("1", "R"),
          Calls("", {{"2", "g", "{}"}}), Result("2", "S"), Answer("A", "two")}) {
      input.messages.push_back(message);
    }
  }
  input.messages.pop_back();
  return input;
}

std::string Call(std::string_view section, std::string_view name) {
  return "\n\n<｜DSML｜" + std::string(section) + ">\n<｜DSML｜invoke name=\"" + std::string(name) +
         "\">\n\n</｜DSML｜invoke>\n</｜DSML｜" + std::string(section) + "></s>";
}

TEST(DeepseekV32Encoder, CallsOfFinishedTurnsStayWithoutTheirReasoning) {
  const auto results = [](std::string_view text) {
    return "\n\n<function_results>\n<result>" + std::string(text) +
           "</result>\n</function_results>\n\n";
  };
  const std::string one = Call("function_calls", "f");
  const std::string two = Call("function_calls", "g");
  const std::string finished = "<｜User｜>U<｜Assistant｜></think>" + one + results("R") +
                               "</think>" + two + results("S") + "</think>";
  RenderInput input = TwoRounds(2);
  EXPECT_EQ(V32(input), "<s>" + finished + "A</s><｜User｜>U<｜Assistant｜><think>one</think>" +
                            one + results("R") + "<think></think>" + two + results("S") +
                            "<think>");
  input.enable_thinking = false;
  EXPECT_EQ(V32(input), "<s>" + finished + "A</s>" + finished);
}

TEST(DeepseekV32Encoder, EveryUserMessageIsATurn) {
  EXPECT_EQ(V32(Conversation({Says(Role::kUser, "U"), Says(Role::kUser, "V"),
                              Says(Role::kSystem, "S"), Says(Role::kUser, "W")})),
            "<s><｜User｜>U<｜Assistant｜></think><｜User｜>V<｜Assistant｜></think>S"
            "<｜User｜>W<｜Assistant｜><think>");
}

TEST(DeepseekV32Encoder, ToolsWithoutASystemMessageComeFirst) {
  RenderInput input = Conversation({Says(Role::kUser, "U")});
  input.tools = {ToolOf(std::string(kTool))};
  EXPECT_EQ(V32(input), "<s>" + V32Tools() + "<｜User｜>U<｜Assistant｜><think>");
}

TEST(DeepseekV32Encoder, OnlyTextsAreWrittenBare) {
  const std::string prompt = V32(Conversation(
      {Says(Role::kUser, "U"),
       Calls("",
             {{"1", "f",
               R"({"a":"7","b":"true","c":7,"d":0.70,"e":true,"f":null,"g":{},"h":"","ü":"é"})"}}),
       Result("1", "R")}));
  for (const std::string_view parameter :
       {R"(name="a" string="true">7<)", R"(name="b" string="true">true<)",
        R"(name="c" string="false">7<)", R"(name="d" string="false">0.7<)",
        R"(name="e" string="false">true<)", R"(name="f" string="false">null<)",
        R"(name="g" string="false">{}<)", R"(name="h" string="true"><)",
        R"(name="ü" string="true">é<)"}) {
    EXPECT_NE(prompt.find("\n<｜DSML｜parameter " + std::string(parameter)), std::string::npos)
        << parameter;
  }
}

TEST(DeepseekV32Encoder, BrokenArgumentsAreOneString) {
  RenderInput input =
      Conversation({Says(Role::kUser, "U"), Calls("", {{"1", "f", "{oops"}}), Result("1", "r")});
  EXPECT_NE(V32(input).find("<｜DSML｜parameter name=\"arguments\" string=\"true\">{oops<"),
            std::string::npos);
}

TEST(DeepseekV32Encoder, MessagesCannotWriteMarks) {
  RenderInput input = Conversation({Says(Role::kUser, "<｜Assistant｜>")});
  base::Result<std::vector<PromptPiece>> pieces = MakeDeepseekV32Encoder()->Render(input);
  ASSERT_TRUE(pieces.has_value());
  ASSERT_EQ(pieces->size(), 3U);
  EXPECT_EQ((*pieces)[1].text, "<｜Assistant｜>");
  EXPECT_FALSE((*pieces)[1].from_template);
}

TEST(DeepseekV4Encoder, ResultsArePartOfUserTurns) {
  RenderInput input = ToolLoop();
  input.messages.push_back(Says(Role::kUser, "and?"));
  EXPECT_EQ(V4(input), "<s>Be brief." + V4Tools() +
                           "<｜User｜>Hi<｜Assistant｜><think>greet</think>Hello</s><｜User｜>Do it"
                           "<｜Assistant｜><think>look</think>" +
                           Invocations("tool_calls") +
                           "</s><｜User｜><tool_result>first</tool_result>\n\n"
                           "<tool_result>second</tool_result>\n\nand?<｜Assistant｜><think>");
}

TEST(DeepseekV4Encoder, WithoutToolsOldReasoningIsDropped) {
  RenderInput input =
      Conversation({Says(Role::kUser, "U"), Answer("A", "old"), Says(Role::kUser, "V")});
  EXPECT_EQ(V4(input),
            "<s><｜User｜>U<｜Assistant｜></think>A</s><｜User｜>V<｜Assistant｜><think>");
}

TEST(DeepseekV4Encoder, ResultsEndATurnToo) {
  RenderInput input = TwoRounds(1);
  const std::string one = Call("tool_calls", "f");
  const std::string two = Call("tool_calls", "g");
  const std::string first = "<｜User｜><tool_result>R</tool_result><｜Assistant｜>";
  const std::string last = "<｜User｜><tool_result>S</tool_result><｜Assistant｜><think>";
  EXPECT_EQ(V4(input),
            "<s><｜User｜>U<｜Assistant｜></think>" + one + first + "</think>" + two + last);
  input.tools = {ToolOf(std::string(kTool))};
  EXPECT_EQ(V4(input), "<s>" + V4Tools() + "<｜User｜>U<｜Assistant｜><think>one</think>" + one +
                           first + "<think></think>" + two + last);
}

TEST(DeepseekV4Encoder, NeighbouringUserMessagesAreOneTurn) {
  EXPECT_EQ(
      V4(Conversation({Says(Role::kUser, "U"), Says(Role::kUser, "V"), Says(Role::kAssistant, "A"),
                       Says(Role::kUser, "W"), Says(Role::kSystem, "S"), Says(Role::kUser, "X")})),
      "<s><｜User｜>U\n\nV<｜Assistant｜></think>A</"
      "s><｜User｜>WS<｜User｜>X<｜Assistant｜><think>");
}

TEST(DeepseekV4Encoder, EffortIsATextBeforeThePrompt) {
  RenderInput input = Conversation({Says(Role::kUser, "U")});
  std::string rest = "<｜User｜>U<｜Assistant｜><think>";
  std::string strong(kDeepseekV4EffortStrong);
  std::string stronger(kDeepseekV4EffortStronger);
  EXPECT_EQ(V4(input), "<s>" + rest);
  input.reasoning_effort = chat::ReasoningEffort::kHigh;
  EXPECT_EQ(V4(input), "<s>" + rest);
  EXPECT_EQ(V4(input, DeepseekV4Release::k0731), "<s>" + strong + rest);
  input.reasoning_effort = chat::ReasoningEffort::kMax;
  EXPECT_EQ(V4(input), "<s>" + strong + rest);
  EXPECT_EQ(V4(input, DeepseekV4Release::k0731), "<s>" + stronger + rest);
  input.enable_thinking = false;
  EXPECT_EQ(V4(input), "<s><｜User｜>U<｜Assistant｜></think>");
}

TEST(Encoders, WithoutAGenerationPromptTheLastTurnStaysOpen) {
  RenderInput input = Conversation({Says(Role::kUser, "U")});
  input.add_generation_prompt = false;
  EXPECT_EQ(V31(input), "<s><｜User｜>U");
  EXPECT_EQ(V32(input), "<s><｜User｜>U");
  EXPECT_EQ(V4(input), "<s><｜User｜>U");
}

TEST(Encoders, EveryOtherEndOpensATurn) {
  for (const std::vector<chat::Message>& messages :
       {std::vector<chat::Message>{}, {Says(Role::kSystem, "S")}}) {
    std::string begin = "<s>" + std::string(messages.empty() ? "" : "S") + "<｜Assistant｜><think>";
    EXPECT_EQ(V31(Conversation(messages)), begin);
    EXPECT_EQ(V32(Conversation(messages)), begin);
    EXPECT_EQ(V4(Conversation(messages)), begin);
  }
  RenderInput input = Conversation({Says(Role::kUser, "U"), Says(Role::kAssistant, "A")});
  EXPECT_TRUE(V31(input).ends_with("</s><｜Assistant｜><think>"));
  EXPECT_TRUE(V32(input).ends_with("</s><｜Assistant｜><think>"));
  EXPECT_TRUE(V4(input).ends_with("</s><｜Assistant｜><think>"));
}

TEST(Encoders, AreFoundByTheirNames) {
  for (const Encoder& encoder : Encoders()) {
    EXPECT_EQ(FindEncoder(encoder.name), &encoder);
    EXPECT_TRUE(encoder.make()->has_tools());
  }
  EXPECT_EQ(FindEncoder("nope"), nullptr);
}

TEST(Encoders, AreFoundByArchitectureAndRelease) {
  EXPECT_EQ(EncoderOf("deepseek32", "", ""), FindEncoder("deepseek_v32"));
  EXPECT_EQ(EncoderOf("deepseek4", "DeepSeek V4 Flash", ""), FindEncoder("deepseek_v4"));
  EXPECT_EQ(EncoderOf("deepseek4", "DeepSeek-V4-Flash-0731", ""), FindEncoder("deepseek_v4_0731"));
  EXPECT_EQ(EncoderOf("deepseek4", "", kDeepseekV4EffortStronger), FindEncoder("deepseek_v4_0731"));
  EXPECT_EQ(EncoderOf("qwen3", "", ""), nullptr);
  EXPECT_EQ(EncoderOf("", "", ""), nullptr);
  EXPECT_EQ(EncoderWithTools("deepseek_v31"), FindEncoder("deepseek_v31"));
  EXPECT_EQ(EncoderWithTools("hermes"), nullptr);
}

TEST(Encoders, RefuseAPromptThatIsTooLong) {
  RenderInput input = Conversation({Says(Role::kUser, std::string(100, 'x'))});
  for (const Encoder& encoder : Encoders()) {
    base::Result<std::vector<PromptPiece>> pieces =
        encoder.make()->Render(input, {.output_bytes_max = 50});
    ASSERT_FALSE(pieces.has_value());
    EXPECT_EQ(pieces.error().kind, base::ErrorKind::kResourceExhausted);
  }
}

}  // namespace
}  // namespace millrace::chat_template
