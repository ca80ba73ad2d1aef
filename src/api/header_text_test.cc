#include "api/header_text.h"

#include <gtest/gtest.h>

#include "api/response_ids.h"
#include "api/routes.h"
#include "base/testing/fake_random.h"

namespace millrace::api {
namespace {

http::RequestHead Head(http::HeaderList headers) {
  http::RequestHead head;
  head.headers = std::move(headers);
  return head;
}

TEST(IsJsonRequest, AcceptsJsonInItsForms_C026) {
  EXPECT_TRUE(IsJsonRequest(Head({})));
  for (const char* type :
       {"application/json", "Application/JSON", "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"", "application/json ; charset=us-ascii; x=y",
        "application/vnd.api+json"}) {
    EXPECT_TRUE(IsJsonRequest(Head({{"Content-Type", type}}))) << type;
  }
}

TEST(IsJsonRequest, RefusesOtherTypesCharsetsAndEncodings_C027_C028) {
  for (const char* type : {"text/plain", "text/json", "application/jsonx", "", "application/x",
                           "application/json; charset=latin1"}) {
    EXPECT_FALSE(IsJsonRequest(Head({{"content-type", type}}))) << type;
  }
  EXPECT_FALSE(IsJsonRequest(Head({{"Content-Encoding", "gzip"}})));
  EXPECT_TRUE(IsJsonRequest(Head({{"Content-Encoding", "identity"}})));
}

TEST(TraceId, IsTheClientsWhenWellFormed_C019_C020) {
  base::FakeRandom random;
  const auto trace = [&](std::string value) {
    const http::RequestHead head = Head({{"X-Trace-Id", std::move(value)}});
    return ChooseTraceId(&head, random);
  };
  EXPECT_EQ(trace("my-trace.1"), "my-trace.1");
  EXPECT_EQ(trace(std::string(128, 'a')), std::string(128, 'a'));
  for (const std::string& bad :
       {std::string("a b"), std::string(129, 'a'), std::string("a\x01"), std::string()}) {
    EXPECT_EQ(trace(bad).size(), 32U) << bad;
    EXPECT_NE(trace(bad), trace(bad));
  }
}

TEST(TraceId, ComesFromTraceparentOtherwise_C021_C022) {
  base::FakeRandom random;
  const std::string id = "4bf92f3577b34da6a3ce929d0e0e4736";
  const auto trace = [&](http::HeaderList headers) {
    const http::RequestHead head = Head(std::move(headers));
    return ChooseTraceId(&head, random);
  };
  const std::string parent = "00-" + id + "-00f067aa0ba902b7-01";
  EXPECT_EQ(trace({{"traceparent", parent}}), id);
  EXPECT_EQ(trace({{"traceparent", parent}, {"x-trace-id", "mine"}}), "mine");
  EXPECT_EQ(trace({{"traceparent", parent}, {"x-trace-id", "not mine"}}), id);
  EXPECT_EQ(trace({{"traceparent", "cc-" + id + "-00f067aa0ba902b7-01-more"}}), id);
  for (const std::string& bad :
       {"00-" + std::string(32, '0') + "-00f067aa0ba902b7-01", "00-" + id + "-00f067aa0ba902b7",
        "00-" + id + "-0000000000000000-01", "ff-" + id + "-00f067aa0ba902b7-01",
        "00-" + id + "-00f067aa0ba902b7-01-more", std::string("junk")}) {
    EXPECT_NE(trace({{"traceparent", bad}}), id) << bad;
    EXPECT_EQ(trace({{"traceparent", bad}}).size(), 32U) << bad;
  }
}

TEST(ResponseId, BeginsWithTheTime_C218) {
  base::FakeRandom random;
  const std::string id = NewResponseId(0x019bdaa55225, random);
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(id.substr(0, 12), "019bdaa55225");
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(id, NewResponseId(0x019bdaa55225, random));
}

TEST(Routes, AreServedWithAndWithoutVersion) {
  EXPECT_EQ(FindRoute("/v1/chat/completions").id, RouteId::kChat);
  EXPECT_EQ(FindRoute("/chat/completions").id, RouteId::kChat);
  EXPECT_EQ(FindRoute("/v1/models/a/b").model, "a/b");
  EXPECT_EQ(FindRoute("/user/info").id, RouteId::kUserInfo);
  for (const char* path : {"/v1/nothing", "/v1", "/", "/v1x/models", "/V1/models", "/v1/healthz"}) {
    EXPECT_EQ(FindRoute(path).id, RouteId::kUnknown) << path;
  }
}

}  // namespace
}  // namespace millrace::api
