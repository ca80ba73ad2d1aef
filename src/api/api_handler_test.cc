#include "api/api_handler.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/testing/api_server.h"

namespace millrace::api {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kGeneric =
    R"({"code":20015,"message":"The parameter is invalid. Please check again.","data":null})";

class Api : public ::testing::Test {
 protected:
  Api() { server_.backend().Play(chat::Script().Start().Content("Hi").Finish().End()); }
  ApiServer server_;
};

TEST_F(Api, ServesTheChatRouteUnderItsNames_C001_C002_C003) {
  for (const char* path : {"/v1/chat/completions", "/chat/completions", "//v1//chat/completions",
                           "/v1/chat/completions/", "/v1/chat/completions?x=1"}) {
    const http::Response response = server_.Send("POST", path, ApiServer::Body());
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_THAT(response.body, HasSubstr("\"content\":\"Hi\"")) << path;
  }
}

TEST_F(Api, AnswersUnknownPathsWith404_C004) {
  const http::Response response = server_.Send("POST", "/v1/nothing", "{}");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, "\"404 page not found\"");
}

TEST_F(Api, AnswersWrongMethodsWith405_C006) {
  const http::Response response = server_.Send("GET", "/v1/chat/completions");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.body, "\"405 method not allowed\"");
  EXPECT_THAT(HeaderOf(response, "Allow"), HasSubstr("POST"));
  EXPECT_EQ(server_.Send("POST", "/v1/models", "{}").status, 405);
}

TEST_F(Api, SendsTraceIdsWithEveryAnswer_C017_C018_C019_C023_C024) {
  std::vector<std::string> ids;
  for (const http::Response& response :
       {server_.ChatWith(""), server_.ChatWith("\"n\":0"), server_.ChatWith("\"stream\":true"),
        server_.Send("POST", "/nothing", ""), server_.Send("GET", "/chat/completions"),
        server_.Send("OPTIONS", "/v1/models")}) {
    ids.push_back(HeaderOf(response, "x-siliconcloud-trace-id"));
    EXPECT_EQ(ids.back().size(), 32U) << response.status;
    EXPECT_EQ(HeaderOf(response, "x-request-id"), ids.back());
  }
  std::ranges::sort(ids);
  EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
  EXPECT_EQ(HeaderOf(server_.ChatWith("", "X-Trace-Id: my-trace.1\r\n"), "x-siliconcloud-trace-id"),
            "my-trace.1");
}

TEST_F(Api, SendsJsonWithItsCharset_C025) {
  for (const http::Response& response :
       {server_.ChatWith(""), server_.ChatWith("\"n\":0"), server_.Send("GET", "/nothing")}) {
    EXPECT_EQ(HeaderOf(response, "content-type"), "application/json; charset=utf-8");
    EXPECT_EQ(HeaderOf(response, "cache-control"), "no-store");
  }
}

TEST_F(Api, ReadsJsonOnly_C026_C027_C028) {
  EXPECT_EQ(server_.ChatWith("", "Content-Type: application/json; charset=utf-8\r\n").status, 200);
  const http::Response text = server_.ChatWith("", "Content-Type: text/plain\r\n");
  EXPECT_EQ(text.status, 415);
  EXPECT_EQ(text.body, R"({"code":20015,"message":"Unsupported content type.","data":null})");
  EXPECT_EQ(server_.ChatWith("", "Content-Encoding: gzip\r\n").status, 415);
}

TEST_F(Api, ReadsChunkedBodies_C029) {
  const std::string body = ApiServer::Body();
  const std::string chunked = "10\r\n" + body.substr(0, 16) + "\r\n" +
                              fmt::format("{:x}\r\n", body.size() - 16) + body.substr(16) +
                              "\r\n0\r\n\r\n";
  EXPECT_EQ(server_.Chat(chunked, "Transfer-Encoding: chunked\r\n").status, 200);
}

TEST_F(Api, RefusesLargeBodies_C031) {
  ApiOptions options;
  options.limits.body_bytes_max = 100;
  ApiServer server(options);
  const http::Response response = server.Chat(std::string(101, ' '));
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.body, R"({"code":20042,"message":"Request entity too large.","data":null})");
  EXPECT_EQ(server
                .Chat("65\r\n" + std::string(101, ' ') + "\r\n0\r\n\r\n",
                      "Transfer-Encoding: chunked\r\n")
                .status,
            413);
}

TEST_F(Api, AnswersBadBodiesAndKeepsTheConnection_C033_C034_C041) {
  http::RawClient client = server_.Connect();
  for (const std::string& body : {std::string(), std::string("{\"model\":")}) {
    client.Send(ApiServer::RequestText("POST", "/v1/chat/completions", body));
    const http::Response response = client.ReadResponse();
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.body, kGeneric);
  }
  client.Send(ApiServer::RequestText("POST", "/v1/chat/completions", ApiServer::Body()));
  EXPECT_EQ(client.ReadResponse().status, 200);
}

TEST_F(Api, AnswersPreflights_C042) {
  const http::Response response = server_.Send("OPTIONS", "/v1/chat/completions");
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(HeaderOf(response, "access-control-allow-origin"), "*");
  EXPECT_THAT(HeaderOf(response, "access-control-allow-headers"), HasSubstr("authorization"));
  EXPECT_THAT(HeaderOf(response, "access-control-allow-methods"), HasSubstr("POST"));
  EXPECT_THAT(HeaderOf(response, "access-control-expose-headers"),
              HasSubstr("x-siliconcloud-trace-id"));
  EXPECT_EQ(server_.Send("OPTIONS", "/nothing").status, 404);
}

TEST_F(Api, RefusesMalformedRequests_C043_C044) {
  const http::Response both =
      server_.Chat("0\r\n\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n");
  EXPECT_EQ(both.status, 400);
  EXPECT_EQ(both.body, kGeneric);
  const http::Response large =
      server_.Send("GET", "/healthz", "", "X-A: " + std::string(70000, 'a') + "\r\n");
  EXPECT_EQ(large.status, 431);
  EXPECT_EQ(large.body, R"({"code":20015,"message":"Request header is too large.","data":null})");
}

TEST_F(Api, TellsThatItLives_C045) {
  const http::Response response = server_.Send("GET", "/healthz");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"status":"ok"})");
  const http::Response head = server_.Send("HEAD", "/healthz");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
}

TEST_F(Api, ListsModels_C047_C048_C049) {
  const std::string all =
      R"({"object":"list","data":[)"
      R"({"id":"M","object":"model","created":0,"owned_by":"","context_length":4096,)"
      R"("max_output_tokens":8192},)"
      R"({"id":"N","object":"model","created":0,"owned_by":"","context_length":4096,)"
      R"("max_output_tokens":8192},)"
      R"({"id":"V","object":"model","created":0,"owned_by":"","context_length":4096,)"
      R"("max_output_tokens":8192}]})";
  for (const char* path : {"/v1/models", "/models", "/v1/models?type=text&sub_type=chat",
                           "/v1/models?sub_type=chat", "/v1/models?unknown=1"}) {
    EXPECT_EQ(server_.Send("GET", path).body, all) << path;
  }
  for (const char* path : {"/v1/models?sub_type=embedding", "/v1/models?type=image"}) {
    EXPECT_EQ(server_.Send("GET", path).body, R"({"object":"list","data":[]})") << path;
  }
}

TEST_F(Api, RefusesUnknownFilters_C050) {
  const http::Response response = server_.Send("GET", "/v1/models?type=nonsense");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body,
            R"({"code":20015,"message":"type: Input should be 'text', 'image', 'audio' or )"
            R"('video'","data":null})");
}

TEST_F(Api, ShowsOneModel_C051_C052) {
  for (const char* path : {"/v1/models/team/M", "/v1/models/team%2FM", "/models/team/M"}) {
    const http::Response response = server_.Send("GET", path);
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_THAT(response.body, HasSubstr(R"("id":"team/M","object":"model")")) << path;
  }
  const http::Response unknown = server_.Send("GET", "/v1/models/zzz");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.body, "\"404 page not found\"");
}

TEST_F(Api, ResolvesEscapesInModelNamesOnly) {
  EXPECT_EQ(server_.Send("POST", "/v1/chat%2Fcompletions", ApiServer::Body()).status, 404);
  EXPECT_EQ(server_.Send("GET", "/v1/%6dodels").status, 404);
  EXPECT_EQ(server_.Send("GET", "/v1/models%2Fteam/M").status, 404);
  EXPECT_EQ(server_.Send("GET", "/v1/models/%74eam%2fM").status, 200);
}

TEST_F(Api, DescribesItselfToAnybody) {
  const http::Response response = server_.Send("GET", "/openapi.json");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(HeaderOf(response, "content-type"), "application/json; charset=utf-8");
  EXPECT_THAT(response.body, ::testing::StartsWith("{\"openapi\":\"3.1"));
}

TEST_F(Api, ServesTheAccountStub) {
  EXPECT_THAT(server_.Send("GET", "/v1/user/info").body,
              HasSubstr(R"("code":20000,"message":"OK","status":true,"data":{"id":)"));
}

TEST_F(Api, ExposesMetricsToThisMachine) {
  EXPECT_EQ(server_.ChatWith("").status, 200);
  server_.WaitForLogs(1);
  const http::Response response = server_.Send("GET", "/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body,
              HasSubstr("millrace_http_requests_total{route=\"chat\",status=\"200\"} 1"));
  EXPECT_THAT(response.body, HasSubstr("millrace_prompt_tokens_total{model=\"M\"} 11"));
}

TEST_F(Api, WritesErrorsAsConfigured_C072_C073) {
  EXPECT_EQ(server_.ChatWith("\"n\":0").body,
            R"({"code":20015,"message":"n: Must be greater than or equal to 1","data":null})");
  ApiOptions options;
  options.error_envelope = ErrorEnvelope::kBoth;
  ApiServer server(options);
  EXPECT_EQ(server.ChatWith("\"n\":0").body,
            R"({"code":20015,"message":"n: Must be greater than or equal to 1","data":null,)"
            R"("error":{"message":"n: Must be greater than or equal to 1",)"
            R"("type":"invalid_request_error","param":"n","code":20015}})");
}

TEST_F(Api, IsReadyUntilItShutsDown) {
  const http::Response ready = server_.Send("GET", "/readyz");
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(ready.body, R"({"status":"ok"})");
  server_.handler().BeginShutdown();
  const http::Response stopping = server_.Send("GET", "/readyz");
  EXPECT_EQ(stopping.status, 503);
  EXPECT_THAT(stopping.body, HasSubstr("\"code\":50505"));
  EXPECT_EQ(HeaderOf(stopping, "retry-after"), "5");
  EXPECT_EQ(server_.Send("POST", "/readyz", "{}").status, 405);
}

TEST_F(Api, RefusesNewChatsWhileShuttingDown_C260) {
  server_.handler().BeginShutdown();
  const http::Response response = server_.ChatWith("");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(HeaderOf(response, "retry-after"), "5");
  EXPECT_EQ(server_.ChatWith("\"n\":0").status, 400);
  EXPECT_EQ(server_.Send("GET", "/healthz").status, 200);
}

}  // namespace
}  // namespace millrace::api
