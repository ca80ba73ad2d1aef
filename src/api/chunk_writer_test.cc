#include "api/chunk_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chat/testing/scripted_backend.h"

namespace millrace::api {
namespace {

using chat::FinishReason;
using chat::Script;

const ReplyHeader kHeader = {
    .id = "01a0c45081296bb0c2d94f71ae03581f", .created_unix_seconds = 1790000005, .model = "Q/q"};
constexpr std::string_view kHead =
    R"({"id":"01a0c45081296bb0c2d94f71ae03581f","object":"chat.completion.chunk",)"
    R"("created":1790000005,"model":"Q/q","choices":[)";

std::vector<std::string> Frames(const Script& script, StreamUsage usage = StreamUsage::kNone,
                                int32_t n = 1) {
  ChunkWriter writer(kHeader, usage, n);
  std::vector<std::string> frames;
  for (const chat::ChatEvent& event : script.events()) {
    writer.Add(event, frames);
  }
  return frames;
}

// A whole frame from what lies between "choices":[ and the end of the object.
std::string Frame(std::string_view choice, std::string_view after = "") {
  std::string frame = "data: " + std::string(kHead);
  frame += choice;
  frame += "],\"system_fingerprint\":\"\"";
  frame += after;
  return frame + "}\n\n";
}
std::string Delta(std::string_view delta, std::string_view reason = "null", int index = 0) {
  return "{\"index\":" + std::to_string(index) + ",\"delta\":{" + std::string(delta) +
         "},\"finish_reason\":" + std::string(reason) + "}";
}
constexpr std::string_view kRole = R"("role":"assistant","content":"","reasoning_content":null)";
constexpr std::string_view kReasoningRole =
    R"("role":"assistant","content":null,"reasoning_content":"")";
constexpr std::string_view kEmpty = R"("content":"","reasoning_content":null)";
const std::string kDone = "data: [DONE]\n\n";

TEST(ChunkWriter, WritesLogprobsWithAnswerTextAndNullElsewhere_C257) {
  ChunkWriter writer(kHeader, StreamUsage::kNone, 1, Logprobs::kReported);
  std::vector<std::string> frames;
  const Script script = Script(11)
                            .Start(0, true)
                            .Reasoning("hm")
                            .Scored("ab", {{{"a", -1.5F}, {}}, {{"b", -0.5F}, {}}})
                            .Finish()
                            .End();
  for (const chat::ChatEvent& event : script.events()) {
    writer.Add(event, frames);
  }
  const auto with = [](std::string_view delta, std::string_view logprobs,
                       std::string_view reason = "null") {
    return Frame("{\"index\":0,\"delta\":{" + std::string(delta) + "},\"logprobs\":" +
                 std::string(logprobs) + ",\"finish_reason\":" + std::string(reason) + "}");
  };
  EXPECT_THAT(
      frames,
      ::testing::ElementsAre(
          with(kReasoningRole, "null"), with(R"("content":null,"reasoning_content":"hm")", "null"),
          with(R"("content":"ab","reasoning_content":null)",
               R"({"content":[{"token":"a","logprob":-1.5,"bytes":[97],"top_logprobs":[]},)"
               R"({"token":"b","logprob":-0.5,"bytes":[98],"top_logprobs":[]}],"refusal":null})"),
          with(kEmpty, "null", "\"stop\""), kDone));
}

TEST(ChunkWriter, WritesPlainTextWithCumulativeUsage_C228_C230_C242) {
  const Script script = Script(11).Start().Content("Blue").Content(" and green.", 3).Finish().End();
  EXPECT_THAT(Frames(script, StreamUsage::kEveryChunk),
              ::testing::ElementsAre(
                  Frame(Delta(kRole),
                        R"(,"usage":{"prompt_tokens":11,"completion_tokens":0,"total_tokens":11})"),
                  Frame(Delta(R"("content":"Blue","reasoning_content":null)"),
                        R"(,"usage":{"prompt_tokens":11,"completion_tokens":1,"total_tokens":12})"),
                  Frame(Delta(R"("content":" and green.","reasoning_content":null)"),
                        R"(,"usage":{"prompt_tokens":11,"completion_tokens":4,"total_tokens":15})"),
                  Frame(Delta(kEmpty, "\"stop\""),
                        R"(,"usage":{"prompt_tokens":11,"completion_tokens":4,"total_tokens":15,)"
                        R"("completion_tokens_details":{"reasoning_tokens":0},)"
                        R"("prompt_tokens_details":{"cached_tokens":0},)"
                        R"("prompt_cache_hit_tokens":0,"prompt_cache_miss_tokens":11})"),
                  kDone));
}

TEST(ChunkWriter, WritesReasoningBeforeTheAnswer_C231_C234) {
  const Script script = Script(11).Start(0, true).Reasoning("Count").Content("12").Finish().End();
  EXPECT_THAT(Frames(script),
              ::testing::ElementsAre(Frame(Delta(kReasoningRole)),
                                     Frame(Delta(R"("content":null,"reasoning_content":"Count")")),
                                     Frame(Delta(R"("content":"12","reasoning_content":null)")),
                                     Frame(Delta(kEmpty, "\"stop\"")), kDone));
}

TEST(ChunkWriter, CountsReasoningInRunningUsage) {
  const auto frames =
      Frames(Script(11).Start(0, true).Reasoning("a").Finish().End(), StreamUsage::kEveryChunk);
  EXPECT_THAT(frames[1], ::testing::HasSubstr(R"("total_tokens":12,"completion_tokens_details":)"
                                              R"({"reasoning_tokens":1}})"));
}

TEST(ChunkWriter, WritesToolCallsInFragments_C237_C238) {
  const Script script = Script()
                            .Start()
                            .Call("call_a", "get_weather")
                            .Arguments("{\"city\":")
                            .Arguments("\"Oslo\"}")
                            .Call("call_b", "get_time", 1)
                            .Arguments("{}", 1)
                            .Finish(FinishReason::kToolCalls)
                            .End();
  const auto call = [](std::string_view entry) {
    return Frame(Delta(R"("content":null,"reasoning_content":null,"tool_calls":[)" +
                       std::string(entry) + "]"));
  };
  EXPECT_THAT(Frames(script),
              ::testing::ElementsAre(Frame(Delta(kRole)),
                                     call(R"({"index":0,"id":"call_a","type":"function",)"
                                          R"("function":{"name":"get_weather","arguments":""}})"),
                                     call(R"({"index":0,"function":{"arguments":"{\"city\":"}})"),
                                     call(R"({"index":0,"function":{"arguments":"\"Oslo\"}"}})"),
                                     call(R"({"index":1,"id":"call_b","type":"function",)"
                                          R"("function":{"name":"get_time","arguments":""}})"),
                                     call(R"({"index":1,"function":{"arguments":"{}"}})"),
                                     Frame(Delta(kEmpty, "\"tool_calls\"")), kDone));
}

TEST(ChunkWriter, SendsAllRoleChunksFirst_C240) {
  const Script script = Script()
                            .Start(0)
                            .Content("a", 1, 0)
                            .Finish(FinishReason::kLength, 0)
                            .Start(1, true)
                            .Reasoning("b", 1, 1)
                            .Finish(FinishReason::kStop, 1)
                            .End();
  EXPECT_THAT(Frames(script, StreamUsage::kNone, 2),
              ::testing::ElementsAre(
                  Frame(Delta(kRole, "null", 0)), Frame(Delta(kReasoningRole, "null", 1)),
                  Frame(Delta(R"("content":"a","reasoning_content":null)", "null", 0)),
                  Frame(Delta(kEmpty, "\"length\"", 0)),
                  Frame(Delta(R"("content":null,"reasoning_content":"b")", "null", 1)),
                  Frame(Delta(kEmpty, "\"stop\"", 1)), kDone));
}

TEST(ChunkWriter, SortsRolesOfChoicesThatStartOutOfOrder_C240) {
  const auto frames =
      Frames(Script().Start(1).Content("b", 1, 1).Start(0).Finish(FinishReason::kStop, 0),
             StreamUsage::kNone, 2);
  EXPECT_THAT(frames, ::testing::ElementsAre(
                          Frame(Delta(kRole, "null", 0)), Frame(Delta(kRole, "null", 1)),
                          Frame(Delta(R"("content":"b","reasoning_content":null)", "null", 1)),
                          Frame(Delta(kEmpty, "\"stop\"", 0))));
}

TEST(ChunkWriter, PutsUsageIntoAChunkOfItsOwnWhenAsked_C243) {
  const auto frames =
      Frames(Script(11).Cached(8).Start().Content("a").Finish().End(), StreamUsage::kOwnChunk);
  ASSERT_EQ(frames.size(), 5U);
  EXPECT_EQ(frames[1],
            Frame(Delta(R"("content":"a","reasoning_content":null)"), ",\"usage\":null"));
  EXPECT_EQ(frames[3], Frame("", R"(,"usage":{"prompt_tokens":11,"completion_tokens":1,)"
                                 R"("total_tokens":12,)"
                                 R"("completion_tokens_details":{"reasoning_tokens":0},)"
                                 R"("prompt_tokens_details":{"cached_tokens":8},)"
                                 R"("prompt_cache_hit_tokens":8,"prompt_cache_miss_tokens":3})"));
  EXPECT_EQ(frames[4], kDone);
}

TEST(ChunkWriter, PutsUsageOnTheLastFinishOnly_C247) {
  const Script script = Script().Start(0).Start(1).Finish(FinishReason::kStop, 1).Finish().End();
  const auto frames = Frames(script, StreamUsage::kLastFinish, 2);
  for (size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(frames[i].find("\"usage\"") != std::string::npos, i == 3) << frames[i];
  }
}

TEST(ChunkWriter, WritesAnEmptyAnswer_C258) {
  EXPECT_THAT(Frames(Script().Start().Finish().End()),
              ::testing::ElementsAre(Frame(Delta(kRole)), Frame(Delta(kEmpty, "\"stop\"")), kDone));
}

TEST(ChunkWriter, ReportsAFailureInsideTheStream_C250) {
  std::vector<std::string> frames;
  ChunkWriter::AddFailure({Failure::kInternal}, frames);
  EXPECT_THAT(
      frames,
      ::testing::ElementsAre(
          "data: {\"error\":{\"message\":\"Request processing failed due to an unknown error.\","
          "\"type\":\"server_error\",\"param\":null,\"code\":60000},\"code\":60000,"
          "\"message\":\"Request processing failed due to an unknown error.\",\"data\":null}\n\n",
          kDone));
}

TEST(ChunkWriter, KeepsLineBreaksInsideTheJson) {
  const auto frames = Frames(Script().Start().Content("a\nb\"\x01").Finish().End());
  EXPECT_EQ(frames[1], Frame(Delta(R"("content":"a\nb\"\u0001","reasoning_content":null)")));
}

}  // namespace
}  // namespace millrace::api
