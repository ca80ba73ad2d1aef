#include "api/response_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chat/testing/scripted_backend.h"

namespace millrace::api {
namespace {

using chat::FinishReason;
using chat::Script;

std::string Reply(const Script& script, int32_t n = 1) {
  ResponseBuilder builder(n);
  for (const chat::ChatEvent& event : script.events()) {
    builder.Add(event);
  }
  return builder.Json({.id = "id", .created_unix_seconds = 1790000000, .model = "Q/q"});
}

TEST(ResponseBuilder, WritesTheDocumentedReply_C219_C220_C223) {
  EXPECT_EQ(Reply(Script(14)
                      .Start(0, true)
                      .Reasoning("Simple sum.", 8)
                      .Content("Two plus two", 3)
                      .Content(" is four.", 6)
                      .Finish()
                      .End()),
            R"({"id":"id","object":"chat.completion","created":1790000000,"model":"Q/q",)"
            R"("choices":[{"index":0,"message":{"role":"assistant",)"
            R"("content":"Two plus two is four.","reasoning_content":"Simple sum."},)"
            R"("finish_reason":"stop"}],)"
            R"("usage":{"prompt_tokens":14,"completion_tokens":17,"total_tokens":31,)"
            R"("completion_tokens_details":{"reasoning_tokens":8},)"
            R"("prompt_tokens_details":{"cached_tokens":0},)"
            R"("prompt_cache_hit_tokens":0,"prompt_cache_miss_tokens":14},)"
            R"("system_fingerprint":""})");
}

TEST(ResponseBuilder, LeavesOutWhatTheAnswerDoesNotHave_C139_C180) {
  const std::string reply = Reply(Script().Start().Finish().End());
  EXPECT_THAT(reply, ::testing::HasSubstr(R"("message":{"role":"assistant","content":""})"));
}

TEST(ResponseBuilder, WritesToolCallsWithoutIndex_C177_C226) {
  EXPECT_THAT(Reply(Script()
                        .Start()
                        .Call("call_a", "f")
                        .Arguments("{\"x\":")
                        .Arguments("1}")
                        .Call("call_b", "g", 1)
                        .Arguments("{}", 1)
                        .Finish(FinishReason::kToolCalls)
                        .End()),
              ::testing::HasSubstr(
                  R"("message":{"role":"assistant","content":"","tool_calls":[)"
                  R"({"id":"call_a","type":"function",)"
                  R"("function":{"name":"f","arguments":"{\"x\":1}"}},)"
                  R"({"id":"call_b","type":"function","function":{"name":"g","arguments":"{}"}}]},)"
                  R"("finish_reason":"tool_calls")"));
}

TEST(ResponseBuilder, SortsChoicesByIndex_C128) {
  EXPECT_THAT(
      Reply(Script()
                .Start(0)
                .Start(1)
                .Content("b", 1, 1)
                .Finish(FinishReason::kLength, 1)
                .Content("a", 1, 0)
                .Finish(FinishReason::kStop, 0)
                .End(),
            2),
      ::testing::HasSubstr(R"("choices":[{"index":0,"message":{"role":"assistant","content":"a"},)"
                           R"("finish_reason":"stop"},{"index":1,"message":{"role":"assistant",)"
                           R"("content":"b"},"finish_reason":"length"}])"));
}

TEST(ResponseBuilder, WritesLogprobsOfTheContent_C131) {
  ResponseBuilder builder(1, Logprobs::kReported);
  const Script script =
      Script()
          .Start()
          .Scored("Two", {{{"Two", -0.25F}, {{"Two", -0.25F}, {"\xF0\x9F", -2.5F}}}})
          .Scored(" \"3", {{{" \"", -1.0F}, {{"", -9999.0F}}}, {{"3", 0.0F}, {}}})
          .Finish()
          .End();
  for (const chat::ChatEvent& event : script.events()) {
    builder.Add(event);
  }
  EXPECT_THAT(builder.Json({.id = "id", .created_unix_seconds = 1, .model = "Q"}),
              ::testing::HasSubstr(
                  R"("message":{"role":"assistant","content":"Two \"3"},"logprobs":{"content":[)"
                  R"({"token":"Two","logprob":-0.25,"bytes":[84,119,111],"top_logprobs":[)"
                  R"({"token":"Two","logprob":-0.25,"bytes":[84,119,111]},)"
                  "{\"token\":\"\uFFFD\",\"logprob\":-2.5,\"bytes\":[240,159]}]},"
                  R"({"token":" \"","logprob":-1.0,"bytes":[32,34],"top_logprobs":[)"
                  R"({"token":"","logprob":-9999.0,"bytes":[]}]},)"
                  R"({"token":"3","logprob":0.0,"bytes":[51],"top_logprobs":[]}],"refusal":null},)"
                  R"("finish_reason":"stop")"));
}

TEST(ResponseBuilder, ReportsNoTokensForAnEmptyAnswer) {
  ResponseBuilder builder(1, Logprobs::kReported);
  const Script script = Script().Start().Finish().End();
  for (const chat::ChatEvent& event : script.events()) {
    builder.Add(event);
  }
  EXPECT_THAT(builder.Json({.id = "id", .created_unix_seconds = 1, .model = "Q"}),
              ::testing::HasSubstr(R"("logprobs":{"content":[],"refusal":null})"));
}

TEST(ResponseBuilder, LeavesLogprobsOutWhenNobodyAsked_C133) {
  EXPECT_THAT(Reply(Script().Start().Scored("a", {{{"a", -1.0F}, {}}}).Finish().End()),
              ::testing::Not(::testing::HasSubstr("logprobs")));
}

}  // namespace
}  // namespace millrace::api
