#include "api/chat_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <thread>

#include "api/testing/api_server.h"

namespace millrace::api {
namespace {

using chat::FinishReason;
using chat::Script;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

Script Greeting() { return Script().Start().Content("Hel").Content("lo").Finish().End(); }

TEST(ChatEndpoint, AnswersWhole_C218_C219_C221) {
  ApiServer server;
  server.backend().Play(Greeting());
  const http::Response response = server.ChatWith("");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body,
              ::testing::MatchesRegex(R"(\{"id":"[0-9a-f]{32}","object":"chat.completion",)"
                                      R"("created":1790000000,"model":"M","choices":\[\{"index":0,)"
                                      R"("message":\{"role":"assistant","content":"Hello"\},)"
                                      R"("finish_reason":"stop"\}\],"usage":.*)"));
  EXPECT_EQ(HeaderOf(response, "content-length"), std::to_string(response.body.size()));
}

TEST(ChatEndpoint, SmallRequestsDoNotWaitForLargeOnes) {
  ApiServer server;
  server.backend().Play(Greeting());
  std::latch released(1);
  server.schema_worker().Post("", [&released] { released.wait(); });
  http::RawClient large = server.Connect();
  const std::string padding = R"("padding":")" + std::string(size_t{1} << 20, 'x') + "\"";
  large.Send(ApiServer::RequestText("POST", "/v1/chat/completions", ApiServer::Body(padding)));
  EXPECT_EQ(server.ChatWith("").status, 200);
  released.count_down();
  EXPECT_EQ(large.ReadResponse().status, 200);
}

TEST(ChatEndpoint, Streams_C227_C228_C229) {
  ApiServer server;
  server.backend().Play(Greeting());
  http::RawClient client = server.Connect();
  client.Send(ApiServer::RequestText("POST", "/v1/chat/completions",
                                     ApiServer::Body("\"stream\":true"), "Connection: close\r\n"));
  const http::Response response = client.ReadResponse();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(HeaderOf(response, "content-type"), "text/event-stream");
  EXPECT_EQ(HeaderOf(response, "cache-control"), "no-cache");
  EXPECT_EQ(HeaderOf(response, "x-accel-buffering"), "no");
  EXPECT_EQ(HeaderOf(response, "content-length"), "");
  const auto events = EventsOf(response.body);
  ASSERT_EQ(events.size(), 5U);
  EXPECT_EQ(events.back(), "[DONE]");
  EXPECT_TRUE(response.body.ends_with("\n\ndata: [DONE]\n\n"));
  EXPECT_TRUE(client.AtEnd());
}

TEST(ChatEndpoint, SendsEventsBeforeTheAnswerIsComplete_C253) {
  ApiServer server;
  server.backend().Play(Script().Start().Content("first").Pause().Content("last").Finish().End());
  http::RawClient client = server.Connect();
  client.Send(
      ApiServer::RequestText("POST", "/v1/chat/completions", ApiServer::Body("\"stream\":true")));
  EXPECT_THAT(client.ReadUntil("first"), HasSubstr("first"));
  server.backend().Release();
  EXPECT_THAT(client.ReadUntil("[DONE]"), HasSubstr("last"));
}

TEST(ChatEndpoint, AnswersErrorsOfStreamsAsOrdinaryReplies_C248_C249) {
  ApiServer server;
  const http::Response bad = server.ChatWith("\"stream\":true,\"n\":0");
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(HeaderOf(bad, "content-type"), "application/json; charset=utf-8");
  server.backend().FailStart({base::ErrorKind::kResourceExhausted, "queue full"});
  EXPECT_EQ(server.ChatWith("\"stream\":true").status, 503);
}

TEST(ChatEndpoint, AnswersAFullQueueWith503_C259) {
  ApiServer server;
  server.backend().FailStart({base::ErrorKind::kResourceExhausted, "queue full"});
  const http::Response response = server.ChatWith("");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(
      response.body,
      R"({"code":50505,"message":"Model service overloaded. Please try again later.","data":null})");
  EXPECT_EQ(HeaderOf(response, "retry-after"), "5");
}

TEST(ChatEndpoint, PassesOnTheTextOfAnOverflow_C119) {
  ApiServer server;
  server.backend().FailStart({base::ErrorKind::kContextOverflow, "number of input tokens"});
  for (const char* more : {"\"stream\":false", "\"stream\":true"}) {
    const http::Response response = server.ChatWith(more);
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.body, R"({"code":20015,"message":"number of input tokens","data":null})");
  }
}

TEST(ChatEndpoint, AnswersEngineFailures_C262) {
  ApiServer server;
  server.backend().Play(Script().Start().Content("a").Fail(base::Internal("boom")));
  const http::Response response = server.ChatWith("");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body,
            R"({"code":50507,"message":"Request failed: Unknown error.","data":null})");
  server.backend().Play(Script().Fail(base::Internal("boom")));
  EXPECT_EQ(server.ChatWith("\"stream\":true").status, 500);
}

TEST(ChatEndpoint, ReportsFailuresInsideAStream_C250) {
  ApiServer server;
  server.backend().Play(Script().Start().Content("a").Fail(base::Internal("boom")));
  const http::Response response = server.ChatWith("\"stream\":true");
  EXPECT_EQ(response.status, 200);
  const auto events = EventsOf(response.body);
  ASSERT_EQ(events.size(), 4U);
  EXPECT_THAT(events[2], HasSubstr(R"("error":{"message":"Request failed: Unknown error.",)"
                                   R"("type":"server_error","param":null,"code":50507})"));
  EXPECT_EQ(events[3], "[DONE]");
  EXPECT_EQ(server.WaitForLogs(1)[0].code, 50507);
}

TEST(ChatEndpoint, GivesUpWhenNothingComesInTime_C261) {
  ApiOptions options;
  options.request_timeout = std::chrono::milliseconds(1);
  options.first_token_timeout = std::chrono::milliseconds(1);
  ApiServer server(options);
  server.backend().Play(Script().Pause().Start().Finish().End());
  for (const char* more : {"\"stream\":false", "\"stream\":true"}) {
    const http::Response response = server.ChatWith(more);
    EXPECT_EQ(response.status, 504) << more;
    EXPECT_EQ(response.body, "\"Gateway Timeout\"");
  }
  server.WaitForLogs(2);
  EXPECT_EQ(server.backend().live_stream_count(), 0);
}

TEST(ChatEndpoint, EndsStreamsThatRunTooLong) {
  ApiOptions options;
  options.stream_timeout = std::chrono::milliseconds(100);
  ApiServer server(options);
  server.backend().Play(Script().Start().Content("a").Pause().Finish().End());
  const auto events = EventsOf(server.ChatWith("\"stream\":true").body);
  ASSERT_EQ(events.size(), 4U);
  EXPECT_THAT(events[2], HasSubstr(R"("type":"timeout_error","param":null,"code":50504)"));
}

TEST(ChatEndpoint, SendsCommentsThroughSilence_C251) {
  ApiOptions options;
  options.sse_keepalive = std::chrono::milliseconds(5);
  ApiServer server(options);
  server.backend().Play(Script().Pause().Start().Content("a").Finish().End());
  http::RawClient client = server.Connect();
  client.Send(
      ApiServer::RequestText("POST", "/v1/chat/completions", ApiServer::Body("\"stream\":true")));
  EXPECT_THAT(client.ReadUntil(": keep-alive\n\n"), HasSubstr("text/event-stream"));
  EXPECT_THAT(client.ReadUntil(": keep-alive\n\n"), HasSubstr(": keep-alive"));
  server.backend().Release();
  EXPECT_THAT(client.ReadUntil("[DONE]"), HasSubstr("\"content\":\"a\""));
}

TEST(ChatEndpoint, CancelsWhenTheClientLeaves_C254_C255) {
  for (const char* more : {"\"stream\":false", "\"stream\":true"}) {
    ApiServer server;
    server.backend().Play(Script(7).Start().Content("a", 3).Pause().Finish().End());
    {
      http::RawClient client = server.Connect();
      client.Send(ApiServer::RequestText("POST", "/v1/chat/completions", ApiServer::Body(more)));
      while (server.backend().live_stream_count() == 0) {
        std::this_thread::yield();
      }
      client.Reset();
    }
    const auto logs = server.WaitForLogs(1);
    ASSERT_THAT(logs, SizeIs(1));
    EXPECT_EQ(logs[0].status, 499) << more;
    EXPECT_EQ(logs[0].code, 60001) << more;
    EXPECT_EQ(logs[0].usage.prompt_tokens, 7);
    EXPECT_EQ(server.backend().live_stream_count(), 0);
  }
}

TEST(ChatEndpoint, StopsPreparingWhenTheClientLeaves) {
  ApiServer server;
  server.backend().HoldPrepare();
  {
    http::RawClient client = server.Connect();
    client.Send(ApiServer::RequestText("POST", "/v1/chat/completions", ApiServer::Body()));
    while (!server.backend().last_request()) {
      std::this_thread::yield();
    }
    client.Reset();
  }
  const auto logs = server.WaitForLogs(1);
  ASSERT_THAT(logs, SizeIs(1));
  EXPECT_EQ(logs[0].status, 499);
}

TEST(ChatEndpoint, LogsWhatARequestWas) {
  ApiServer server;
  server.backend().Play(
      Script(11).Cached(4).Start(0, true).Reasoning("r", 2).Content("a", 3).Finish().End());
  server.ChatWith("\"stream\":true", "X-Trace-Id: t1\r\n");
  const auto logs = server.WaitForLogs(1);
  ASSERT_THAT(logs, SizeIs(1));
  EXPECT_EQ(logs[0].trace_id, "t1");
  EXPECT_EQ(logs[0].method, "POST");
  EXPECT_EQ(logs[0].route, "chat");
  EXPECT_EQ(logs[0].model, "M");
  EXPECT_EQ(logs[0].status, 200);
  EXPECT_EQ(logs[0].code, 0);
  EXPECT_TRUE(logs[0].stream);
  EXPECT_TRUE(logs[0].thinking);
  EXPECT_EQ(logs[0].usage.prompt_tokens, 11);
  EXPECT_EQ(logs[0].usage.completion_tokens, 5);
  EXPECT_EQ(logs[0].usage.reasoning_tokens, 2);
  EXPECT_EQ(logs[0].usage.cached_tokens, 4);
  EXPECT_THAT(logs[0].finish_reasons, ElementsAre(FinishReason::kStop));
  EXPECT_EQ(logs[0].first_token_millis, 0);
}

TEST(ChatEndpoint, LogsRefusals) {
  ApiServer server;
  server.ChatWith("\"n\":0");
  server.Send("GET", "/nothing");
  const auto logs = server.WaitForLogs(2);
  ASSERT_THAT(logs, SizeIs(2));
  EXPECT_EQ(logs[0].status, 400);
  EXPECT_EQ(logs[0].code, 20015);
  EXPECT_EQ(logs[1].status, 404);
  EXPECT_EQ(logs[1].route, "unknown");
}

TEST(ChatEndpoint, PassesTheWholeRequestOn) {
  ApiServer server;
  server.backend().Play(Greeting());
  server.ChatWith(R"("temperature":0,"stop":"x","seed":5)", "User-Agent: claude-cli/1\r\n");
  const auto request = server.backend().last_request();
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->messages[0].content, "hi");
  EXPECT_EQ(request->sampling.temperature, 0);
  EXPECT_EQ(request->seed, 5U);
  EXPECT_THAT(request->stop, ElementsAre("x"));
}

TEST(ChatEndpoint, StreamsManyChoices_C240_C241) {
  ApiServer server;
  server.backend().Play(Script()
                            .Start(0)
                            .Content("a", 1, 0)
                            .Start(1)
                            .Content("b", 1, 1)
                            .Finish(FinishReason::kStop, 0)
                            .Finish(FinishReason::kStop, 1)
                            .End());
  const auto events = EventsOf(server.ChatWith("\"stream\":true,\"n\":2").body);
  ASSERT_EQ(events.size(), 7U);
  EXPECT_THAT(events[0], HasSubstr(R"("index":0,"delta":{"role")"));
  EXPECT_THAT(events[1], HasSubstr(R"("index":1,"delta":{"role")"));
  EXPECT_THAT(events[2], Not(HasSubstr("role")));
}

}  // namespace
}  // namespace millrace::api
