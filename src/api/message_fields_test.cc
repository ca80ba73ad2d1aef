#include "api/message_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing/parse_fixture.h"

namespace millrace::api {
namespace {

using chat::Role;

class Messages : public ::testing::Test {
 protected:
  static Refused Invalid(std::string message) { return {400, 20015, std::move(message)}; }
  Refused Of(std::string_view messages, std::string_view model = "M") const {
    return RefusalOf(fixture_.ParseMessages(messages, model));
  }
  std::vector<chat::Message> Read(std::string_view messages, std::string_view model = "M") const {
    auto parsed = fixture_.ParseMessages(messages, model);
    EXPECT_TRUE(parsed.has_value()) << messages << ": " << RefusalOf(parsed).message;
    return parsed.has_value() ? std::move(parsed->request.messages) : std::vector<chat::Message>();
  }
  void ExpectAccepted(std::initializer_list<std::string_view> many) const {
    for (const std::string_view messages : many) {
      EXPECT_EQ(Of(messages).status, 200) << messages << ": " << Of(messages).message;
    }
  }

  ParseFixture fixture_;
};

constexpr std::string_view kCall =
    R"({"role":"assistant","content":null,"tool_calls":[)"
    R"({"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},)"
    R"({"id":"b","function":{"name":"g"}}]})";

std::string WithCall(std::string_view rest) {
  return R"([{"role":"user","content":"u"},)" + std::string(kCall) + "," + std::string(rest) + "]";
}

TEST_F(Messages, MustBeANonEmptyList_C061_C062_C063_C064) {
  EXPECT_EQ(RefusalOf(fixture_.Parse(R"({"model":"M"})")), Invalid("messages: Field required"));
  EXPECT_EQ(Of("[]"),
            Invalid("messages: List should have at least 1 item after validation, not 0"));
  EXPECT_EQ(Of(R"("hi")"), Invalid("messages: Input should be a valid list"));
  EXPECT_EQ(Of("{}"), Invalid("messages: Input should be a valid list"));
  EXPECT_EQ(Of(R"([{"role":"user","content":"a"},5])"),
            Invalid("messages.1: Input should be a valid dictionary"));
}

TEST_F(Messages, AreBoundedInNumber_C065) {
  const auto many = [](int count) {
    std::string list = "[";
    for (int i = 0; i < count; ++i) {
      list += i == 0 ? "" : ",";
      list += R"({"role":"user","content":""})";
    }
    return list + "]";
  };
  EXPECT_EQ(Of(many(11)).status, 200);
  EXPECT_EQ(Of(many(2049)),
            Invalid("messages: List should have at most 2048 items after validation, not 2049"));
}

TEST_F(Messages, MayBeSystemOrUserAlone_C074_C075) {
  ExpectAccepted({R"([{"role":"system","content":"s"},{"role":"user","content":"u"}])",
                  R"([{"role":"user","content":"u"}])", R"([{"role":"system","content":"s"}])"});
}

TEST_F(Messages, TreatDeveloperAsSystem_C076) {
  EXPECT_EQ(Read(R"([{"role":"developer","content":"s"}])")[0].role, Role::kSystem);
}

TEST_F(Messages, RefuseOtherRoles_C077_C078_C283) {
  EXPECT_EQ(Of(R"([{"role":"user","content":"u"},)"
               R"({"role":"image_url","image_url":{"url":"https://example.com/image1.jpg"}}])"),
            Invalid("Input tag 'image_url' found using 'role' does not match any of the expected "
                    "tags: 'system', 'user', 'assistant', 'tool'"));
  EXPECT_EQ(Of(R"([{"content":"u"}])"), Invalid("messages.0.role: Field required"));
  EXPECT_THAT(Of(R"([{"role":"User","content":"u"}])").message,
              ::testing::StartsWith("Input tag 'User' found"));
  EXPECT_EQ(Of(R"([{"role":5,"content":"u"}])"),
            Invalid("messages.0.role: Input should be a valid string"));
}

TEST_F(Messages, QuoteAtMostSixtyFourCharactersOfARole) {
  const std::string role(300, 'x');
  EXPECT_EQ(Of(R"([{"role":")" + role + R"(","content":"u"}])")
                .message.find("'" + std::string(64, 'x') + "'"),
            10U);
}

TEST_F(Messages, RequireContentOfUsers_C079_C080) {
  EXPECT_EQ(Of(R"([{"role":"user"}])"), Invalid("messages.0.content: Field required"));
  EXPECT_EQ(Of(R"([{"role":"user","content":null}])"),
            Invalid("messages.0.content: Field required"));
  EXPECT_EQ(Of(R"([{"role":"user","content":""}])").status, 200);
  EXPECT_EQ(
      Of(R"([{"role":"user","content":[]}])"),
      Invalid("messages.0.content: List should have at least 1 item after validation, not 0"));
  EXPECT_EQ(Of(R"([{"role":"user","content":5}])"),
            Invalid("messages.0.content: Input should be a valid string or list"));
  EXPECT_EQ(Of(R"([{"role":"user","content":{}}])"),
            Invalid("messages.0.content: Input should be a valid string or list"));
}

TEST_F(Messages, JoinTextPartsByANewline_C081_C082) {
  EXPECT_EQ(Read(R"([{"role":"user","content":[{"type":"text","text":"a"}]}])")[0].content, "a");
  EXPECT_EQ(Read(R"([{"role":"user","content":[{"type":"text","text":"a"},)"
                 R"({"type":"text","text":"b"}]}])")[0]
                .content,
            "a\nb");
}

TEST_F(Messages, NameTheBadPart_C083_C084) {
  EXPECT_EQ(Of(R"([{"role":"user","content":[{"type":"file"}]}])"),
            Invalid("messages.0.content.0.type: Input should be 'text', 'image_url', 'video_url', "
                    "'audio_url' or 'input_audio'"));
  EXPECT_EQ(Of(R"([{"role":"user","content":[{"type":"text","text":"a"},{"type":"text"}]}])"),
            Invalid("messages.0.content.1.text: Field required"));
  EXPECT_EQ(Of(R"([{"role":"user","content":["a"]}])"),
            Invalid("messages.0.content.0: Input should be a valid dictionary"));
}

TEST_F(Messages, RefusePicturesOnATextModel_C203) {
  const Refused refused = {
      400, 20041, "The model is not a VLM (Vision Language Model). Please use text-only prompts."};
  EXPECT_EQ(Of(R"([{"role":"user","content":[{"type":"text","text":"a"},)"
               R"({"type":"image_url","image_url":{"url":"https://example.com/a.jpg"}}]}])"),
            refused);
  EXPECT_EQ(Of(R"([{"role":"user","content":[{"type":"image_url","image_url":"http://x/y"}]}])"),
            refused);
}

TEST_F(Messages, CheckTheShapeOfPicturesFirst_C204) {
  EXPECT_EQ(Of(R"([{"role":"user","content":[{"type":"image_url","image_url":{}}]}])"),
            Invalid("messages.0.content.0.image_url.url: Field required"));
  EXPECT_EQ(Of(R"([{"role":"user","content":[{"type":"image_url",)"
               R"("image_url":{"url":"x","detail":"medium"}}]}])"),
            Invalid("messages.0.content.0.image_url.detail: Input should be 'auto', 'low' or "
                    "'high'"));
}

TEST_F(Messages, RefusePicturesInOtherRoles_C214) {
  for (const std::string_view role : {"system", "assistant"}) {
    EXPECT_EQ(Of(R"([{"role":")" + std::string(role) +
                 R"(","content":[{"type":"image_url","image_url":{"url":"x"}}]}])")
                  .code,
              20015)
        << role;
  }
}

TEST_F(Messages, RefuseVideoAndAudio_C216) {
  EXPECT_EQ(Of(R"([{"role":"user","content":[{"type":"text","text":"a"},)"
               R"({"type":"video_url","video_url":{"url":"x","max_frams":3}}]}])"),
            Invalid("messages.0.content.1: video input is not supported by this model"));
  EXPECT_EQ(Of(R"([{"role":"user","content":[)"
               R"({"type":"input_audio","input_audio":{"data":"x","format":"wav"}}]}])"),
            Invalid("messages.0.content.0: audio input is not supported by this model"));
}

TEST_F(Messages, CarryToolCallsAndTheirResults_C085_C093) {
  const auto messages = Read(WithCall(R"({"role":"tool","tool_call_id":"b","content":"2"},)"
                                      R"({"role":"tool","tool_call_id":"a","content":"1"})"));
  ASSERT_EQ(messages.size(), 4U);
  EXPECT_EQ(messages[1].tool_calls[0].arguments_json, "{}");
  EXPECT_EQ(messages[1].tool_calls[1].arguments_json, "{}");
  EXPECT_EQ(messages[2].tool_call_id, "b");
  EXPECT_EQ(messages[2].name, "g");
  EXPECT_EQ(messages[3].name, "f");
}

TEST_F(Messages, NeedSomethingInAnAssistantMessage_C086_C087) {
  EXPECT_EQ(Of(R"([{"role":"assistant","content":null}])"),
            Invalid("messages.0.content: Field required"));
  EXPECT_EQ(Of(R"([{"role":"assistant","content":null,"tool_calls":[]}])"),
            Invalid("messages.0.content: Field required"));
  ExpectAccepted({R"([{"role":"assistant","content":"a","tool_calls":[]}])",
                  R"([{"role":"assistant","reasoning_content":"r"}])"});
}

TEST_F(Messages, CheckEchoedCalls_C088) {
  const auto call = [this](std::string_view fields) {
    return Of(R"([{"role":"assistant","tool_calls":[{)" + std::string(fields) + "}]}]");
  };
  EXPECT_EQ(call(R"("id":"a","type":null,"function":{"name":"f"})").status, 200);
  EXPECT_EQ(call(R"("id":"a","index":0,"function":{"name":"f"})").status, 200);
  EXPECT_EQ(call(R"("id":"a","type":"x","function":{"name":"f"})"),
            Invalid("messages.0.tool_calls.0.type: Input should be 'function'"));
  EXPECT_EQ(call(R"("function":{"name":"f"})"),
            Invalid("messages.0.tool_calls.0.id: Field required"));
  EXPECT_EQ(call(R"("id":"a","function":{})"),
            Invalid("messages.0.tool_calls.0.function.name: Field required"));
  EXPECT_EQ(call(R"("id":"","function":{"name":"f"})").code, 20015);
}

TEST_F(Messages, TakeArgumentsInEveryForm_C089) {
  const auto arguments = [this](std::string_view value) {
    return Read(R"([{"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f",)"
                R"("arguments":)" +
                std::string(value) + "}}]}]")[0]
        .tool_calls[0]
        .arguments_json;
  };
  EXPECT_EQ(arguments(R"({"x":[1,"é"]})"), R"({"x":[1,"é"]})");
  EXPECT_EQ(arguments(R"("")"), "{}");
  EXPECT_EQ(arguments("null"), "{}");
  EXPECT_EQ(arguments(R"("{broken")"), "{broken");
}

TEST_F(Messages, TieToolResultsToCalls_C090_C091_C092) {
  EXPECT_EQ(Of(WithCall(R"({"role":"tool","content":"1"})")),
            Invalid("messages.2.tool_call_id: Field required"));
  EXPECT_EQ(Of(R"([{"role":"user","content":"u"},)"
               R"({"role":"tool","tool_call_id":"a","content":"1"}])"),
            Invalid("\"messages\" in request are illegal: Message has tool role, but there was no "
                    "previous assistant message with a tool call!"));
  EXPECT_EQ(Of(WithCall(R"({"role":"tool","tool_call_id":"z","content":"1"})")),
            Invalid("messages.2.tool_call_id: not found in the previous tool_calls"));
  EXPECT_THAT(Of(WithCall(R"({"role":"user","content":"x"},)"
                          R"({"role":"tool","tool_call_id":"a","content":"1"})"))
                  .message,
              ::testing::StartsWith("\"messages\" in request are illegal"));
}

TEST_F(Messages, TolerateUnansweredAndTwiceAnsweredCalls_C094) {
  ExpectAccepted({WithCall(R"({"role":"user","content":"never mind"})"),
                  WithCall(R"({"role":"tool","tool_call_id":"a","content":"1"},)"
                           R"({"role":"tool","tool_call_id":"a","content":"2"})")});
}

TEST_F(Messages, TakeTextPartsInToolResults_C095) {
  EXPECT_EQ(Read(WithCall(R"({"role":"tool","tool_call_id":"a","content":)"
                          R"([{"type":"text","text":"1"}]})"))[2]
                .content,
            "1");
  EXPECT_EQ(Of(WithCall(R"({"role":"tool","tool_call_id":"a","content":)"
                        R"([{"type":"image_url","image_url":{"url":"x"}}]})"))
                .code,
            20015);
  EXPECT_EQ(Read(WithCall(R"({"role":"tool","tool_call_id":"a","content":null})"))[2].content, "");
}

TEST_F(Messages, KeepEchoedReasoning_C096) {
  EXPECT_EQ(Read(R"([{"role":"assistant","content":"a","reasoning_content":"r"}])")[0].reasoning,
            "r");
  EXPECT_EQ(Of(R"([{"role":"assistant","content":"a","reasoning_content":5}])"),
            Invalid("messages.0.reasoning_content: Input should be a valid string"));
}

TEST_F(Messages, DropReasoningPartsOfAssistants) {
  EXPECT_EQ(Read(R"([{"role":"assistant","content":[{"type":"thinking","thinking":"t"},)"
                 R"({"type":"text","text":"a"},{"type":"refusal","refusal":"no"}]}])")[0]
                .content,
            "a\nno");
}

TEST_F(Messages, MayRepeatRolesAndEndWithAnAssistant_C098_C100) {
  ExpectAccepted({R"([{"role":"user","content":"a"},{"role":"user","content":"b"}])",
                  R"([{"role":"user","content":"a"},{"role":"assistant","content":"b"}])"});
}

TEST_F(Messages, MayHaveALateSystemMessageUnlessSwitchedOff_C099) {
  const std::string_view late =
      R"([{"role":"user","content":"a"},{"role":"system","content":"b"}])";
  EXPECT_EQ(Of(late).status, 200);
  fixture_.options.late_system = LateSystem::kReject;
  EXPECT_EQ(Of(late), Invalid("System message must be at the beginning."));
}

TEST_F(Messages, AskForAContinuation_C101) {
  const std::string_view messages =
      R"([{"role":"user","content":"a"},{"role":"assistant","content":"b","prefix":true}])";
  EXPECT_EQ(Of(messages).code, 20030);
  const auto parsed = fixture_.ParseMessages(messages, "J");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->request.answer_prefix, "b");
  EXPECT_EQ(parsed->request.messages.size(), 1U);
  EXPECT_EQ(RefusalOf(fixture_.Parse(R"({"model":"J","prefix":"x","messages":)" +
                                     std::string(messages) + "}"))
                .code,
            20015);
}

TEST_F(Messages, IgnoreUnknownKeys_C102) {
  ExpectAccepted({R"([{"role":"user","content":[{"type":"text","text":"a",)"
                  R"("cache_control":{"type":"ephemeral"}}],"id":5,"cache_control":{}}])",
                  R"([{"role":"assistant","content":"a","refusal":null,"annotations":[]}])"});
}

TEST_F(Messages, BoundTheAuthorsName_C103) {
  EXPECT_EQ(Read(R"([{"role":"user","content":"a","name":"Ann"}])")[0].name, "Ann");
  EXPECT_EQ(Of(R"([{"role":"user","content":"a","name":")" + std::string(65, 'n') + "\"}]"),
            Invalid("messages.0.name: String should have at most 64 characters"));
}

TEST_F(Messages, MapLegacyFunctionMessages) {
  const auto messages =
      Read(R"([{"role":"user","content":"a"},)"
           R"({"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},)"
           R"({"role":"function","name":"f","content":"1"}])");
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(messages[2].role, Role::kTool);
  EXPECT_EQ(messages[2].tool_call_id, messages[1].tool_calls[0].id);
  EXPECT_EQ(Of(R"([{"role":"function","content":"1"}])"),
            Invalid("messages.0.name: Field required"));
}

}  // namespace
}  // namespace millrace::api
